package mqtt

import "time"

// dropLocked counts a QoS 0 message that is lost because no handler takes any,
// and tells the Error handler, once for all that were lost meanwhile.
func (c *Client) dropLocked() {
	c.in.dropped++
	if c.in.dropped > 1 {
		return
	}
	c.pushEventLocked(func() {
		c.mu.Lock()
		err := &DroppedError{Messages: c.in.dropped}
		c.in.dropped = 0
		c.mu.Unlock()
		c.log.Warn("mqtt: messages dropped", "error", err)
		if f := c.transport.Handlers.Error; f != nil {
			f(err)
		}
	})
}

// stuckTime is how long no handler may return, while somebody waits for the
// server and the receive queue is overfull, before reading goes on: the handler
// may be the one that waits.
const stuckTime = time.Second

// jammedLocked reports whether a server that does not read has made the client
// answer so much that no more is taken from it: memory ends, too.
func (c *Client) jammedLocked() bool {
	return len(c.out.buf)/overrun >= c.cfg.Limits.SendBytes // see overfull
}

// AwaitRoom implements link.Owner: it returns when there is room for more
// messages, and for what they are answered with. While somebody waits for the server, what they wait for may stand
// behind messages that nobody takes: then more is taken in, up to a bound, and
// beyond it as long as handlers return.
func (o *owner) AwaitRoom(ended <-chan struct{}) {
	if !o.in.crowded {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	(*Client)(o).noteHandledLocked()
	for o.state == connected && (o.in.heldBack(&o.cfg.Limits) || (*Client)(o).jammedLocked()) {
		if !o.pause(ended) {
			return
		}
	}
}

// pause waits until something changed, and reports whether to look again. It
// gives up the lock meanwhile.
func (o *owner) pause(ended <-chan struct{}) bool {
	var patience <-chan time.Time
	if o.in.waiting > 0 && !(*Client)(o).jammedLocked() {
		timer := time.NewTimer(stuckTime)
		defer timer.Stop()
		patience = timer.C
	}
	(*Client)(o).noteHandledLocked()
	before := o.in.through
	o.in.paused = true
	o.sess.Pause(time.Now(), true)
	o.mu.Unlock()
	late := false
	select {
	case <-o.in.gate:
	case <-patience:
		late = true
	case <-ended:
	}
	o.mu.Lock()
	o.in.paused = false
	select {
	case <-ended:
		return false
	default:
	}
	o.sess.Pause(time.Now(), false)
	(*Client)(o).noteHandledLocked()
	(*Client)(o).kickLocked() // a ping may have to be answered earlier now
	o.in.stuck = o.in.stuck || late && o.in.through == before
	return !o.in.stuck || (*Client)(o).jammedLocked()
}

// heldBack reports whether reading has to wait.
func (in *inbox) heldBack(l *Limits) bool {
	if in.waiting > 0 {
		return in.overfull(l) && !in.stuck
	}
	return in.full(l)
}
