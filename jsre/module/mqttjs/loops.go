package mqttjs

import (
	"fmt"
	"time"
)

// What waits for the loops of client.messages is bounded. Above loopBytes nothing more is read, so that the
// server waits; but the script may wait for an acknowledgement that stands behind, so that reading
// goes on up to mostLoopBytes while one is due. A loop that has not asked for stallTime may wait for anything,
// such as another message: then reading goes on, and what finds no room is dropped and told of.
const (
	loopBytes     = 1 << 20
	mostLoopBytes = 16 << 20
	stallTime     = time.Second

	heldPerMessage = 600 // bytes that a message of a loop takes beside what it holds
)

// loops is what waits for the loops of a client.
type loops struct {
	bytes   int
	asked   time.Time // for a message, last
	stalled bool
	watch   delay
	lost    int // messages that were dropped since a loop asked last
}

// waits reports whether the packets that have come wait for the script.
func (c *client) waits() bool { return c.busy || c.loops.bytes > loopBytes && c.holdsUp() }

// holdsUp decides that for the loops.
func (c *client) holdsUp() bool {
	l := &c.loops
	if l.stalled || c.owed.len() > 0 && l.bytes < mostLoopBytes || c.hasClosed() {
		return false
	}
	if !l.watch.runs() {
		l.asked = time.Now()
		l.watch.start(c, stallTime, c.lookAtLoops)
	}
	return true
}

// hasClosed reports whether the connection has ended: what came before is the rest.
func (c *client) hasClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.inbox) > 0 && c.inbox[len(c.inbox)-1].closed
}

// lookAtLoops notices that no loop has asked for a while.
func (c *client) lookAtLoops() {
	l := &c.loops
	if l.bytes <= loopBytes {
		return
	}
	if rest := stallTime - time.Since(l.asked); rest > 0 {
		l.watch.start(c, rest, c.lookAtLoops)
		return
	}
	l.stalled = true
	c.source.Wake()
}

// loopAsks notes that a loop asks for its next message, which took so many bytes.
func (c *client) loopAsks(bytes int) {
	l := &c.loops
	if l.bytes <= loopBytes && l.lost == 0 {
		l.bytes -= bytes
		return
	}
	l.bytes -= bytes
	l.asked, l.stalled = time.Now(), false
	if lost := l.lost; lost > 0 {
		l.lost = 0
		c.later(func() {
			c.tellLost(fmt.Sprintf("messages: %d messages were dropped because the loops took none; those of QoS 1 and 2 come again with the next connection", lost))
		})
	}
	if l.bytes <= loopBytes {
		l.watch.stop() // the next wait begins anew
		c.source.Wake()
	}
}

// loses drops a message that finds no room, and tells of the first one.
func (c *client) loses() {
	c.loops.lost++
	if c.loops.lost == 1 {
		c.later(func() {
			c.tellLost(fmt.Sprintf("messages: the loops have taken no message for %v, and %d MiB wait for them: further ones are dropped until they do", stallTime, mostLoopBytes>>20))
		})
	}
}

func (c *client) tellLost(text string) { c.emit("error", c.vm.NewError("Error", "ENOBUFS", text)) }

// owe notes an outcome that the script waits for. What tells of it may stand behind messages that wait.
func (c *client) owe(id uint16, d *debt) {
	c.owed.put(id, d)
	if c.loops.bytes > loopBytes {
		c.source.Wake()
	}
}
