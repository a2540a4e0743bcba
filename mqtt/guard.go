package mqtt

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/debug"
	"strconv"
)

// errGoexit is what a PanicError says of a handler that ended its goroutine, as
// testing.T's FailNow does.
var errGoexit = errors.New("it called runtime.Goexit")

// guard runs f and contains a panic of it: it goes to the Error handler and to
// the log. It reports whether f returned.
func (c *Client) guard(f func()) (sound bool) {
	defer c.contain(&sound)
	f()
	return true
}

// guardHandler is guard for f(m).
func (c *Client) guardHandler(f func(*Message), m *Message) (sound bool) {
	defer c.contain(&sound)
	f(m)
	return true
}

// contain ends a panic of the function that deferred it and was not sound.
func (c *Client) contain(sound *bool) {
	if *sound {
		return
	}
	v := recover()
	if v == nil {
		v = errGoexit
	}
	err := &PanicError{Value: v, Stack: debug.Stack()}
	c.log.Error("mqtt: a handler panicked", "error", err, "stack", string(err.Stack))
	if h := c.transport.Handlers.Error; h != nil {
		defer func() { _ = recover() }() // nobody is left to tell of a second one
		h(err)
	}
}

// report tells the Error handler of the outcome of something that nobody waits
// for. It runs on the deliver loop; after Close nothing is told.
func (c *Client) report(err error) {
	if f := c.transport.Handlers.Error; err != nil && f != nil && !c.hushed.Load() {
		f(err)
	}
}

// pushErrorLocked has the Error handler told of err.
func (c *Client) pushErrorLocked(err error) {
	c.pushLocked(item{call: func() { c.report(err) }})
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
