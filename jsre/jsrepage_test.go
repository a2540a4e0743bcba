package jsre_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dunlin/jsre/module/unserved"
)

// pageMember is a member of a module as docs/JSRE.md lists it.
type pageMember struct{ module, path, status string }

// readPage reads the tables of docs/JSRE.md.
func readPage(t *testing.T) []pageMember {
	t.Helper()
	text, err := os.ReadFile("../docs/JSRE.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	module := ""
	var out []pageMember
	for i, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			module = name
		}
		if module == "not served" {
			continue
		}
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| ") || cells[1] == " member " || cells[1] == " --- " {
			continue
		}
		if len(cells) != 5 {
			t.Errorf("line %d: %d cells, a row has member, status and note", i+1, len(cells)-2)
			continue
		}
		status := strings.TrimSpace(cells[2])
		if status != "served" && status != "differs" && status != "not served" {
			t.Errorf("line %d: status %q", i+1, status)
		}
		if note := strings.TrimSpace(cells[3]); note == "" && status != "served" {
			t.Errorf("line %d: a member that %s needs a note", i+1, status)
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			out = append(out, pageMember{module, m[1], status})
		}
	}
	return out
}

// pageScript prints the members that are missing, or there although the page says that they are not.
func pageScript(list []pageMember) string {
	var b strings.Builder
	b.WriteString("function look(module, path, there) {\n" +
		"  let o = module === 'globals' ? globalThis : require(module), found = true;\n" +
		"  for (const k of path.split('.')) {\n" +
		"    if (o === undefined || o === null || !(k in Object(o))) { found = false; break; }\n" +
		"    const d = Object.getOwnPropertyDescriptor(o, k); o = d && d.get && path.includes('prototype') ? null : o[k];\n" +
		"  }\n" +
		"  if (found !== there) print(module + ': ' + path + (there ? ' is missing' : ' is there'));\n}\n")
	for _, m := range list {
		if m.status == "not served" && strings.ContainsAny(m.path, "*") {
			continue
		}
		fmt.Fprintf(&b, "try { look(%q, %q, %v); } catch (e) { if (%v) print(%q + e); }\n", m.module, m.path, m.status != "not served", m.status != "not served", m.module+": "+m.path+": ")
	}
	return b.String()
}

// TestPageTellsTheTruth finds each member of docs/JSRE.md in the runtime, and none that is not served.
func TestPageTellsTheTruth(t *testing.T) {
	stdout, stderr, err := run(t, pageScript(readPage(t)))
	if stdout != "" || stderr != "" || err != nil {
		t.Errorf("%s%s%v", stdout, stderr, err)
	}
}

// whole are the modules whose sections of the page must list every member.
var whole = []string{"assert", "async/timer", "console", "dns", "events", "iosched", "process", "sys", "task", "timers", "util"}

// TestPageLeavesNothingOut checks that what a module exports is listed.
func TestPageLeavesNothingOut(t *testing.T) {
	listed := map[string]bool{}
	for _, m := range readPage(t) {
		listed[m.module+" "+strings.TrimPrefix(m.path, "prototype.")] = true
		first, _, _ := strings.Cut(m.path, ".")
		listed[m.module+" "+first] = true
	}
	for _, module := range whole {
		stdout, stderr, err := run(t, fmt.Sprintf("for (const k of Object.keys(require(%q))) print(k);", module))
		if err != nil {
			t.Fatal(stderr, err)
		}
		for name := range strings.FieldsSeq(stdout) {
			if !listed[module+" "+name] {
				t.Errorf("%s: %s is not listed", module, name)
			}
		}
	}
}

// TestPageMembersHaveTests looks for the name of each member in the tests of the script runtime.
func TestPageMembersHaveTests(t *testing.T) {
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", "*/*_test.go", "*/*/*_test.go", "testdata/*.js", "testdata/node/*", "*/testdata/*.js", "*/*/testdata/*.js"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(text)
		}
	}
	text := tests.String()
	for _, m := range readPage(t) {
		name := m.path[strings.LastIndexByte(m.path, '.')+1:]
		if m.status != "not served" && !regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(text) {
			t.Errorf("%s: no test names %s", m.module, m.path)
		}
	}
}

// TestUnservedModules checks that requiring a module that is not there says why, and that the page lists
// exactly those.
func TestUnservedModules(t *testing.T) {
	text, err := os.ReadFile("../docs/JSRE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## not served")
	var listed []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if want := unserved.Names(); !slices.Equal(listed, want) {
		t.Errorf("listed:\n%v\nnot there:\n%v", listed, want)
	}
	for _, name := range unserved.Names() {
		stdout, _, _ := run(t, fmt.Sprintf("try { require('edgeros:' + %q); } catch (e) { print(e.code, e.message.includes('is not served')); }", name))
		if stdout != "MODULE_NOT_FOUND true\n" {
			t.Errorf("%s: %q", name, stdout)
		}
	}
}
