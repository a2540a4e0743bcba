package jsre_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// TestLanguage runs the scripts of testdata/language, which end in comments that say what they
// print on Node.js 20.20.2.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob("testdata/language/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".js"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := runFile(t, file)
			if err != nil {
				t.Errorf("ended with %v", err)
			}
			compareLines(t, got, expected(string(text)))
		})
	}
}

// expected gives the lines behind "// prints:".
func expected(text string) string {
	var out strings.Builder
	_, comments, _ := strings.Cut(text, "\n// prints:\n")
	for line := range strings.Lines(comments) {
		line = strings.TrimPrefix(line, "//")
		out.WriteString(strings.TrimPrefix(line, " "))
	}
	return out.String()
}

// compareLines shows the lines that differ.
func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("line %d: got %q, want %q", i+1, a, b)
		}
	}
}

// TestAppendingIsLinear counts the memory that putting a text together takes: copied for each piece, it would be
// 5 GB.
func TestAppendingIsLinear(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, _, err := run(t, `let s = '', u = 'ä'; for (let i = 0; i < 100000; i++) { s += 'x'; u = u + 'y'; } print(s.length, u.length);`)
	runtime.ReadMemStats(&after)
	if err != nil || got != "100000 100001\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("took %d MB of memory", used>>20)
	}
}

// runFile runs a script by its name, which its stacks show, and gives what it printed.
func runFile(t *testing.T, path string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	rt, err := jsre.New(jsre.Options{Stdout: &out, Stderr: &out, Dir: filepath.Dir(path), Modules: []engine.Module{testModule(&out, nil)}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err = rt.RunFile(ctx, filepath.Base(path))
	return out.String(), err
}
