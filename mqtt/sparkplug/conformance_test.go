package sparkplug_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/SPARKPLUG.md anew")

const conformancePage = "../../docs/SPARKPLUG.md"

// assertion is a row of testdata/assertions.tsv.
type assertion struct {
	name, binds, what, why string
}

// root is the assertion that says what a does, which may be a itself.
func (a *assertion) root() string {
	if other, ok := strings.CutPrefix(a.what, "= "); ok {
		return other
	}
	return a.name
}

// shown says where assertions are named: in tests, in the table of the checker's test, and in code.
type shown struct {
	tests, code map[string][]string
	checked     map[string]bool
}

// TestSparkplugPage builds the page that says which test shows what, compares it with the one that is committed, and fails when an
// assertion that binds an edge node or a host has no test and no reason.
// `go test ./mqtt/sparkplug -run TestSparkplugPage -update` writes the page.
func TestSparkplugPage(t *testing.T) {
	all, where := readAssertions(t), readShown(t)
	known := make(map[string]*assertion)
	for i := range all {
		known[all[i].name] = &all[i]
	}
	for i := range all {
		a := &all[i]
		root := known[a.root()]
		switch {
		case root == nil || root.root() != root.name:
			t.Errorf("%s is like %s, which does not exist or is like another one", a.name, a.root())
		case root != a || a.binds == "server":
		case len(where.tests[a.name]) == 0 && !where.checked[a.name] && a.why == "":
			t.Errorf("%s (%s) has no test and no reason", a.name, a.what)
		case (len(where.tests[a.name]) > 0 || where.checked[a.name]) && a.why != "":
			t.Errorf("%s has a reason to have no test, and one", a.name)
		}
	}
	for _, index := range []map[string][]string{where.tests, where.code} {
		for name, places := range index {
			if known[name] == nil {
				t.Errorf("%s names tck-id-%s, which does not exist", places[0], name)
			}
		}
	}
	page := sparkplugPage(all, where)
	if *update {
		must(t, os.WriteFile(conformancePage, page, 0o644))
	}
	old, err := os.ReadFile(conformancePage)
	must(t, err)
	if !bytes.Equal(old, page) {
		t.Errorf("%s is out of date: run go test ./mqtt/sparkplug -run TestSparkplugPage -update", conformancePage)
	}
}

func readAssertions(t *testing.T) (all []assertion) {
	t.Helper()
	text, err := os.ReadFile("testdata/assertions.tsv")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "#") {
			continue
		}
		cells := append(strings.Split(line, "\t"), "")
		if len(cells) < 4 || len(cells) > 5 {
			t.Fatalf("testdata/assertions.tsv: %q has %d columns", line, len(cells)-1)
		}
		all = append(all, assertion{cells[0], cells[1], cells[2], cells[3]})
	}
	return all
}

var (
	tag       = regexp.MustCompile(`\[tck-id-([A-Za-z0-9-]+)\]`)
	testStart = regexp.MustCompile(`^func ((?:Test|Fuzz|Example)\w*)\(`)
	quoted    = regexp.MustCompile(`"([a-zA-Z0-9-]+(?: [a-zA-Z0-9-]+)*)"`)
)

func readShown(t *testing.T) *shown {
	t.Helper()
	s := &shown{tests: make(map[string][]string), code: make(map[string][]string), checked: make(map[string]bool)}
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if !strings.HasSuffix(file, "_test.go") {
			for _, m := range tag.FindAllStringSubmatch(string(text), -1) {
				s.code[m[1]] = append(s.code[m[1]], file)
			}
			continue
		}
		s.readTests(string(text))
		if file == "checker_test.go" {
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				for word := range strings.FieldsSeq(m[1]) {
					s.checked[word] = true
				}
			}
		}
	}
	return s
}

// readTests notes what the comment above each test names.
func (s *shown) readTests(text string) {
	var above []string
	for line := range strings.Lines(text) {
		for _, m := range tag.FindAllStringSubmatch(line, -1) {
			above = append(above, m[1])
		}
		if m := testStart.FindStringSubmatch(line); m != nil {
			for _, name := range above {
				s.tests[name] = append(s.tests[name], m[1])
			}
		}
		if !strings.HasPrefix(line, "//") {
			above = nil
		}
	}
}

func sparkplugPage(all []assertion, where *shown) []byte {
	var b bytes.Buffer
	b.WriteString(`# Sparkplug B

The package ` + "`dunlin/mqtt/sparkplug`" + ` has an edge node, a host application and a checker; ` + "`dunlin sub --decode sparkplug`" + ` shows payloads
(see [PAYLOADS.md](PAYLOADS.md)). This page says which tests show that they keep the numbered assertions of the Eclipse Sparkplug specification
3.0.0. What each says is in our words; the number is "tck-id-" and the name.

- **test**: a test of the package names it. Most run an edge node or host against a real Mosquitto with MQTT 3.1.1 and 5, and have a Checker
  look at all that is said: it fails the test at any break.
- **checker**: the Checker has the rule, and a test shows that it finds a break of it.
- Assertions that say the same are in one row.

An assertion of a server is for servers; one of a user is for whoever chooses names and metrics.

This page is built by a test, which fails when it is out of date or when an assertion that is due has no test:

    go test ./mqtt/sparkplug -run TestSparkplugPage -update

`)
	writeCounts(&b, all, where)
	alike := make(map[string][]string)
	for i := range all {
		if root := all[i].root(); root != all[i].name {
			alike[root] = append(alike[root], all[i].name)
		}
	}
	for _, binds := range []struct{ who, title string }{
		{"node", "Edge nodes"}, {"host", "Host applications"}, {"both", "Both"}, {"user", "Users"}, {"server", "Servers"},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| assertion | what it says | shown by |\n| --- | --- | --- |\n", binds.title)
		for i := range all {
			if a := &all[i]; a.binds == binds.who && a.root() == a.name {
				names := strings.Join(append([]string{a.name}, alike[a.name]...), ", ")
				fmt.Fprintf(&b, "| %s | %s | %s |\n", names, a.what, where.by(a))
			}
		}
	}
	return b.Bytes()
}

// by says what shows an assertion.
func (s *shown) by(a *assertion) string {
	if a.why != "" {
		return "no test: " + a.why
	}
	if a.binds == "server" {
		return "the server's"
	}
	tests := slices.Compact(slices.Sorted(slices.Values(s.tests[a.name])))
	if s.checked[a.name] {
		tests = append(tests, "checker")
	}
	return strings.Join(tests, ", ")
}

// writeCounts writes how many assertions are shown in which way.
func writeCounts(b *bytes.Buffer, all []assertion, where *shown) {
	roots := make(map[string]*assertion)
	for i := range all {
		roots[all[i].name] = &all[i]
	}
	count := make(map[string]int)
	for i := range all {
		a := roots[all[i].root()]
		tested, checked := len(where.tests[a.name]) > 0, where.checked[a.name]
		switch {
		case a.binds == "server":
			count["the server's"]++
		case a.why != "":
			count["explained"]++
		case tested && checked:
			count["test and checker"]++
		case tested:
			count["test"]++
		default:
			count["checker"]++
		}
	}
	fmt.Fprintf(b, "| %d assertions | |\n| --- | --- |\n", len(all))
	for _, way := range slices.SortedFunc(maps.Keys(count), func(x, y string) int { return cmp.Or(count[y]-count[x], cmp.Compare(x, y)) }) {
		fmt.Fprintf(b, "| %s | %d |\n", way, count[way])
	}
}
