// Package mosquitto runs the real Mosquitto broker for tests: one process a
// test, on a free loopback port, with users, TLS or persistence as asked. A test
// may kill it, freeze it and start it again on the same port.
package mosquitto

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dunlin/internal/testcert"
	"dunlin/internal/testserver"
)

// startLimit bounds one start of the process. Generous: machines of CI are slow.
const startLimit = 30 * time.Second

// Options says how the broker is set up. The zero value is an anonymous broker on
// a free port, over plain TCP, that forgets everything when it ends.
type Options struct {
	Port        int                 // 0: a free one
	Users       map[string]string   // name to password; with any, nobody else may connect
	TLS         *testcert.Authority // not nil: TLS, with a certificate for localhost of this authority
	Certificate *testcert.Pair      // with TLS: this server certificate instead
	ClientCerts bool                // with TLS: clients must show a certificate of the authority
	Persistence bool                // sessions and retained messages survive Restart
	Config      []string            // more lines for the configuration file, after the listener's
}

// Broker is a Mosquitto process, or the place of one after Kill or Stop. Its
// methods belong to the test's goroutine, except Log, Addr and URL, which may be
// called by any.
type Broker struct {
	t       testing.TB
	options Options
	binary  string
	dir     string
	port    int
	log     testserver.Transcript

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// Start starts a broker and returns when it accepts connections. It ends with
// the test. Without the program the test fails: a test that is left out proves
// nothing.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	b := &Broker{t: t, options: o, binary: find(t), dir: t.TempDir(), port: o.Port}
	t.Cleanup(func() { b.end(syscall.SIGKILL) })
	// Another process may take the free port between the choice and the start.
	for range 10 {
		if o.Port == 0 {
			b.port = freePort(t)
		}
		err := b.launch()
		if err == nil {
			return b
		}
		if o.Port != 0 || !strings.Contains(b.Log(), "Address already in use") {
			t.Fatal(err)
		}
	}
	t.Fatal("mosquitto: ten free ports in a row were taken by others")
	return nil
}

// Addr returns the address of the listener, as host:port.
func (b *Broker) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// URL returns the address of the listener as a URL, mqtt:// or mqtts://.
func (b *Broker) URL() string {
	if b.options.TLS != nil {
		return "mqtts://" + b.Addr()
	}
	return "mqtt://" + b.Addr()
}

// Log returns what the broker has logged so far, over all its lives.
func (b *Broker) Log() string { return b.log.String() }

// WaitLog returns when the log holds text, and fails the test when it does not
// within ten seconds.
func (b *Broker) WaitLog(text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if b.log.Wait(ctx, 0, text) != nil {
		b.t.Fatalf("mosquitto: %q was not logged within 10 s; the log:\n%s", text, b.Log())
	}
}

// WaitLogFrom is WaitLog for what is logged from an offset on, of which Log has so many bytes. It
// returns the offset behind text.
func (b *Broker) WaitLogFrom(from int, text string) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if b.log.Wait(ctx, from, text) != nil {
		b.t.Fatalf("mosquitto: %q was not logged within 10 s; the log from there on:\n%s", text, b.Log()[from:])
	}
	return from + strings.Index(b.Log()[from:], text) + len(text)
}

// Kill ends the broker with SIGKILL, as a crash would, and waits for its end.
func (b *Broker) Kill() { b.end(syscall.SIGKILL) }

// Stop ends the broker with SIGTERM, so that it saves its state, and waits for
// its end.
func (b *Broker) Stop() { b.end(syscall.SIGTERM) }

// Restart starts the broker again on the same port with the same configuration
// and state, killing it first where it still runs.
func (b *Broker) Restart() {
	b.t.Helper()
	b.Kill()
	if err := b.launch(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *Broker) end(signal syscall.Signal) {
	if b.cmd == nil {
		return
	}
	// Mosquitto forgets a SIGTERM that comes between the opening of its listeners
	// and the start of its main loop, so it is told again until it has ended.
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for ended := false; !ended; {
		// An error means that it has ended already.
		_ = b.cmd.Process.Signal(signal)
		select {
		case <-b.done:
			ended = true
		case <-again.C:
		}
	}
	b.cmd = nil
}

// launch starts the process and waits until it listens.
func (b *Broker) launch() error {
	config, err := b.writeConfig()
	if err != nil {
		return err
	}
	from := b.log.Len()
	cmd := exec.Command(b.binary, "-c", config)
	cmd.Stdout, cmd.Stderr = &b.log, &b.log
	cmd.SysProcAttr = notOrphaned()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	b.cmd, b.done = cmd, done
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	return b.waitReady(from, done)
}

// waitReady waits for the line that Mosquitto logs when its listeners are open.
func (b *Broker) waitReady(from int, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	if b.log.Wait(ctx, from, " running") == nil {
		return nil
	}
	b.end(syscall.SIGKILL)
	return errors.New("mosquitto: did not start; its log:\n" + b.Log())
}

// find returns the program's path. Debian keeps it in sbin, which plain users
// often lack in PATH.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("mosquitto: the program is not installed; `make test` installs it")
	return ""
}

func freePort(t testing.TB) int {
	t.Helper()
	ports, err := testserver.FreePorts(1)
	if err != nil {
		t.Fatalf("mosquitto: %v", err)
	}
	return ports[0]
}
