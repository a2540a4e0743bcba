package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goreleaser/nfpm/v2"
)

// TestVersionOfACheckout shows that each version is one of a deb and an rpm, too.
func TestVersionOfACheckout(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "0")
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "x")
	for _, step := range []struct {
		do, version, packaged string
	}{
		{"", `0\.0\.0-19700101000000\.g[0-9a-f]{12}`, `0\.0\.0~19700101000000\.g[0-9a-f]{12}`},
		{"tag", `1\.2\.3`, `1\.2\.3`},
		{"change", `1\.2\.3\+changed`, `1\.2\.3\+changed`},
	} {
		switch step.do {
		case "tag":
			git("tag", "v1.2.3")
		case "change":
			if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := &release{root: root}
		if err := r.askGit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := debVersion(r.info("dunlin", "")); !matches(step.version, r.version) || !matches(step.packaged, got) {
			t.Errorf("%q: version %s, of the deb %s", step.do, r.version, got)
		}
	}
	digits := "0.0.0-19700101000000.g" + strings.Repeat("0", 12)
	if got := debVersion(nfpm.Info{Version: "v" + digits}); strings.HasPrefix(got, "v") {
		t.Errorf("a hash of digits: %s", got)
	}
}

func matches(pattern, text string) bool {
	return regexp.MustCompile("^(" + pattern + ")$").MatchString(text)
}
