package builtins_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/jsre"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // texts of dates depend on it
	goleak.VerifyTestMain(m)
}

// TestAsNode runs the scripts of testdata and compares what they print with what Node.js printed:
// version 20.20.2, and 24 by its documentation for what it has since. A script is named after what
// it shows; NAME.want is what has to be printed.
func TestAsNode(t *testing.T) {
	files, err := filepath.Glob("testdata/*.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".js")
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".js") + ".want")
			if err != nil {
				t.Fatal(err)
			}
			compareLines(t, runFile(t, file), string(want))
		})
	}
}

func runFile(t *testing.T, file string) string {
	t.Helper()
	var out bytes.Buffer
	rt, err := jsre.New(jsre.Options{Stdout: &out, Stderr: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := rt.RunFile(ctx, file); err != nil {
		t.Errorf("ended with %v", err)
	}
	return out.String()
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		var g, w string
		if i < len(a) {
			g = a[i]
		}
		if i < len(b) {
			w = b[i]
		}
		if g != w {
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, g, w)
		}
	}
}

// cancelWriter cancels when the script prints.
type cancelWriter struct{ cancel context.CancelFunc }

func (w cancelWriter) Write(b []byte) (int, error) {
	w.cancel()
	return len(b), nil
}

// TestMatchIsStopped shows that a match that would take centuries ends as soon as the script is stopped.
func TestMatchIsStopped(t *testing.T) {
	for _, src := range []string{
		`/^(a+)+$/.test('a'.repeat(60) + 'b')`,
		`/(?=(a|a)*b)a/.test('a'.repeat(60))`,
		`('a'.repeat(60) + 'b').replace(/(?:(?:a|aa)+)+$/g, '')`,
		`('a'.repeat(60) + 'b').split(/(?:a*)*c/u)`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		rt, err := jsre.New(jsre.Options{Stdout: cancelWriter{cancel}})
		if err != nil {
			t.Fatal(err)
		}
		err = rt.RunString(ctx, "t.js", "console.log(1); "+src)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: ended with %v", src, err)
		}
		cancel()
		_ = rt.Close()
	}
}
