package generators

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/bench/report"
	"dunlin/bench/server"
)

// TestMain lets the test program be the server and the feeder, as the real one is.
func TestMain(m *testing.M) {
	var err error
	switch {
	case slices.Equal(os.Args[1:], []string{"serve"}):
		err = server.Serve(os.Stdin, os.Stdout)
	case len(os.Args) == 4 && os.Args[1] == "feed":
		err = Feed(context.Background(), os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		os.Exit(1)
	}
}

// TestServersCountWhatGeneratorsDo has the generators that need nothing but Go load both servers.
func TestServersCountWhatGeneratorsDo(t *testing.T) {
	out, err := filepath.Abs(filepath.Join(os.TempDir(), "dunlin-bench"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	all, err := native(t.Context(), source, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each process takes a second to end
	p := &Plan{Program: os.Args[0], Seconds: 0.01}
	dunlin, paho := &all[0], &all[1]
	for _, trial := range []trial{
		{report.TargetMosquitto, &Works[2], dunlin},
		{report.TargetMosquitto, &Works[3], paho},
		{report.TargetOwn, &Works[0], paho},
		{report.TargetOwn, &Works[3], dunlin},
	} {
		s, err := p.once(t.Context(), t.TempDir(), &trial)
		if err != nil || s.Messages <= 0 || s.Seconds <= 0 || s.Peak <= 0 {
			t.Errorf("%s, %s at %s: %+v, %v", trial.generator.Name, trial.work.Name, trial.target, s, err)
		}
	}
}

// TestGeneratorThatEndsIsAFault has one end by itself, with a word on why.
func TestGeneratorThatEndsIsAFault(t *testing.T) {
	g := &Generator{commands: one(func(*task) []string { return []string{"sh", "-c", "echo no such broker >&2; exit 3"} })}
	p := &Plan{Program: os.Args[0], Seconds: 0.01, Warm: time.Hour}
	_, err := p.once(t.Context(), t.TempDir(), &trial{report.TargetOwn, &Works[0], g})
	if err == nil || !strings.Contains(err.Error(), "sh ended early: exit status 3 no such broker") {
		t.Errorf("got %v", err)
	}
}
