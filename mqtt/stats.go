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
	Quarantined  int           // publishes given up (ErrQuarantined), with those of earlier processes in the Store
	Poison       int           // messages that were thrown away, see PoisonError
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
		Connected: c.life.Live(), Connections: c.life.Accepts(), RTT: c.conn.rtt,
		Received: c.recv.messages, BytesRead: c.recv.read,
	}
	if c.supervisor != nil {
		s.Retries = c.supervisor.tries
	}
	s.Dropped, s.Quarantined = c.send.dropped, c.send.quarantined
	s.BytesWritten = c.send.written - c.send.unsent + c.send.apart.sum()
	if p := c.conn.poison; p != nil {
		s.Poison = p.messages
	}
	if c.sess != nil {
		s.InFlight, s.Queued, s.QueuedBytes = c.sess.InFlight(), c.sess.Queued(), max(c.sess.Held(), c.sess.QueueBytes())
	}
	return s
}
