package mqttjs_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/jsre"
	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output collects what a script prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// script is a script that runs, or ran.
type script struct {
	t    *testing.T
	out  *output
	done chan error
}

// start runs src, in which URL is the server's and mqtt the module.
func start(t *testing.T, addr, src string) *script {
	t.Helper()
	return startWith(t, jsre.Options{}, addr, src)
}

func startWith(t *testing.T, o jsre.Options, addr, src string) *script {
	t.Helper()
	s := &script{t: t, out: &output{}, done: make(chan error, 1)}
	o.Stdout, o.Stderr = s.out, s.out
	rt, err := jsre.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	prelude := "const mqtt = require('mqtt'), URL = 'mqtt://" + addr + "', print = (...a) => console.log(...a);"
	go func() { s.done <- rt.RunString(ctx, "test.js", prelude+src) }()
	return s
}

// want waits for the script's end and compares what it printed.
func (s *script) want(lines ...string) {
	s.t.Helper()
	if err := <-s.done; err != nil {
		s.t.Errorf("the script ended with: %v", err)
	}
	got := strings.TrimRight(s.out.String(), "\n")
	if want := strings.Join(lines, "\n"); got != want {
		s.t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func broker(t *testing.T) *mosquitto.Broker {
	t.Helper()
	return mosquitto.Start(t, mosquitto.Options{})
}

// modules are those with the host's rules o for module mqtt.
func modules(o mqtt.Options) jsre.Options {
	return jsre.Options{Modules: []engine.Module{mqtt.Module(o)}}
}
