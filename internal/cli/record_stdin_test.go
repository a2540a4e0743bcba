//go:build unix

package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
)

// onPipe runs the command with a stdin that begins with text and does not end.
func onPipe(t *testing.T, text string, args ...string) *call {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), r.Close() })
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	return start(t, func(e *environ.Environment) { e.Stdin = r }, args...)
}

const (
	oneRecorded   = `{"tst":"2026-05-01T12:00:00Z","topic":"dunlin","qos":1,"payload":"1"}` + "\n"
	wrongRecorded = `{"topic":"dunlin","payload":"2"}` + "\n"
)

// TestInterruptedWaitForARecording ends the commands that wait for what a pipe has next, as Ctrl-C does.
func TestInterruptedWaitForARecording(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // lets go what still waits to open it
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			_ = f.Close()
		}
	})
	for name, args := range map[string][]string{
		"replay of stdin": {"replay", "-"}, "list of stdin": {"replay", "-", "--dry-run"},
		"replay of a named pipe": {"replay", pipe}, "import of stdin": {"record", "FILE", "--import", "-"},
		"import of a named pipe": {"record", "FILE", "--import", pipe},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if args[1] == "FILE" {
				args[1] = filepath.Join(dir, "recording")
			}
			c := onPipe(t, "", args...)
			c.stop(environ.Interrupt{Signal: syscall.SIGINT})
			if status := c.wait(t); status != 130 || c.stdout.String()+c.stderr.String() != "" {
				t.Errorf("status %d, stdout %q, stderr %q; want 130, and nothing said", status, c.stdout.String(), c.stderr.String())
			}
			if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
				t.Errorf("it leaves %v, %v", left, err)
			}
		})
	}
}

// TestReplayOfStdinEnds has a replay end, with its account, while nothing comes from stdin.
func TestReplayOfStdinEnds(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	for name, test := range map[string]struct {
		text   string
		end    func(*call, *proxy)
		status int
		says   string
	}{
		"by Ctrl-C":              {oneRecorded, func(c *call, _ *proxy) { c.stop(environ.Interrupt{Signal: syscall.SIGINT}) }, 130, "replay: interrupted: 1 published\n"},
		"with the connection":    {oneRecorded, func(_ *call, p *proxy) { p.close() }, 6, "; 1 published\n"},
		"at what is not correct": {oneRecorded + wrongRecorded, func(*call, *proxy) {}, 1, "replay: 1 published, 1 not understood\n"},
	} {
		t.Run(name, func(t *testing.T) {
			gathered := newGathering(t, broker.URL())
			p := newProxy(t, broker.Addr())
			c := onPipe(t, test.text, "replay", "-", "-L", "mqtt://"+p.addr, "--once", "-d")
			<-gathered.came
			c.stderr.waitFor(t, "received PUBACK")
			test.end(c, p)
			if status := c.wait(t); status != test.status || !strings.Contains(c.stderr.String(), test.says) {
				t.Errorf("status %d, want %d; stderr:\n%swhich should have %q", status, test.status, c.stderr.String(), test.says)
			}
		})
	}
}
