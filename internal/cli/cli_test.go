package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/internal/mosquittocli"
	"dunlin/internal/testcert"
)

// leakChecked fails a run of tests that leaves goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	// The tests wait for servers and processes much more than they calculate; and a program with the race detector sleeps a
	// second at its end otherwise.
	if err := errors.Join(flag.Set("test.parallel", "12"), os.Setenv("GORACE", "atexit_sleep_ms=0")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goleak:", err)
		return 1
	}
	return code
}

func TestMain(m *testing.M) {
	if mosquittocli.Tool(os.Args[0]) != "" { // a test calls it so
		os.Exit(cli.Main())
	}
	testscript.Main(leakChecked{m}, map[string]func(){"dunlin": func() { os.Exit(cli.Main()) }})
}

// TestScripts runs testdata/*.txtar: every subcommand as a process of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	ca := testcert.NewAuthority(t)
	plain := mosquitto.Start(t, mosquitto.Options{})
	secure := mosquitto.Start(t, mosquitto.Options{TLS: ca, Users: map[string]string{"ann": "s3cret"}})
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("topic readwrite allowed/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Without a bound of its queue Mosquitto 2.0.11 closes the connection at a message that it refuses.
	refusing := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_queued_messages 1000", "acl_file " + acl}})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("PORT", portOf(t, plain.Addr()))
			env.Setenv("ACLPORT", portOf(t, refusing.Addr()))
			env.Setenv("TLSPORT", portOf(t, secure.Addr()))
			env.Setenv("CA", ca.File(t))
			env.Setenv("OTHERCA", testcert.NewAuthority(t).File(t))
			return os.WriteFile(filepath.Join(env.WorkDir, "field.pcapng"), fieldCapture(), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status is the script command "status N PROGRAM ARG...": the program has to end
// with exactly that status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// call is a run of the command inside the test's process.
type call struct {
	stdout, stderr buffer
	stop           context.CancelCauseFunc
	status         chan int
}

// start runs the command in the background. The test must wait for it.
func start(t *testing.T, change func(*environ.Environment), args ...string) *call {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	c := &call{stop: stop, status: make(chan int, 1)}
	env := environ.Environment{Args: args, Stdin: strings.NewReader(""), Stdout: &c.stdout, Stderr: &c.stderr}
	if change != nil {
		change(&env)
	}
	go func() { c.status <- cli.Run(ctx, env) }()
	return c
}

// wait returns the exit status.
func (c *call) wait(t *testing.T) int {
	t.Helper()
	defer c.stop(nil)
	select {
	case status := <-c.status:
		return status
	case <-time.After(time.Minute):
		t.Fatalf("the command did not end; stderr:\n%s", c.stderr.String())
		return 0
	}
}

// buffer is a stream that several goroutines may write, and that a test can
// wait for.
type buffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grown != nil {
		close(b.grown)
		b.grown = nil
	}
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// waitFor returns the text once it holds want.
func (b *buffer) waitFor(t *testing.T, want string) string {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		b.mu.Lock()
		text := b.text.String()
		if b.grown == nil {
			b.grown = make(chan struct{})
		}
		grown := b.grown
		b.mu.Unlock()
		if strings.Contains(text, want) {
			return text
		}
		select {
		case <-grown:
		case <-limit:
			t.Fatalf("waited for %q, got %q", want, text)
		}
	}
}

// oneLine fails the test unless s is one line that begins with the program's name.
func oneLine(t *testing.T, s string) {
	t.Helper()
	if !strings.HasPrefix(s, "dunlin: ") || strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") {
		t.Errorf("stderr %q, want one line", s)
	}
}
