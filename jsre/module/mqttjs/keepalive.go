package mqttjs

import (
	"time"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// watch sees to it that the connection is used at least once in a keep alive interval [MQTT-3.1.2-20],
// and notices a server that does not answer. A sign of life costs it no more than a look at the clock: its timer
// reads what came in when it fires.
type watch struct {
	timer    *engine.Timer
	interval time.Duration
	sign     time.Time // of life, the last one
	asked    bool      // a PINGREQ was sent since then
}

// due is when something is to be done: to ask the server, and half an interval later to give it up.
func (w *watch) due() time.Time {
	if w.asked {
		return w.sign.Add(w.interval + w.interval/2)
	}
	return w.sign.Add(w.interval)
}

// keepAlive is the interval in force in seconds.
func (c *client) keepAlive() int {
	own := int(c.opt("keepalive").ToInteger())
	if own > 0 && c.keepAliveByServer > 0 && c.life.Connected() {
		return c.keepAliveByServer
	}
	return own
}

// startWatch begins to watch the connection, unless there is no keep alive.
func (c *client) startWatch() {
	c.stopWatch()
	if n := c.keepAlive(); n > 0 {
		c.watch = &watch{interval: time.Duration(n) * time.Second, sign: time.Now()}
		c.watch.arm(c)
	}
}

func (c *client) stopWatch() {
	if c.watch != nil {
		c.watch.timer.Cancel()
		c.watch = nil
	}
}

func (w *watch) arm(c *client) {
	w.timer = c.vm.Loop().NewTimer(time.Until(w.due()), false, func() {
		if c.watch == w {
			w.look(c)
		}
	})
}

// look does what is due by now.
func (w *watch) look(c *client) {
	switch {
	case time.Now().Before(w.due()):
	case !w.asked:
		w.asked = true
		c.sendPing()
	case c.hasUnread(): // the script was busy: what the server sent meanwhile is a sign
		w.sign = time.Now().Add(-w.interval)
	default:
		c.breakOff(c.plainError("Keepalive timeout"))
		return
	}
	if c.watch == w {
		w.arm(c)
	}
}

func (c *client) sendPing() { c.send(&outgoing{p: packet.Packet{Type: packet.PingReq}}) }

// reschedulePing notes a sign of life. The option reschedulePings wants that of other packets than PINGRESP.
func (c *client) reschedulePing(force bool) {
	if w := c.watch; w != nil && (force || c.optBool("reschedulePings")) {
		w.sign, w.asked = time.Now(), false
	}
}
