package compat

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var (
	update = flag.Bool("update", false, "write the list of differences in docs/SCRIPTS.md")
	show   = flag.Bool("show", false, "run each script five times on Node.js alone, and show what it prints, which must be the same each time")
)

// TestMain lets more scripts run at a time than there are cores: most wait for their server.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	status := m.Run()
	_ = os.RemoveAll(build.dir)
	os.Exit(status)
}

// TestScriptsPrintTheSameAsOnNode runs each script with MQTT.js on Node.js and with dunlin run.
func TestScriptsPrintTheSameAsOnNode(t *testing.T) {
	t.Parallel()
	s := startServers(t)
	names := scripts(t, "testdata/*.js")
	if len(names) < 120 && !*show {
		t.Errorf("%d scripts, at least 120 are due", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", name+".js")
			compareFile(t, s, name, file)
		})
	}
}

// tries is how often a script runs before it counts as a difference: on a busy machine Node.js, too, prints now
// this, now that.
const tries = 3

// compareFile runs a script on both sides. With -show it runs on Node.js alone, time and again.
func compareFile(t *testing.T, s *servers, name, file string) {
	t.Helper()
	if *show {
		first := run(t, s, node, file)
		for range 4 {
			if again := run(t, s, node, file); again != first {
				t.Errorf("prints now this, now that:\n%s\n%s", first, again)
			}
		}
		t.Logf("%s", first)
		return
	}
	var want, got string
	for range tries {
		want, got = run(t, s, node, file), run(t, s, dunlin(t), file)
		if (want != got) == differences[name] {
			return
		}
	}
	compare(t, name, want, got)
}

// compare holds what two runs printed against each other and the list of differences.
func compare(t *testing.T, name, want, got string) {
	t.Helper()
	listed := differences[name]
	switch {
	case want == got && listed:
		t.Errorf("prints the same on both: take it off the list of differences:\n%s", got)
	case want != got && !listed:
		t.Errorf("MQTT.js on Node.js:\n%s\ndunlin run:\n%s", want, got)
	}
}
