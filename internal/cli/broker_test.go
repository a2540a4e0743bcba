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
