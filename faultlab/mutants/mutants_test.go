package mutants

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMutantsFit fails when a mutant no longer fits the code it breaks, or the tests that
// are to notice have another name.
func TestMutantsFit(t *testing.T) {
	root, err := findTree("")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOfMQTT(t, root)
	names := map[string]bool{}
	for _, m := range all {
		if names[m.name] || m.rule == "" || len(m.edits) == 0 {
			t.Errorf("%s is there twice, or says nothing", m.name)
		}
		names[m.name] = true
		if _, ok := checks[m.check]; ok == (m.tests != "") {
			t.Errorf("%s: there is no check %q", m.name, m.check)
		}
		for one := range strings.SplitSeq(m.tests, "|") {
			if !slices.ContainsFunc(tests, regexp.MustCompile(one).MatchString) {
				t.Errorf("%s: package mqtt has no test %s", m.name, one)
			}
		}
		for _, e := range m.edits {
			b, err := os.ReadFile(filepath.Join(root, e.file))
			if n := strings.Count(string(b), e.old); err != nil || n != 1 {
				t.Errorf("%s: %q is %d times in %s (%v)", m.name, e.old, n, e.file, err)
			}
		}
	}
}

// testsOfMQTT returns the names of the tests of package mqtt.
func testsOfMQTT(t *testing.T, root string) (names []string) {
	files, err := filepath.Glob(filepath.Join(root, "mqtt", "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of package mqtt: %v", err)
	}
	function := regexp.MustCompile(`(?m)^func (Test\w+)`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range function.FindAllSubmatch(b, -1) {
			names = append(names, string(found[1]))
		}
	}
	return names
}

// tree writes a module of two files and returns its root.
func tree(t *testing.T) string {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module dunlin\n\ngo 1.26\n",
		"one/a.go":      "package one\n\nfunc One() int { return 1 }\n\nfunc Two() int { return 2 }\n",
		"one/a_test.go": "package one\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) {\n\tif One() != 1 {\n\t\tt.Error()\n\t}\n}\n",
		"interop/x":     "not copied",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCatches(t *testing.T) {
	root := tree(t)
	if found, err := findTree(filepath.Join(root, "one")); err != nil || found != root {
		t.Fatalf("found %s, %v", found, err)
	}
	l, err := newLaboratory(root)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(l.root)
	l.checks = map[string]check{
		"good": {".", []string{"go", "test", "./one"}},
		"bad":  {".", []string{"go", "test", "./none"}},
	}
	for _, c := range []struct{ old, new, check, want string }{
		{"return 1", "return 3", "good", ""},
		{"return 2", "return 3", "good", "not caught"},
		{"return 2", "return nothing", "good", "does not compile"},
		{"return 4", "return 3", "good", "no longer fits"},
		{"return", "return", "good", "no longer fits"},
		{"return 1", "return 3", "bad", "fails without it"},
		{"return 1", "return 3", "none", "no check"},
	} {
		err := l.try(context.Background(), mutant{name: "m", rule: "r", check: c.check, edits: []edit{{"one/a.go", c.old, c.new}}})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q to %q: %v, want %q", c.old, c.new, err, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(l.root, "interop")); err == nil {
		t.Error("interop was copied")
	}
}

func TestChoose(t *testing.T) {
	from := []mutant{{name: "a", quick: true}, {name: "b"}, {name: "ab", quick: true}, {name: "c", quick: true}}
	if got := choose(from, "", 0, 1); len(got) != 4 {
		t.Errorf("%v", got)
	}
	if got := choose(from, "a", 0, 1); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if got := choose(from, "", 2, 1); len(got) != 2 || !got[0].quick || !got[1].quick {
		t.Errorf("%v", got)
	}
}
