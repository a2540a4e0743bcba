package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFaultsOfOneSystemAreFound: in a package, in its tests, and in numbers that are too large for it.
func TestFaultsOfOneSystemAreFound(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":          "module example.test/m\n\ngo 1.26.0\n",
		"m.go":            "package m\n\nimport \"example.test/m/size\"\n\nvar _ = size.Most\n\nfunc f() int { return g() }\n",
		"g_linux.go":      "package m\n\nfunc g() int { return f() }\n",
		"m_test.go":       "package m\n\nimport \"testing\"\n\nfunc TestF(*testing.T) { h() }\n",
		"h_linux_test.go": "package m\n\nfunc h() {}\n",
		"size/size.go":    "package size\n\n// Most has 33 bits.\nconst Most = 1 << 32\n\n// Is is so.\nfunc Is(n int) bool { return n == Most }\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	err := run(&out, root, []string{"linux/amd64", "linux/arm", "windows/amd64"})
	got := strings.ReplaceAll(out.String(), root+string(filepath.Separator), "")
	const want = "linux/amd64: 0 faults\n" +
		"linux/arm: 2 faults\n" +
		"linux/arm: size/size.go:7:35: Most (untyped int constant 4294967296) overflows int\n" +
		"linux/arm: m.go:5:9: cannot use size.Most (untyped int constant 4294967296) as int value in variable declaration (overflows)\n" +
		"windows/amd64: 2 faults\n" +
		"windows/amd64: m.go:7:23: undefined: g\n" +
		"windows/amd64: m_test.go:5:26: undefined: h\n"
	if got != want || err == nil || err.Error() != "4 faults" {
		t.Errorf("%v:\n%s\nwant:\n%s", err, got, want)
	}
	for _, bad := range [][]string{nil, {"linux"}, {"linux/"}, {"/arm"}} {
		if err := run(&out, root, bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := run(&out, t.TempDir(), []string{"linux/amd64"}); err == nil {
		t.Error("a folder without packages is taken")
	}
}
