package environ

import (
	"context"
	"errors"
	"io"
	"sync"
	"syscall"
)

// ErrOutput is the cause of a context that ended because stdout takes no more.
var ErrOutput = errors.New("stdout cannot be written")

// Output is stdout with its end watched: when it takes no more, as after "dunlin sub | head -1",
// the whole command comes to a clean end. Any goroutine may write.
type Output struct {
	w      io.Writer
	cancel context.CancelCauseFunc

	mu  sync.Mutex
	err error
}

// NewOutput returns an Output that writes to w, and calls cancel with ErrOutput after the first
// write that fails.
func NewOutput(w io.Writer, cancel context.CancelCauseFunc) *Output {
	return &Output{w: w, cancel: cancel}
}

// Write writes p whole, or ends the command.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	if err != nil {
		o.err = err
		o.cancel(ErrOutput)
	}
	return n, err
}

// Err returns why a write failed. A reader that went away has seen what it wanted, which is no
// failure.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if errors.Is(o.err, syscall.EPIPE) || errors.Is(o.err, io.ErrClosedPipe) {
		return nil
	}
	return o.err
}
