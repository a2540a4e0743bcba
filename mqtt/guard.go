package mqtt

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strconv"
)

// errGoexit is what a PanicError says of a handler that ended its goroutine, as
// testing.T's FailNow does.
var errGoexit = errors.New("it called runtime.Goexit")

// guard runs what the application gave, and contains its panics: they go to the
// Error handler and to the log.
type guard struct {
	cfg *Config // whose Logger and OnError are told
}

// run runs f, and reports whether it returned.
func (g *guard) run(f func()) (returned bool) {
	defer g.contain(&returned)
	f()
	return true
}

// runHandler is run for f(ctx, m).
func (g *guard) runHandler(ctx context.Context, f Handler, m *Received) (returned bool) {
	defer g.contain(&returned)
	f(ctx, m)
	return true
}

// runBatch is run for f(ctx, messages).
func (g *guard) runBatch(ctx context.Context, f BatchHandler, messages []*Received) (returned bool) {
	defer g.contain(&returned)
	f(ctx, messages)
	return true
}

// contain ends a panic of the function that deferred it and has not returned.
func (g *guard) contain(returned *bool) {
	if *returned {
		return
	}
	v := recover()
	if v == nil {
		v = errGoexit
	}
	err := &PanicError{Value: v, Stack: debug.Stack()}
	g.cfg.Transport.Logger.Error("mqtt: a handler panicked", "error", err, "stack", string(err.Stack))
	if g.cfg.OnError != nil {
		defer func() { _ = recover() }() // nobody is left to tell of a second one
		g.cfg.OnError(err)
	}
}

// contained runs f, which calls what the application gave for making a connection, and
// turns a panic into an error: an attempt that failed.
func contained(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// goroutineID returns the number of this goroutine, which Close needs to know
// whether it was called by a handler.
func goroutineID() uint64 {
	var buf [64]byte
	b := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	b, _, _ = bytes.Cut(b, []byte(" "))
	id, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		return 0 // no goroutine has it; Close then waits for the handler
	}
	return id
}
