package dial_test

import (
	"os"
	"strings"
	"testing"
)

// flat returns the lines without what indents them.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// TestDocumentShowsTheExamples: what is printed there runs here.
func TestDocumentShowsTheExamples(t *testing.T) {
	var examples string
	for _, name := range []string{"example_test.go", "example_clouds_test.go", "ws/example_test.go", "proxy/example_test.go"} {
		text, err := os.ReadFile(name)
		must(t, err)
		examples += flat(string(text))
	}
	for name, least := range map[string]int{"CONNECTING": 4, "CLOUDS": 4} {
		document, err := os.ReadFile("../../docs/" + name + ".md")
		must(t, err)
		blocks := strings.Split(string(document), "```go\n")[1:]
		for _, block := range blocks {
			code, _, _ := strings.Cut(block, "```")
			if !strings.Contains(examples, flat(code)) && !strings.HasPrefix(code, "import _ ") {
				t.Errorf("%s: no example has\n%s", name, code)
			}
		}
		if len(blocks) < least {
			t.Errorf("%s: found %d blocks", name, len(blocks))
		}
	}
}
