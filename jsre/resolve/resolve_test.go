package resolve

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzPackage has package.json files of any form neither end the process nor lead out of their package.
func FuzzPackage(f *testing.F) {
	for _, seed := range []string{
		`{"exports": "./a.js"}`, `{"exports": {".": {"import": "./a.js", "default": null}, "./*": "./*.js"}}`, `{"exports": ["../x", "./a.js"]}`,
		`{"exports": {"./*/b": "./../*"}}`, `{"main": "../../x"}`, `{"main": 5, "exports": 5}`, `{"imports": {"#a": "./a.js", "#b/*": "p/*"}}`, `{"exports": {"": {"": {}}}}`,
	} {
		f.Add(seed, "p/a")
		f.Add(seed, "#a")
	}
	f.Fuzz(func(t *testing.T, text, id string) {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		root := filepath.Join(dir, "node_modules", "p")
		for name, content := range map[string]string{"package.json": text, "a.js": "", "lib/a.js": ""} {
			path := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var r Resolver
		for _, from := range []string{dir, root} {
			for _, id := range []string{id, "p", "p/" + id} {
				path, err := r.Find(id, from, Import)
				if err != nil {
					continue
				}
				if st, err := os.Stat(path); err != nil || st.IsDir() {
					t.Errorf("%q leads to %q, which is no file", id, path)
				}
			}
		}
	})
}

func TestANestOfConditionsIsRefused(t *testing.T) {
	dir := t.TempDir()
	deep := strings.Repeat(`{"default":`, 5000) + `"./a.js"` + strings.Repeat("}", 5000)
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name":"p","exports":`+deep+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var r Resolver
	_, err := r.Find("p", dir, Import)
	var broken *PackageError
	if !errors.As(err, &broken) {
		t.Errorf("got %v", err)
	}
}
