package mqtt

import "time"

// Stats is what a client has done and has to do.
type Stats struct {
	Connected    bool
	Connections  int           // that the server accepted
	Retries      int           // in a row, since the last stable connection
	InFlight     int           // QoS 1 and 2 publishes that wait for an acknowledgement
	Queued       int           // publishes that wait to be sent
	QueuedBytes  int           // the packets of both
	Dropped      uint64        // publishes that QueueDropOldest gave up
	Quarantined  int           // publishes given up because the server disconnects at them; with those of earlier processes that the Store has
	Received     int           // messages that wait for a handler, or are being handled
	BytesWritten uint64        // to the network, in all connections
	BytesRead    uint64        // from the network, in all connections
	RTT          time.Duration // of the last ping; 0: none was answered yet
}

// Stats returns the figures of this moment.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{
		Connected: c.state == connected, Connections: 1, RTT: c.rtt,
		Received: c.in.messages, BytesRead: c.in.read,
	}
	if w := c.course; w != nil {
		s.Connections, s.Retries, s.Dropped, s.Quarantined = w.accepts, w.tries, w.dropped, w.aside
	} else if !c.accepted {
		s.Connections = 0
	}
	s.BytesWritten = c.out.written + c.out.lent.sum()
	for _, l := range c.out.lost {
		s.BytesWritten -= l.end - l.written
	}
	if c.sess != nil {
		s.InFlight, s.Queued, s.QueuedBytes = c.sess.InFlight(), c.sess.Queued(), max(c.sess.Held(), c.sess.QueueBytes())
	}
	return s
}
