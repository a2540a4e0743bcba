package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/jsre"
	"dunlin/jsre/engine"
	module "dunlin/jsre/module/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output collects what a script prints; a test may wait for a line of it.
type output struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{}
}

func newOutput() *output { return &output{wrote: make(chan struct{}, 1)} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// await waits until the output holds text n times.
func (o *output) await(t *testing.T, text string, n int) {
	t.Helper()
	limit := time.After(time.Minute)
	for strings.Count(o.String(), text) < n {
		select {
		case <-o.wrote:
		case <-limit:
			t.Fatalf("%q did not come %d times; output:\n%s", text, n, o)
		}
	}
}

// script is a script that runs, or ran.
type script struct {
	t      *testing.T
	out    *output
	cancel context.CancelFunc
	done   chan error
}

// start runs src, in which %ADDR% and %PORT% stand for the server's address.
// The mqtt module is there as mqtt, and sa is the server's sockaddr.
func start(t *testing.T, addr string, o module.Options, src string) *script {
	t.Helper()
	s := &script{t: t, out: newOutput(), done: make(chan error, 1)}
	rt, err := jsre.New(jsre.Options{Stdout: s.out, Stderr: s.out, Modules: []engine.Module{module.Module(o)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.cancel = cancel
	t.Cleanup(cancel)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	prelude := fmt.Sprintf("const mqtt = require('mqtt'), sa = {domain: 2, addr: '%s', port: %s};", host, port)
	go func() { s.done <- rt.RunString(ctx, "test.js", prelude+src) }()
	return s
}

// wait waits for the end of the script.
func (s *script) wait() error {
	s.t.Helper()
	err := <-s.done
	s.cancel()
	return err
}

// expect runs src to its end and compares what it printed.
func expect(t *testing.T, addr string, src string, want ...string) {
	t.Helper()
	expectWith(t, addr, module.Options{}, src, want...)
}

func expectWith(t *testing.T, addr string, o module.Options, src string, want ...string) {
	t.Helper()
	s := start(t, addr, o, src)
	if err := s.wait(); err != nil {
		t.Errorf("the script ended with: %v", err)
	}
	got := strings.Split(strings.TrimRight(s.out.String(), "\n"), "\n")
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("printed\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// expectAnyOrder is expect for what comes from both directions, whose order the
// server decides.
func expectAnyOrder(t *testing.T, addr string, src string, want ...string) {
	t.Helper()
	s := start(t, addr, module.Options{}, src)
	if err := s.wait(); err != nil {
		t.Errorf("the script ended with: %v", err)
	}
	got := strings.Split(strings.TrimRight(s.out.String(), "\n"), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("printed\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func broker(t *testing.T) *mosquitto.Broker {
	t.Helper()
	return mosquitto.Start(t, mosquitto.Options{Config: []string{"max_queued_messages 100000"}})
}
