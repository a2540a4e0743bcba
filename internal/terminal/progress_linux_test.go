package terminal_test

import (
	"testing"
	"time"

	"github.com/creack/pty"

	"dunlin/internal/terminal"
)

func TestProgressKeepsToTheWidthOfTheTerminal(t *testing.T) {
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	if err := pty.Setsize(theirs, &pty.Winsize{Cols: 20, Rows: 5}); err != nil {
		t.Fatal(err)
	}
	terminal.NewProgress(theirs, terminal.ProgressOptions{Terminal: true, Label: "published", Total: 1e9, Interval: time.Nanosecond}).Set(1)
	got := make([]byte, 200)
	n, err := ours.Read(got)
	if want := "\rpublished 1 of 1000\x1b[K"; err != nil || string(got[:n]) != want {
		t.Errorf("%v: got %q, want %q", err, got[:n], want)
	}
}
