package sim

import "slices"

// checkOutcomes: every publish ended once; what ended well has arrived, and what
// was not sent has not.
func (c *client) checkOutcomes() {
	last := map[byte]int{1: -1, 2: -1}
	for _, p := range c.published {
		times := c.w.server.arrived[p.name]
		switch {
		case p.ended != 1:
			c.w.violate("publish %d of QoS %d ended %d times", p.name, p.qos, p.ended)
		case p.err == nil && times == 0:
			c.w.violate("publish %d of QoS %d was acknowledged and never arrived", p.name, p.qos)
		case p.qos == 2 && times > 1 && !(c.w.lossy && c.w.repub):
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
