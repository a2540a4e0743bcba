package sandbox_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"dunlin/internal/mosquitto"
	"dunlin/internal/sandbox"
)

// What is granted can be used, and nothing beside it, whatever way leads there.
func TestWhatIsGrantedAndNothingElse(t *testing.T) {
	s := newSurroundings(t)
	folder := t.TempDir()
	granted := filepath.Join(folder, "granted")
	if err := os.Mkdir(granted, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"granted/data.txt": "data", "beside.txt": "LEAK", "granted-too.txt": "LEAK"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(s.file, filepath.Join(granted, "link")); err != nil {
		t.Fatal(err)
	}
	read := `const fs = require('fs'); function read(f) { try { return String(fs.readFileSync(f)); } catch (e) { return e.code; } } `
	for _, v := range []struct {
		name, text string
		args       []string
		want       string
	}{
		{"read a folder", read + `console.log(read('DIR/granted/data.txt'), read('DIR/beside.txt'), read('DIR/granted-too.txt'), read('DIR/granted/../beside.txt'), read('DIR/granted/link'));`, []string{"--allow-read", granted}, "data EACCES EACCES EACCES EACCES\n"},
		{"read a file", read + `console.log(read('DIR/granted/data.txt'), read('FILE'));`, []string{"--allow-read", filepath.Join(granted, "data.txt")}, "data EACCES\n"},
		{"read is not write", read + `try { fs.writeFileSync('DIR/granted/data.txt', 'x'); } catch (e) { console.log(e.code, read('DIR/granted/data.txt')); }`, []string{"--allow-read", granted}, "EACCES data\n"},
		{"write", read + `fs.writeFileSync('DIR/granted/made.txt', 'x'); console.log(read('DIR/granted/made.txt')); try { fs.writeFileSync('DIR/beside.txt', 'x'); } catch (e) { console.log(e.code); }`, []string{"--allow-write", granted}, "EACCES\nEACCES\n"},
		{"variables", `console.log(process.env.PUBLIC, Object.keys(process.env).length);`, []string{"--allow-env", "PUBLIC"}, "yes 1\n"},
		{"network", `const m = require('mqtt'); console.log(typeof m.open({ addr: '127.0.0.1', port: PORT })); try { m.open({ addr: '127.0.0.2', port: PORT }); } catch (e) { console.log(e.code); } process.exit(0);`, []string{"--allow-net", "127.0.0.1:" + s.port}, "object\nEACCES\n"},
		{"every port", `console.log(typeof require('mqtt').open({ addr: '127.0.0.1', port: PORT })); process.exit(0);`, []string{"--allow-net", "127.0.0.1:*"}, "object\n"},
	} {
		t.Run(v.name, func(t *testing.T) {
			path := s.save(t, strings.ReplaceAll(v.text, "DIR", folder))
			o := run(t, append(append([]string{"run", "--sandbox"}, v.args...), path)...)
			if o.stdout != v.want || o.status != 0 {
				t.Errorf("printed %q, want %q; status %d, stderr %q", o.stdout, v.want, o.status, o.stderr)
			}
		})
	}
}

// begin starts a script in the sandbox and waits until it has written a line.
func begin(t *testing.T, text string, grants ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "script.js")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append(append([]string{"run", "--sandbox"}, grants...), path)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(stdout, line); err != nil || string(line) != "ready\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	return cmd, stdout
}

// Only the script's process holds the other end of the pipe then: its end is the end of what can be read.
func TestTheScriptEndsWhenItsParentIsKilled(t *testing.T) {
	cmd, stdout := begin(t, `console.log('ready'); for (;;);`)
	_ = cmd.Process.Kill()
	if rest, err := io.ReadAll(stdout); len(rest) != 0 || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	_ = cmd.Wait()
}

func TestASignalAsksTheScriptForACleanEnd(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	host, port, _ := net.SplitHostPort(b.Addr())
	cmd, stdout := begin(t, `const c = require('mqtt').open({ addr: '`+host+`', port: `+port+` });
		c.connect({ client: 'script' }, () => console.log('ready'));`, "--allow-net", b.Addr())
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	b.WaitLog("Received DISCONNECT from script")
	_, _ = io.ReadAll(stdout)
	_ = cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 128+int(syscall.SIGTERM) {
		t.Errorf("status %d", status)
	}
}

// A terminal takes commands in what is written to it, such as to fill its clipboard.
func TestOnATerminalTheScriptWritesTextOnly(t *testing.T) {
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	path := newSurroundings(t).save(t, `console.log('out \x1b]52;c;QUJD\x07'); console.error('err \x1b[2J');`)
	terminal, err := pty.Start(exec.Command(program, "run", "--sandbox", path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	shown, _ := io.ReadAll(terminal) // the end of a terminal is an error on Linux
	if !bytes.Contains(shown, []byte("out ")) || !bytes.Contains(shown, []byte("err ")) || bytes.ContainsAny(shown, "\x1b\x07") {
		t.Errorf("shown: %q", shown)
	}
}

func TestGrantsThatMeanNothingAreRefused(t *testing.T) {
	for _, c := range []sandbox.Config{
		{Net: []string{"broker"}},
		{Net: []string{"broker:"}},
		{Net: []string{":1883"}},
		{Net: []string{"broker:0"}},
		{Net: []string{"broker:mqtt"}},
		{Read: []string{"/nowhere/to/be/found"}},
		{Write: []string{"/nowhere/to/be/found"}},
		{Env: []string{"A=B"}},
		{Env: []string{""}},
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

func TestAddressesAreComparedAsTheyAreMeant(t *testing.T) {
	c := sandbox.Config{Net: []string{"Broker.Example:1883", "[::1]:1883", "10.0.0.1:*"}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	asks := c.Access().Net
	for address, want := range map[string]bool{
		"broker.example:1883": true, "BROKER.example.:1883": true, "broker.example": true, "broker.example:8883": false, "example:1883": false,
		"[0:0:0:0:0:0:0:1]:1883": true, "[::1]:1884": false, "10.0.0.1:5": true, "[::ffff:10.0.0.1]:5": true, "10.0.0.2:5": false, "": false, ":1883": false,
	} {
		if got := asks(address) == nil; got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"64M": 64 << 20, "1g": 1 << 30, "65536K": 64 << 20, "1000": 1000,
		"": 0, "M": 0, "-1M": 0, "0": 0, "1.5G": 0, "64MB": 0, "9999999999G": 0,
	} {
		if got, err := sandbox.ParseSize(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
