package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

func TestDistIsWhatTheSourcesMake(t *testing.T) {
	t.Chdir("..")
	files, err := build("src")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		kept, err := os.ReadFile(filepath.Join("dist", name))
		if err != nil || !bytes.Equal(kept, content) {
			t.Errorf("dist/%s is not what the sources make (%v); run go generate ./internal/ui/page", name, err)
		}
	}
	entries, err := os.ReadDir("dist")
	if err != nil || len(entries) != len(files) {
		t.Errorf("dist has %d files, and the sources make %d (%v)", len(entries), len(files), err)
	}
}

func TestBuildSaysWhereASourceIsWrong(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"index.html": "", "page.css": "", "page.ts": "const = 1;\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := build(folder)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("page.ts:1")) {
		t.Errorf("got %v, expected file and line", err)
	}
}

// TestUnits runs the tests of what needs no browser, on Node.js.
func TestUnits(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "units.cjs")
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"testdata/units.ts"}, Outfile: program, Bundle: true, Write: true, Platform: api.PlatformNode, Format: api.FormatCommonJS,
	})
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	if out, err := exec.Command("node", "--test-reporter=tap", program).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
