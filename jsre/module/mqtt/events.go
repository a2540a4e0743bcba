package mqtt

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dop251/goja"

	"dunlin/mqtt"
)

// maxMessages and maxBytes are how much may wait for the script before the
// connection is slowed down; one message may exceed it. The batch that is being
// served comes on top.
const (
	maxMessages = 256
	maxBytes    = 1 << 20
)

// kind says what an event is.
type kind byte

const (
	message      kind = iota // for 'message' listeners
	connected                // the server accepted us
	leaving                  // the server ended the connection properly
	disconnected             // the connection is gone
	refused                  // connect did not succeed
	failed                   // something failed that has no callback
	callback                 // a call has its outcome
	over                     // the connection is closed; the last one
)

// event is something the script is to be told.
type event struct {
	kind    kind
	message *mqtt.Received
	err     error
	call    func(error) // of callback: tells err; on the loop, inside Loop.Run
}

// queue holds the events that the loop has not taken. The client's mu guards it.
type queue struct {
	events   []event
	messages int
	bytes    int        // of memory that those hold
	room     *sync.Cond // there is room for messages, or the client has ended
}

func (q *queue) full() bool { return q.messages >= maxMessages || q.bytes >= maxBytes }

// push queues an event. A message waits for room, unless the client has ended:
// then it is dropped, for no event may follow. Safe from any goroutine.
func (c *client) push(e event) {
	c.mu.Lock()
	if e.kind == message {
		for c.queue.full() && !c.ended {
			c.queue.room.Wait()
		}
		if c.ended {
			c.mu.Unlock()
			return
		}
		c.queue.messages++
		c.queue.bytes += e.message.MemorySize()
	}
	c.queue.events = append(c.queue.events, e)
	c.mu.Unlock()
	c.source.Wake()
}

// take returns the next event. Loop goroutine only.
func (c *client) take() (event, bool) {
	if c.next == len(c.batch) {
		c.mu.Lock()
		clear(c.batch)
		c.batch, c.queue.events = c.queue.events, c.batch[:0]
		c.queue.messages, c.queue.bytes = 0, 0
		c.queue.room.Broadcast()
		c.mu.Unlock()
		c.next = 0
		if len(c.batch) == 0 {
			return event{}, false
		}
	}
	e := c.batch[c.next]
	c.batch[c.next] = event{}
	c.served()
	return e, true
}

// served goes on to the next event of the batch. A listener that serves events meanwhile is to get
// the rest.
func (c *client) served() {
	c.next++
	if c.next < len(c.batch) {
		c.source.Wake()
	}
}

// takeMessage returns the next event if it is a message that has arrived already and the script is
// to be told of it. Loop goroutine only.
func (c *client) takeMessage() *mqtt.Received {
	if c.closed || c.next == len(c.batch) || c.batch[c.next].kind != message {
		return nil
	}
	e := &c.batch[c.next]
	m := e.message
	e.message = nil
	c.served()
	return m
}

// drain serves up to most events.
func (c *client) drain(most int) (more bool) {
	for most > 0 {
		if c.vm.Loop().Stopped() {
			return false
		}
		e, ok := c.take()
		if !ok {
			return false
		}
		if e.kind == message && !c.closed {
			most -= c.deliver(e.message, most)
			continue
		}
		most--
		c.serve(&e)
	}
	return true
}

// serve tells the script of one event. After close() it is told the outcome of
// its calls and nothing else.
func (c *client) serve(e *event) {
	switch {
	case e.kind == callback:
		c.vm.Loop().Run(func() { e.call(e.err) })
	case e.kind == over:
		c.release()
	case c.closed:
	case e.kind == connected:
		c.up = true
		if c.accepted != nil {
			c.vm.Loop().Run(func() { c.accepted.Call(goja.Undefined(), c.obj) })
		}
		c.emit("connect")
	case e.kind == leaving:
		c.emit("close", c.errorObject(e.err))
	case e.kind == disconnected, e.kind == refused:
		if c.asked && !c.up { // connect has no other way to say that it failed
			c.fail(e.err)
		}
		if !c.closed {
			c.lost(e.err)
		}
	case e.kind == failed:
		c.fail(e.err)
	}
}

// deliver gives a message, and those that lie behind it in the queue, up to most in all, to their
// listeners, and returns how many it has given.
func (c *client) deliver(m *mqtt.Received, most int) (n int) {
	returned := false
	c.vm.Loop().RunEach(func() bool {
		if n > 0 {
			c.conclude(m, returned)
			if m = c.takeMessage(); m == nil {
				return false
			}
		}
		n++
		returned = false
		c.emitter.Emit("message", c.messageArguments(m)...)
		returned = true
		return n < most
	})
	if m != nil {
		c.conclude(m, returned)
	}
	return n
}

// conclude acknowledges a message once all of its listeners have returned. One whose listener threw
// is left to the server, which sends it again on a later connection of the session; those that come
// after it do not wait for that. When the script is ending, perhaps because of this message, nothing
// is said any more.
func (c *client) conclude(m *mqtt.Received, returned bool) {
	// An error means that the connection is gone: the server sends the message again.
	switch {
	case c.vm.Loop().Stopped():
	case returned:
		_ = m.Ack()
	default:
		_ = m.Skip()
	}
}

// emit tells the listeners of an event, unless the script has closed the client.
func (c *client) emit(name string, args ...goja.Value) {
	if !c.closed {
		c.emitter.Dispatch(name, args...)
	}
}

// fail emits an error. Poison that was thrown away is a line on standard error when the script
// does not listen to errors: else anybody who publishes it could end the script. One that only follows from a lost connection is left to
// 'disconnect' when the script listens to that and not to errors: its absence
// of error handling must not end a script that handles the loss.
func (c *client) fail(err error) {
	var poison *mqtt.PoisonError
	if errors.As(err, &poison) && c.emitter.Count("error") == 0 {
		_, _ = fmt.Fprintf(c.vm.Options().Stderr, "mqtt: %v\n", err) // a warning that cannot be written is lost
		return
	}
	if isLoss(err) && c.emitter.Count("error") == 0 && c.emitter.Count("disconnect") > 0 {
		return
	}
	c.emit("error", c.errorObject(err))
}

// lost tells that the connection is gone. The client closes itself.
func (c *client) lost(err error) {
	c.beginClose()
	c.vm.Loop().Run(func() {
		c.closed = true
		c.emitter.Emit("disconnect", c.errorObject(err))
	})
}
