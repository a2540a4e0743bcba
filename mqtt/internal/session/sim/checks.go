package sim

import (
	"errors"
	"slices"
)

// checkOutcomes: every publish ended once; what ended well has arrived, and what
// was not sent has not.
func (c *client) checkOutcomes() {
	last := map[byte]int{1: -1, 2: -1}
	for _, p := range c.published {
		times := c.w.server.arrived[p.name]
		c.checkLowered(p, times)
		switch {
		case p.ended != 1:
			c.w.violate("publish %d of QoS %d ended %d times", p.name, p.qos, p.ended)
		case p.err == nil && times == 0:
			c.w.violate("publish %d of QoS %d was acknowledged and never arrived", p.name, p.qos)
		case p.qos == 2 && times > 1 && !c.w.lowers && !(c.w.lossy && c.w.repub):
			c.w.violate("publish %d of QoS 2 arrived %d times", p.name, times)
		}
		if times == 0 || c.w.lossy && c.w.repub {
			continue
		}
		at := slices.Index(c.w.server.order, p.name)
		if at < last[p.qos] {
			c.w.violate("publish %d of QoS %d arrived out of order", p.name, p.qos)
		}
		last[p.qos] = at
	}
}

// checkLowered: a server without QoS 2 completes none, and has what it answered, and nothing of
// what was refused for that.
func (c *client) checkLowered(p *outgoing, times int) {
	switch {
	case p.err == nil && p.qos == 2 && c.w.lowers:
		c.w.violate("publish %d of QoS 2 was completed by a server that has none", p.name)
	case errors.Is(p.err, errLowered) && times == 0, errors.Is(p.err, errRefused) && times > 0:
		c.w.violate("publish %d arrived %d times, and ended with: %v", p.name, times, p.err)
	}
}

// checkStore: nothing is left of what has ended.
func (c *client) checkStore() {
	for key := range c.disk {
		switch {
		case key <= 2: // whose session it is, the sequence numbers, and the version
		case key>>56 == 4: // what was given up is aside
		case key>>56 == 3 && c.w.renumber: // the server never releases an identifier that it gave up
		default:
			c.w.violate("the store still has record %#x", key)
		}
	}
}
