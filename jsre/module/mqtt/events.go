package mqtt

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
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
	done    *engine.Func // of callback: is told err
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

// takeQuick returns the next event if it has arrived already and is one that [client.deliver] takes.
func (c *client) takeQuick() (event, bool) {
	if c.next == len(c.batch) || !c.quick(&c.batch[c.next]) {
		return event{}, false
	}
	return c.take()
}

// quick reports whether the script is told of an event by calling functions of it, and nothing else.
func (c *client) quick(e *event) bool {
	return e.kind == callback || e.kind == message && !c.closed
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
		if c.quick(&e) {
			most -= c.deliver(e, most)
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
	case e.kind == over:
		c.over = true
		for _, e := range c.late {
			c.vm.Loop().Run(func() { c.tell(e.done, e.err) })
		}
		c.late = nil
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

// deliver gives a message to its listeners, or an outcome to its callback, and so on with the events
// that lie behind it in the queue, up to most in all. It returns how many it has served.
func (c *client) deliver(e event, most int) (n int) {
	returned, ok := false, true
	c.vm.Loop().RunEach(func() bool {
		if n > 0 {
			c.conclude(&e, returned)
			if e, ok = c.takeQuick(); !ok {
				return false
			}
		}
		n++
		returned = false
		if e.kind == message {
			c.emitter.Emit("message", c.messageArguments(e.message)...)
		} else {
			c.tell(e.done, e.err)
		}
		returned = true
		return n < most
	})
	c.conclude(&e, returned)
	return n
}

// tell calls a callback with the outcome of its call.
func (c *client) tell(done *engine.Func, err error) {
	if err != nil {
		done.Call(goja.Undefined(), c.errorObject(err))
		return
	}
	done.Call(goja.Undefined(), goja.Undefined())
}

// conclude acknowledges a message, if the event is one, once all of its listeners have returned. One whose listener threw
// is left to the server, which sends it again on a later connection of the session; those that come
// after it do not wait for that. When the script is ending, perhaps because of this message, nothing
// is said any more.
func (c *client) conclude(e *event, returned bool) {
	m := e.message
	// An error means that the connection is gone: the server sends the message again.
	switch {
	case m == nil || c.vm.Loop().Stopped():
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
