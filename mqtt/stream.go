package mqtt

import (
	"errors"
	"io"
	"slices"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// streamBuffer is how much of a streamed payload waits for its handler before
// the client stops reading.
const streamBuffer = 256 << 10

// stream is the payload of a large message on its way to Config.OnLargeMessage. All
// but the channel is guarded by the client's mutex.
type stream struct {
	client *Client
	item   item // as the handler left it
	buf    []byte
	left   int           // bytes that have not come
	over   bool          // the handler has returned, or none wants it: the rest is thrown away
	err    error         // the connection broke within the payload
	wakeUp chan struct{} // wakes the handler
}

// errStreamOver is what a reader gives after its handler has returned.
var errStreamOver = errors.New("the handler of this payload has returned; what it left unread is gone")

func (s *stream) full() bool { return s != nil && len(s.buf) >= streamBuffer }

// overfull reports whether that is too much even while somebody waits for the server.
func (s *stream) overfull() bool { return s != nil && len(s.buf) >= overrun*streamBuffer }

// Read implements io.Reader for the handler.
func (s *stream) Read(p []byte) (int, error) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(s.buf) == 0 {
		switch {
		case len(p) == 0:
			return 0, nil
		case s.over:
			return 0, errStreamOver
		case s.left == 0:
			return 0, io.EOF
		case s.err != nil:
			return 0, s.err
		}
		c.recv.enter() // reading must go on, whatever else is queued
		c.mu.Unlock()
		<-s.wakeUp
		c.mu.Lock()
		c.recv.leave()
	}
	n := copy(p, s.buf)
	s.buf = s.buf[n:]
	c.recv.through++ // a handler that reads is not stuck
	c.recv.openGate()
	return n, nil
}

// wake lets the handler look again.
func (s *stream) wake() {
	select {
	case s.wakeUp <- struct{}{}:
	default:
	}
}

// fail ends a payload that will not come whole.
func (s *stream) fail(err error) {
	if s != nil && s.left > 0 {
		s.err = err
		s.wake()
	}
}

// BeginStream implements link.Owner: it queues a message whose payload follows.
// The client's mutex is held.
func (o *owner) BeginStream(p *wire.Publish, size int) error {
	c := (*Client)(o)
	rule := c.life.Rule(life.Packet)
	if rule == life.Ignore {
		return ErrClosed
	}
	if err := c.beginStream(rule, p, size); err != nil {
		if c.discardStreamLocked(p, size, err) {
			return nil
		}
		c.handleFault(err)
		return err
	}
	return nil
}

func (c *Client) beginStream(rule life.Rule, p *wire.Publish, size int) (err error) {
	if rule != life.Take {
		return protocolError(wire.PUBLISH, "came before CONNACK")
	}
	if err := c.sess.Resolve(p); err != nil {
		return err
	}
	m := new(Received)
	m.fill(p)
	m.Topic, m.manual = strings.Clone(p.Topic), c.opened.ManualAck
	a := session.Arrival{Deliver: true}
	if p.QoS > 0 {
		c.send.buf, a, err = c.sess.HandleStreamed(c.send.buf, p, size)
		if err != nil {
			return err
		}
	}
	m.seq, m.Sequence = a.Seq, a.Sequence
	to := c.subs.find(p, c.cfg.Version)
	m.manual = m.manual || slices.ContainsFunc(to.subs, func(s *subscription) bool { return s.manual })
	s := &stream{client: c, left: size, wakeUp: make(chan struct{}, 1)}
	m.to = &destination{client: c, stream: s}
	s.item = item{message: m, to: m.to, seq: m.seq, result: handled}
	c.recv.stream = s
	if !a.Deliver || !to.wanted {
		s.over = true
		return nil
	}
	c.offerLocked(m, c.defersLocked(a.Deferred))
	return nil
}

// Stream implements link.Owner: it takes a piece of the payload. The client's
// mutex is held.
func (o *owner) Stream(piece []byte, last bool) {
	c := (*Client)(o)
	s := c.recv.stream
	s.left -= len(piece)
	if !s.over {
		s.buf = append(s.buf, piece...)
	}
	s.wake()
	if !last {
		return
	}
	c.recv.stream = nil
	if s.over {
		c.concludeLocked(&s.item)
	}
}

// finishStreamLocked ends the handler's part of a message, and reports whether all of
// it has come: before that it is not acknowledged.
func (c *Client) finishStreamLocked(it *item) (whole bool) {
	s := it.to.stream
	s.over, s.item, s.buf = true, *it, nil
	c.recv.openGate()
	return s.left == 0
}
