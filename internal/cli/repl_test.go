//go:build linux

package cli_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// typist is a person at the terminal of a process.
type typist struct {
	screen *os.File
	shown  buffer
	cmd    *exec.Cmd
	ended  chan struct{}
}

// sitDown starts a command on a pseudo-terminal of 100 columns.
func sitDown(t *testing.T, env []string, args ...string) *typist {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(theirs, &pty.Winsize{Cols: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	p := &typist{screen: ours, cmd: exec.Command("dunlin", args...), ended: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs, theirs, theirs
	p.cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR="), env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(&p.shown, ours) // it ends with an error when the other side is closed
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
		ours.Close()
	})
	return p
}

// types types keys and waits for what the terminal shows then.
func (p *typist) types(t *testing.T, keys, want string) {
	t.Helper()
	p.shown.mu.Lock()
	p.shown.text.Reset()
	p.shown.mu.Unlock()
	if _, err := io.WriteString(p.screen, keys); err != nil {
		t.Fatal(err)
	}
	p.shown.waitFor(t, want)
}

func (p *typist) leaves(t *testing.T, keys string, want int) {
	t.Helper()
	if _, err := io.WriteString(p.screen, keys); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatalf("the command did not end; the terminal shows %q", p.shown.String())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("status %d, want %d", got, want)
	}
}

// TestReplOnATerminal types texts on a pseudo-terminal: what is run, edited, completed, broken off and remembered.
func TestReplOnATerminal(t *testing.T) {
	t.Parallel()
	kept := "DUNLIN_HISTORY=" + filepath.Join(t.TempDir(), "folder", "history")
	p := sitDown(t, []string{kept}, "repl", "--broker")
	p.shown.waitFor(t, "\r\n> ")
	p.types(t, "1 + 1\r", "\x1b[33m2\x1b[39m\r\n> ")
	p.types(t, "const f = (a: number) => {\r", "\r\n... ")
	p.types(t, "  return a * 2;\r}\r", "}\r\n> ")
	p.types(t, "f(2)1)\x1b[D\x1b[D\x7f\r", "\x1b[33m42\x1b[39m\r\n> ")
	p.types(t, "await mqtt.connectA", "connectA")
	p.types(t, "\t('mqtt://broker.example').then((c) => { globalThis.c = c; return c.connected })\r", "\x1b[33mtrue\x1b[39m\r\n> ")
	p.types(t, "c.subscribe\t", "subscribe       subscribeAsync")
	p.types(t, "Async('a').then((granted) => granted[0].topic)\r", "Promise {")
	p.types(t, "c.on('message', (topic) => console.log('heard ' + topic)).publish('a', 'x'); 'half a li\r", "SyntaxError")
	p.types(t, "c.on('message', (topic) => console.log('heard ' + topic)).publish('a', 'x'); 0\r", "heard a\r\n")
	p.types(t, "for (;;);\r", "for (;;);\r\n")
	p.types(t, "\x03", "Interrupted\r\n> ")
	p.types(t, "await new Promise(() => {})\r", "{})\r\n")
	p.types(t, "\x03", "Interrupted\r\n> ")
	p.types(t, "(1 +\r", "... ")
	p.types(t, "\x03", "\r\n> ")
	p.types(t, "'gone'\x03", "> ")
	p.types(t, "throw new Error('\\x1b]0;title\\x07')\r", `Uncaught Error: \x1b]0;title\x07`)
	p.types(t, "missing\r", "Uncaught ReferenceError: missing is not defined\r\n    at REPL")
	p.types(t, " 'not kept'\r", "'not kept'\x1b[39m")
	p.types(t, ".help\r", "Ctrl-C breaks off what runs")
	p.types(t, "\x1b[A\x1b[A\r", "missing is not defined")
	p.types(t, "setTimeout(() => { throw 'later' }, 1)\r", "Uncaught 'later'\r\n> ")
	p.types(t, "undefined\r", "\x1b[90mundefined\x1b[39m")
	p.leaves(t, "\x04", 0)

	again := sitDown(t, []string{kept}, "repl")
	again.shown.waitFor(t, "\r\n> ")
	again.types(t, "\x1b[A\x1b[A\x1b[A\r", "missing is not defined")
	again.leaves(t, "process.exit(3)\r", 3)
	name := strings.TrimPrefix(kept, "DUNLIN_HISTORY=")
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history: %v %v", info, err)
	}
	if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "not kept") || !strings.Contains(string(text), "\nf(21)\n") {
		t.Errorf("%v: the history is %q", err, text)
	}
}

// A native function that blocks cannot be broken off, but left.
func TestReplIsLeftByCtrlC(t *testing.T) {
	t.Parallel()
	p := sitDown(t, []string{"DUNLIN_HISTORY=off"}, "repl")
	p.shown.waitFor(t, "\r\n> ")
	p.types(t, "1; sys.sleep(600000)\r", "0)\r\n")
	p.leaves(t, "\x03\x03", 130)
}

// TestReplInAPipe gives texts by a pipe: nothing but what they give is written.
func TestReplInAPipe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, out, err string // err is a pattern
		status       int
	}{
		{"1 + 1\nlet a = [\n  1,\n]\na\nundefined\n.help\n", "2\n[ 1 ]\n.exit", `^$`, 0},
		{"await new Promise((done) => setTimeout(done, 5, 'late'))\nconsole.log('x')", "'late'\nx\n", `^$`, 0},
		{"1\n.exit\n2\n", "1\n", `^$`, 0},
		{"nope\n2\n", "2\n", `^Uncaught ReferenceError: nope is not defined\n    at REPL1:1:1\n$`, 10},
		{"f(\n", "", `not complete`, 10},
		{"process.exit(4)\n5\n", "", `^$`, 4},
		{"setInterval(() => {}, 1)\n", "Timeout {}\n", `^$`, 0},
		{"", "", `^$`, 0},
	} {
		cmd := exec.Command("dunlin", "repl")
		cmd.Stdin = strings.NewReader(c.in)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		status := 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			status = exit.ExitCode()
		}
		if !strings.HasPrefix(string(out), c.out) || status != c.status || !regexp.MustCompile(c.err).MatchString(stderr.String()) {
			t.Errorf("%q: status %d, out %q, err %q", c.in, status, out, stderr.String())
		}
	}
}
