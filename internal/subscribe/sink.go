package subscribe

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"dunlin/mqtt"
)

// sinkRoom is how much may wait for a writer that blocks.
const sinkRoom = 256 << 10

// errClosed is returned where nothing more is taken.
var errClosed = errors.New("nothing more is written")

// sink writes what was made of messages, and acknowledges them after that. While a write runs, what comes
// piles up for the next one: a single message is written at once, and many with one call.
type sink struct {
	out  io.Writer
	fail context.CancelCauseFunc

	mu      sync.Mutex
	changed *sync.Cond // there is something to write, or room, or the end of it
	text    []byte
	made    []*mqtt.Received // whose text is in text, of QoS 1 or 2
	writing bool
	closed  bool // nothing more is put in
	broken  bool // nothing more is written
	done    chan struct{}
}

// newSink returns a sink that calls fail with the error of a write, after which it writes no more.
func newSink(out io.Writer, fail context.CancelCauseFunc) *sink {
	s := &sink{out: out, fail: fail, done: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	go s.write()
	return s
}

// put has add append to what is written next, and m acknowledged after that. It waits for room. An error
// is that of add, or errClosed; m is not acknowledged then.
func (s *sink) put(m *mqtt.Received, add func([]byte, *mqtt.Received) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.text) >= sinkRoom && !s.closed {
		s.changed.Wait()
	}
	if s.closed {
		return errClosed
	}
	text, err := add(s.text, m)
	if err != nil {
		return err
	}
	s.text = text
	if m.QoS > mqtt.AtMostOnce {
		s.made = append(s.made, m)
	}
	s.wake()
	return nil
}

// append is put without a message.
func (s *sink) append(add func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && len(s.text) < sinkRoom {
		s.text = add(s.text)
		s.wake()
	}
}

// wake has what was put in written. While a write runs nobody has to be told.
func (s *sink) wake() {
	if !s.writing {
		s.changed.Broadcast()
	}
}

// write writes until the end.
func (s *sink) write() {
	defer close(s.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	var text []byte // the two take turns
	var made []*mqtt.Received
	for {
		for len(s.text) == 0 && len(s.made) == 0 && !s.closed {
			s.changed.Wait()
		}
		if len(s.text) == 0 && len(s.made) == 0 || s.broken {
			return
		}
		s.text, text = text[:0], s.text
		s.made, made = made[:0], s.made
		s.writing = true
		s.changed.Broadcast() // there is room
		s.mu.Unlock()
		s.deliver(text, made)
		s.mu.Lock()
		s.writing = false
		if cap(text) > 4*sinkRoom { // of a large message: its memory is not kept
			text = nil
		}
		clear(made)
	}
}

// deliver writes text, and acknowledges the messages that it was made of.
func (s *sink) deliver(text []byte, made []*mqtt.Received) {
	if len(text) > 0 {
		if _, err := s.out.Write(text); err != nil {
			s.mu.Lock()
			s.closed, s.broken = true, true
			s.changed.Broadcast()
			s.mu.Unlock()
			s.fail(err)
			return
		}
	}
	for _, m := range made {
		_ = m.Ack() // of a connection that is lost: at QoS 1 it comes once more
	}
}

// drain takes nothing more and waits until all is written and acknowledged. A reader that has stopped is
// waited for, too, but not for long once ctx has ended.
func (s *sink) drain(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	select {
	case <-s.done:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(goodbye)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
		s.mu.Lock()
		s.broken = true // the write that runs is the last one
		s.mu.Unlock()
	}
}
