package mqtt

import (
	"cmp"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/link"
)

// full reports whether reading has to wait for handlers, unless somebody waits
// for the server.
func (r *receiver) full() bool {
	return r.messages >= cmp.Or(r.limits.ReceiveMessages, 1) || r.bytes >= cmp.Or(r.limits.ReceiveBytes, 1) || r.stream.full()
}

// nearlyFull reports whether so much waits that each message is to be counted as it is handled: else those of
// one read would count together with the one whose handler blocks, and might stop the reading.
func (r *receiver) nearlyFull() bool {
	return r.messages > r.limits.ReceiveMessages/2 || r.bytes > r.limits.ReceiveBytes/2
}

// overfull reports whether even a QoS 0 message more is too much.
func (r *receiver) overfull() bool {
	// Not multiplied: with large limits that does not fit into the int of a 32-bit build.
	return r.messages/overrun >= r.limits.ReceiveMessages || r.bytes/overrun >= r.limits.ReceiveBytes
}

// drops reports whether QoS 0 messages are lost now.
func (r *receiver) drops() bool { return r.stuck && r.overfull() }

// heldBack reports whether reading has to wait.
func (r *receiver) heldBack() bool {
	if r.waiting > 0 || r.over {
		return (r.overfull() || r.stream.overfull()) && !r.stuck
	}
	return r.full()
}

// openGate wakes who reads if it waits for room.
func (r *receiver) openGate() {
	if r.paused {
		select {
		case r.gate <- struct{}{}:
		default:
		}
	}
}

// drop counts a QoS 0 message, or a report of poison, that is lost because no handler takes any, and
// tells the Error handler, once for all that were lost meanwhile.
func (r *receiver) drop() {
	r.dropped++
	if r.dropped > 1 {
		return
	}
	r.pushEvent(func() {
		r.mu.Lock()
		err := &DroppedError{Messages: int(r.dropped)}
		r.dropped = 0
		r.mu.Unlock()
		r.tellDropped(err)
	})
}

// tellDropped tells the log and the Error handler of messages that are lost.
func (r *receiver) tellDropped(err error) {
	r.guard.cfg.Transport.Logger.Warn("mqtt: messages dropped", "error", err)
	r.report(err)
}

// noteUnhandled counts a message that nobody takes, and tells the Error handler, once for
// all that follow at once. Who delivers calls it.
func (r *receiver) noteUnhandled(topic string) {
	r.unhandled++
	if r.unhandled > 1 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushEvent(func() {
		err := &UnhandledError{Messages: int(r.unhandled), Topic: topic}
		r.unhandled = 0
		r.tellDropped(err)
	})
}

// stuckTime is how long no handler may return, while somebody waits for the
// server and the receive queue is overfull, before reading goes on: the handler
// may be the one that waits.
const stuckTime = time.Second

// jammedLocked reports whether a server that does not read has made the client
// answer so much that no more is taken from it: memory ends, too.
func (c *Client) jammedLocked() bool {
	return len(c.send.buf)/overrun >= c.cfg.Limits.SendBytes // see overfull
}

// patience is how long reading waits for handlers before the link reads ahead, so that
// the pings of a WebSocket are answered, and that the end of the connection is heard. A
// handler that only takes its time costs nothing that way.
const patience = 100 * time.Millisecond

// mostAhead is how much is read ahead, in bytes, unless Limits.ReceiveBytes is less.
const mostAhead = 256 << 10

