package cli_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/broker"
	"dunlin/internal/environ"
)

// snippet returns the README's block of that name.
func snippet(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- snippet: "+name+" -->\n```")
	_, code, found := strings.Cut(rest, "\n")
	code, _, ended := strings.Cut(code, "```")
	if !ok || !found || !ended {
		t.Fatalf("the README has no snippet %q", name)
	}
	return code
}

func TestReadmeScript(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "run", "--broker", writeScript(t, snippet(t, "script")))
	c.stdout.waitFor(t, "home/light on\n")
	c.stop(environ.Interrupt{Signal: 2})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
}

func TestReadmeLibrary(t *testing.T) {
	t.Parallel()
	b, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	code := strings.Replace(snippet(t, "library"), "localhost:1883", b.Addr(), 1)
	program := "// Package main is the README's.\npackage main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\t\"dunlin/mqtt\"\n)\n\n" +
		"func main() { fmt.Println(run(context.Background())) }\n\nfunc run(ctx context.Context) error {\n" + code + "}\n"
	// An overlay lets the toolchain see the program inside the module.
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	inside, err := filepath.Abs("testdata/readme/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		source:  program,
		overlay: fmt.Sprintf(`{"Replace": {%q: %q}}`, inside, source),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	readme := filepath.Join(dir, "readme")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", readme, "./testdata/readme").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(readme).CombinedOutput()
	if want := "home/light: on\n<nil>\n"; err != nil || string(out) != want {
		t.Errorf("%v, printed %q, want %q", err, out, want)
	}
}
