package cli_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
)

func writeScript(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.js")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const connected = `
var mqtt = require('mqtt');
var client = mqtt.open({ addr: 'broker.invalid', port: 1883 });
client.connect({ client: 'script' }, function () { console.log('connected'); });
`

func TestRunEndsCleanlyOnInterrupt(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := start(t, nil, "run", "--connect-to", ":="+b.Addr(), writeScript(t, connected))
	c.stdout.waitFor(t, "connected\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGINT})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d, want 130; stderr %q", status, c.stderr.String())
	}
	b.WaitLog("Received DISCONNECT from script")
}

func TestRunEndsAfterTheTimeLimit(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := start(t, nil, "run", "--connect-to", ":="+b.Addr(), "--for", "3s", writeScript(t, connected))
	if status := c.wait(t); status != cli.ExitOK || c.stderr.String() != "" {
		t.Errorf("status %d, want 0; stderr %q", status, c.stderr.String())
	}
	b.WaitLog("Received DISCONNECT from script")
}

// A script that calculates without end must still obey.
func TestRunInterruptsABusyScript(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "run", "--broker", writeScript(t, `console.log('busy'); for (;;) {}`))
	c.stdout.waitFor(t, "busy\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d, want 143; stderr %q", status, c.stderr.String())
	}
}

func TestRunEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	c := start(t, func(e *environ.Environment) { e.Stdout = failing{syscall.EPIPE} },
		"run", writeScript(t, `setInterval(function () { console.log('tick'); }, 1);`))
	if status := c.wait(t); status != cli.ExitOK || c.stderr.String() != "" {
		t.Errorf("status %d, want 0; stderr %q", status, c.stderr.String())
	}
}

func TestRunColours(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		terminal bool
		env      []string
		want     string
	}{
		{true, nil, "\x1b[33m1\x1b[39m"},
		{true, []string{"NO_COLOR=1"}, "[ 1 ]\n"},
		{true, []string{"TERM=dumb"}, "[ 1 ]\n"},
		{false, nil, "[ 1 ]\n"},
	} {
		c := start(t, func(e *environ.Environment) { e.StdoutTerminal, e.Env = v.terminal, v.env },
			"run", writeScript(t, `console.log([1]);`))
		if status := c.wait(t); status != cli.ExitOK {
			t.Errorf("status %d: %s", status, c.stderr.String())
		}
		c.stdout.waitFor(t, v.want)
	}
}
