package sim

import "slices"

// turns counts what came about while a reader ran the handlers.
type turns struct {
	turns, largest int // and the most messages of one
	published      int // by handlers, before what was read with their message was answered
	handOvers      int // to another reader, because a handler waited
	taken          int // packets that the other reader took then
	losses         int // of the connection or the process meanwhile
}

// turn is what a reader does that runs the handlers itself: it takes several packets with one
// read, has the application act on the messages in order, then acknowledges what that is through
// with, and writes all answers at once.
func (c *client) turn() {
	if !c.w.up {
		return
	}
	for range c.w.rng.IntN(10) {
		c.w.server.publish()
		c.w.server.respond()
	}
	taken := 0
	for range 1 + c.w.rng.IntN(12) {
		if c.read() {
			taken++
		}
	}
	for saved := true; saved && c.w.chance(80); { // what has to be on record before it is handled
		saved = c.saveStep()
	}
	c.w.trace.note("turn of %d", taken)
	c.turns.turns++
	c.turns.largest = max(c.turns.largest, len(c.inbox))
	if c.runHandlers() {
		c.answer()
		c.write()
	}
}

// runHandlers has the application act on all messages that are there, which may publish, take back
// a publish, or wait. It reports false when the process was killed meanwhile.
func (c *client) runHandlers() (alive bool) {
	for range len(c.inbox) {
		if !c.handle() {
			break
		}
		switch n := c.w.rng.IntN(100); {
		case n < 25:
			c.publish()
			c.turns.published++
		case n < 30:
			c.cancel()
		case n < 50 && !c.handOver():
			return false
		}
	}
	return true
}

// handOver is what goes on while the handler of the message at hand waits: what was handled before
// is acknowledged, and another reader takes further packets, which nobody handles yet. The
// connection may be lost, and another one come about. It reports false when the process was killed.
func (c *client) handOver() (alive bool) {
	c.turns.handOvers++
	kills, cuts := c.kills, c.cuts
	last := len(c.handled) - 1
	current := c.handled[last]
	c.handled = c.handled[:last]
	c.answer()
	c.write()
	for range 1 + c.w.rng.IntN(10) {
		c.w.meanwhile()
		if c.kills != kills {
			c.turns.losses++
			return false
		}
	}
	if c.cuts != cuts {
		c.turns.losses++
	}
	c.handled = append(c.handled, current)
	return true
}

// meanwhile does one thing that does not need the handlers.
func (w *world) meanwhile() {
	switch n := w.rng.IntN(100); {
	case n < 30:
		if w.client.read() {
			w.client.turns.taken++
		}
	case n < 45:
		w.server.read()
	case n < 60:
		w.server.respond()
	case n < 65:
		w.server.publish()
	case n < 75:
		w.client.saveStep()
	case n < 82:
		w.client.write()
	case n < 87:
		w.client.publish()
	case n < 92:
		w.cut()
	case n < 94:
		w.kill()
	default:
		w.connect()
	}
}

// answer acknowledges what was handled, in order, but for one that the application may keep to
// acknowledge it later.
func (c *client) answer() {
	kept := -1
	if len(c.handled) > 0 && c.w.chance(10) {
		kept = c.w.rng.IntN(len(c.handled))
	}
	all := slices.Clone(c.handled)
	c.handled = c.handled[:0]
	for i, m := range all {
		if i == kept {
			c.handled = append(c.handled, m)
			continue
		}
		c.conclude(m)
	}
}