// AwaitRoom implements link.Owner: it returns when there is room for more
// messages, and for what they are answered with. While somebody waits for the server,
// what they wait for may stand behind messages that nobody takes: then more is taken
// in, up to a bound, and beyond it as long as handlers return. The end of the input, when
// that was read ahead, is waited for in the same way.
func (o *owner) AwaitRoom(ended <-chan struct{}) (ahead int, reads bool) {
	c := (*Client)(o)
	if !c.recv.crowded {
		return 0, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recv.noteHandled()
	var p pause
	for c.wantsRoomLocked() {
		if c.recv.puller != nil { // it has to come back when there is something for it
			c.recv.resume(false)
			return 0, false
		}
		switch c.pauseLocked(&p, ended) {
		case goOn:
			return 0, true
		case grewLong:
			return min(mostAhead, max(c.cfg.Limits.ReceiveBytes, c.opened.Transport.ReadBuffer)), true
		case lookAgain:
		}
	}
	return 0, true
}

// wantsRoomLocked reports whether who reads has to wait.
func (c *Client) wantsRoomLocked() bool {
	r := &c.recv
	r.over = c.conn.link.Ahead() == link.AheadOver
	return c.life.Rule(life.Packet) == life.Take && (r.heldBack() || c.jammedLocked() && !r.over)
}

// pause is what who reads remembers while it waits. It looks up whenever something changes, such as
// that something was written.
type pause struct {
	began   time.Time // zero: not yet
	still   time.Time // since when somebody waits for the server and no handler returned; zero: nobody does
	through uint64    // of the receiver, then
}

// untilStuck returns how long no handler may return from now on.
func (p *pause) untilStuck(now time.Time, through uint64) time.Duration {
	if p.still.IsZero() || p.through != through {
		p.still, p.through = now, through
	}
	return stuckTime - now.Sub(p.still)
}

// isStuck reports whether none has returned for too long.
func (p *pause) isStuck(now time.Time, through uint64) bool {
	return !p.still.IsZero() && p.through == through && now.Sub(p.still) >= stuckTime
}

// pauseEnd says how who reads goes on after it has waited.
type pauseEnd byte

const (
	lookAgain pauseEnd = iota // something changed
	goOn                      // whatever waits
	grewLong                  // the link is to read ahead
)

// pauseLocked waits until something changed. It gives up the lock meanwhile.
func (c *Client) pauseLocked(p *pause, ended <-chan struct{}) pauseEnd {
	r := &c.recv
	r.noteHandled()
	now, ahead := time.Now(), c.conn.link.Ahead()
	if p.began.IsZero() {
		p.began = now
	}
	if ahead == link.AheadOff {
		c.watchPauseLocked(now, p.began)
	}
	var late <-chan time.Time
	if r.waiting > 0 && !c.jammedLocked() {
		timer := time.NewTimer(p.untilStuck(now, r.through))
		defer timer.Stop()
		late = timer.C
	} else {
		p.still = time.Time{}
	}
	if r.gate == nil {
		r.gate = make(chan struct{}, 1)
	}
	r.paused = true
	c.sess.Pause(now, ahead != link.AheadReads)
	isOver := c.awaitChangeLocked(late, ended)
	r.paused = false
	if isOver {
		return goOn
	}
	now = time.Now()
	c.sess.Pause(now, false)
	r.noteHandled()
	c.kickLocked() // a ping may have to be answered earlier now
	r.stuck = r.stuck || p.isStuck(now, r.through)
	switch {
	case r.stuck && !c.jammedLocked():
		return goOn
	case ahead == link.AheadOff && !c.conn.watched && now.Sub(p.began) >= patience && c.wantsRoomLocked():
		return grewLong
	default:
		return lookAgain
	}
}

// awaitChangeLocked waits for the gate, for late, or for the end of the link, and reports
// whether that has ended.
func (c *Client) awaitChangeLocked(late <-chan time.Time, ended <-chan struct{}) bool {
	c.mu.Unlock()
	defer c.mu.Lock()
	select {
	case <-c.recv.gate:
	case <-late:
	case <-ended:
	}
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// watchPauseLocked has the gate opened when it is time to see how long the pause is that began
// then. The timer is left running when the pause ends: none is set for each of the many short ones.
func (c *Client) watchPauseLocked(now, began time.Time) {
	conn := c.conn
	if conn.watched {
		return
	}
	conn.watched = true
	time.AfterFunc(max(patience-now.Sub(began), 0), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		conn.watched = false
		c.recv.openGate()
	})
}

// HeardAhead implements link.Owner: what comes tells that the server lives, and as long as
// the link reads, silence counts.
func (o *owner) HeardAhead(now time.Time, n int, state link.AheadState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n > 0 {
		o.sess.Received(now)
	}
	if o.recv.paused {
		o.sess.Pause(now, state != link.AheadReads)
	}
	if state == link.AheadOver {
		(&o.recv).openGate()
	}
}
