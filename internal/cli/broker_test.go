package cli_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/testcert"
)

func TestBrokerServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	ca := testcert.NewAuthority(t)
	cert, key := ca.Server(t, testcert.Options{}).Files(t)
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("ann:s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, func(e *environ.Environment) { e.StderrTerminal = true },
		"broker", "--listen", "127.0.0.1:0", "--listen", "tls://127.0.0.1:0", "--users", users, "--cert", cert, "--key", key)
	c.stderr.waitFor(t, "dunlin: broker ready, Ctrl-C to stop\n")
	urls := strings.Fields(c.stdout.String())
	if len(urls) != 2 || !strings.HasPrefix(urls[0], "tcp://127.0.0.1:") || !strings.HasPrefix(urls[1], "tls://127.0.0.1:") {
		t.Fatalf("stdout %q", c.stdout.String())
	}
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"-h", u.Hostname(), "-p", u.Port(), "-u", "ann", "-P", "s3cret", "-t", "t", "-m", "x", "-q", "1"}
		if u.Scheme == "tls" {
			args = append(args, "--cafile", ca.File(t))
		}
		if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", raw, err, out)
		}
		args[7] = "wrong"
		if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err == nil {
			t.Errorf("%s: a wrong password was taken: %s", raw, out)
		}
	}
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d, want 143; stderr:\n%s", status, c.stderr.String())
	}
}

// startBroker starts "dunlin broker" with these options, and returns its call and URLs.
func startBroker(t *testing.T, args ...string) (*call, []*url.URL) {
	t.Helper()
	c := start(t, func(e *environ.Environment) { e.StderrTerminal = true }, append([]string{"broker"}, args...)...)
	c.stderr.waitFor(t, "dunlin: broker ready, Ctrl-C to stop\n")
	var urls []*url.URL
	for raw := range strings.FieldsSeq(c.stdout.String()) {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
	}
	return c, urls
}

// ends ends the command with SIGTERM.
func (c *call) ends(t *testing.T) {
	t.Helper()
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d, want 143; stderr:\n%s", status, c.stderr.String())
	}
}

// The certificate that the broker makes is trusted by who takes the file that it names.
func TestBrokerMakesACertificate(t *testing.T) {
	t.Parallel()
	kept := filepath.Join(t.TempDir(), "new", "certificates")
	for _, option := range []string{"--tls-self-signed", "--tls-self-signed=" + kept} {
		c, urls := startBroker(t, option, "--listen", "tls://127.0.0.1:0", "--listen", "wss://localhost:0")
		_, file, found := strings.Cut(c.stderr.String(), "the authority's certificate is in ")
		file, _, ended := strings.Cut(file, ", for --cafile of the clients\n")
		if !found || !ended || strings.Contains(option, "=") != (file == filepath.Join(kept, "ca.pem")) {
			t.Fatalf("%s: stderr %q", option, c.stderr.String())
		}
		args := []string{"-h", "localhost", "-p", urls[0].Port(), "-t", "t", "-m", "x", "-q", "1", "--cafile", file}
		if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", option, err, out)
		}
		p := start(t, nil, "pub", "-L", "wss://localhost:"+urls[1].Port(), "-t", "t", "-m", "x", "-q", "1", "--cafile", file)
		if status := p.wait(t); status != 0 {
			t.Errorf("%s: status %d over WebSocket; stderr %s", option, status, p.stderr.String())
		}
		c.ends(t)
		if _, err := os.Stat(file); strings.Contains(option, "=") != (err == nil) {
			t.Errorf("%s: after the end: %v", option, err)
		}
	}
}

func TestBrokerFault(t *testing.T) {
	t.Parallel()
	c, urls := startBroker(t, "--listen", "127.0.0.1:0", "--fault", "drop=100%,refuse=0%")
	if text := c.stderr.String(); !strings.Contains(text, "dunlin: the broker does wrong on purpose: drop=100%,seed=") {
		t.Errorf("stderr %q", text)
	}
	args := []string{"-h", urls[0].Hostname(), "-p", urls[0].Port(), "-t", "t", "-m", "x"}
	if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	c.ends(t)
	if text := c.stderr.String(); !strings.Contains(text, `msg="faults made on purpose" fault="drop=100%,seed=`) {
		t.Errorf("what was done is not told: %q", text)
	}
}
