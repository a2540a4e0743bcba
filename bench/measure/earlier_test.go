package measure

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/bench/work"
)

// repository is a checkout with a library and a bench in it.
type repository struct {
	t   *testing.T
	top string
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	args = append([]string{"-C", r.top, "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"}, args...)
	out, err := exec.Command("git", args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// write has the library say text by a function of that name, which the driver calls.
func (r repository) write(function, text string) {
	r.t.Helper()
	for name, content := range map[string]string{
		"go.mod":                     "module dunlin\n\ngo 1.26\n",
		"mqtt/mqtt.go":               "package mqtt\n\nfunc " + function + "() string { return \"" + text + "\" }\n",
		"bench/go.mod":               "module dunlin/bench\n\ngo 1.26\n\nreplace dunlin => ../\n\nrequire dunlin v0.0.0-00010101000000-000000000000\n",
		"bench/drivers/ours/main.go": "package main\n\nimport \"dunlin/mqtt\"\n\nfunc main() { print(mqtt." + function + "()) }\n",
	} {
		file := filepath.Join(r.top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestEarlierBuildHasItsOwnLibrary has the library rename what the driver calls after
// the commit, and does not commit that: both builds work, and nothing is touched.
func TestEarlierBuildHasItsOwnLibrary(t *testing.T) {
	r := repository{t, t.TempDir()}
	r.git("init", "--quiet")
	r.write("Old", "then")
	r.git("add", ".")
	r.git("commit", "--quiet", "-m", "first")
	commit := r.git("rev-parse", "HEAD")[:7]
	r.write("New", "now")
	before := r.git("status", "--porcelain")

	clients, err := work.SelectClients([]string{work.Ours + "@" + commit, work.Ours, work.Ours + "@HEAD"})
	if err != nil {
		t.Fatal(err)
	}
	b := Builder{Source: filepath.Join(r.top, "bench"), Out: t.TempDir(), Log: t.Logf}
	drivers, err := b.Build(t.Context(), clients)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"now", "then", "then"} {
		out, err := exec.Command(drivers[i].command[0]).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%s says %q, want %q (%v)", drivers[i].Title, out, want, err)
		}
	}
	if v := drivers[1].Version + drivers[2].Version; !strings.HasPrefix(v, commit) {
		t.Errorf("the version is %q, want that of HEAD alone, %s", v, commit)
	}
	if after := r.git("status", "--porcelain"); after != before {
		t.Errorf("git status before:\n%s\nafter:\n%s", before, after)
	}
}

func TestNoSuchCommit(t *testing.T) {
	r := repository{t, t.TempDir()}
	r.git("init", "--quiet")
	r.write("Any", "any")
	b := Builder{Source: filepath.Join(r.top, "bench"), Out: t.TempDir(), Log: t.Logf}
	d := Driver{Client: work.Client{Name: "dunlin@nowhere", Commit: "nowhere"}}
	if err := b.earlier(context.Background(), &d); err == nil || !strings.Contains(err.Error(), "no commit \"nowhere\"") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestTurnsAreTheOtherWayRoundInEachSecondRound(t *testing.T) {
	clients := []work.Client{{Name: "a", Table: []string{work.Speed}}, {Name: "b", Table: []string{work.Speed}}}
	p := Plan{Works: work.All()[:2], Drivers: []Driver{{Client: clients[0]}, {Client: clients[1]}}}
	entries := p.entries()
	for round, want := range []string{"", "pub0 a, pub0 b, pub1 a, pub1 b", "pub0 b, pub0 a, pub1 b, pub1 a", "pub0 a, pub0 b, pub1 a, pub1 b"} {
		if round == 0 {
			continue
		}
		var got []string
		for _, e := range turned(entries, round) {
			got = append(got, e.work.Name+" "+e.driver.Name)
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("round %d: %s, want %s", round, s, want)
		}
	}
}
