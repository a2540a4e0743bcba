package page_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dunlin/internal/ui/page"
)

// served are the files that a browser gets.
var served = []string{"index.html", "page.js", "page.css", "uplot.js", "uplot.css"}

func TestPageIsBelow300KB(t *testing.T) {
	total := 0
	for _, name := range served {
		content, err := fs.ReadFile(page.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(content)
	}
	if total >= 300_000 {
		t.Errorf("the page has %d bytes, and is to stay below 300,000", total)
	}
}

func TestPageNamesOnlyItsOwnFiles(t *testing.T) {
	html, err := fs.ReadFile(page.Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(html, -1) {
		if string(m[1]) == "data:," { // no icon
			continue
		}
		named++
		if _, err := fs.Stat(page.Files(), string(m[1])); err != nil {
			t.Errorf("index.html names a file that is not served: %v", err)
		}
	}
	if named != len(served)-1 {
		t.Errorf("index.html names %d files, expected %d", named, len(served)-1)
	}
	for _, rule := range []string{`(?i)<script(?:[^>]*)>[^<]`, `(?i)<style`, `(?i)\sstyle=`, `(?i)\son\w+=`} {
		if found := regexp.MustCompile(rule).Find(html); found != nil {
			t.Errorf("index.html has %q: the policy of the server lets no code and no style stand in the page", found)
		}
	}
}

func TestFilesOutsideAreNotServed(t *testing.T) {
	for _, name := range []string{"/index.html", "../page.go", "../src/page.ts", "dist/index.html", "page.js/", "..\\page.go"} {
		if f, err := page.Files().Open(name); err == nil {
			t.Errorf("%q is served", name)
			_ = f.Close()
		}
	}
}

// TestSourcesMakeNoMarkupOfData holds the page to text nodes: there is no place where a text could become markup, code, or the
// address of something.
func TestSourcesMakeNoMarkupOfData(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\(|new Function|cssText|setAttribute\('style|\bhref\b|import\(|\bfetch\(|XMLHttpRequest|sendBeacon|EventSource`)
	files, err := filepath.Glob("src/*.ts")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d sources, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := forbidden.FindString(line); found != "" && !strings.HasPrefix(strings.TrimSpace(line), "//") {
				t.Errorf("%s:%d has %s", file, i+1, found)
			}
		}
		if n := strings.Count(string(text), "\n"); n > 400 && filepath.Base(file) != "protocol.ts" {
			t.Errorf("%s has %d lines, expected at most 400", file, n)
		}
	}
}

// TestSourcesHaveNoErrorsOfType runs TypeScript's compiler, which ci/install-test-tools installs for jsre/types.
func TestSourcesHaveNoErrorsOfType(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("node", "../../../jsre/types/compile/node_modules/typescript/bin/tsc", "-p", ".", "--pretty", "false")
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Error(fmt.Sprint(err), "\n"+string(out))
	}
}
