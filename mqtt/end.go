package mqtt

import (
	"fmt"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// lastWords is how long a server that broke the protocol may take to read why
// the connection ends.
const lastWords = 5 * time.Second

// refuseLocked ends the connection because the server broke the protocol. An
// MQTT 5 server is told why; an earlier one is left without a word, so that it
// publishes the will.
func (c *Client) refuseLocked(err error) {
	code, err := packetError(err)
	switch rule := c.life.Rule(life.Packet); {
	case rule == life.Ignore: // it ends already
	case rule == life.Early, c.cfg.Version < V5:
		c.cutLocked(err)
	default:
		c.disconnectLocked(&wire.Disconnect{Code: code}, err)
	}
}

// packetError returns err as the application is told of it, and the code that an MQTT 5 server is told.
func packetError(err error) (wire.ReasonCode, error) {
	if e := (*wire.Error)(nil); asError(err, &e) {
		return e.Code, &PacketError{Code: ReasonCode(e.Code), Err: e}
	}
	return wire.ProtocolError, err
}

// disconnectLocked sends DISCONNECT to a server that may not listen, and ends the
// connection.
func (c *Client) disconnectLocked(p *wire.Disconnect, cause error) {
	c.send.buf = wire.AppendDisconnect(c.send.buf, wire.V5, p)
	c.conn.link.HurryUp(lastWords)
	c.hangUpLocked(cause)
}

// hangUpLocked has the write loop write what is there and end the connection.
func (c *Client) hangUpLocked(cause error) {
	c.leaveLocked(cause)
	c.send.last = true
	c.kickLocked()
}

// cutLocked ends the connection without another byte.
func (c *Client) cutLocked(cause error) {
	if c.leaveLocked(cause) {
		c.conn.link.Abort(cause)
	}
}

// leaveLocked notes why the connection is over and lets go of everybody who waits
// for it. What is published from here on waits for the next one, if there is to
// be one. It reports false when there is no connection.
func (c *Client) leaveLocked(cause error) bool {
	if !c.life.Leave(cause) {
		return false
	}
	if c.sess != nil {
		c.sess.Hold()
	}
	c.send.makeRoom()
	c.recv.openGate()
	return true
}

// abort cuts the connection.
func (c *Client) abort(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutLocked(cause)
}

// Ended implements link.Owner: the connection is closed. What cannot go on without
// it ends now.
func (o *owner) Ended(err error) {
	c := (*Client)(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaveLocked(err)
	c.recv.reading, c.recv.puller = readerNone, nil
	conn := c.conn
	conn.ended, conn.lost = c.life.Cause(), c.life.Lost()
	next := c.life.Detach(err, c.supervisor != nil && c.supervisor.running)
	c.breakStreamLocked()
	if !conn.accepted {
		conn.answered.give()
	}
	conn.down.give()
	if c.lasting() {
		c.suspendLocked()
		if conn.accepted {
			c.supervisor.lost(conn.remote, time.Since(c.life.Since()), conn.ended)
			c.tellOfEndLocked()
		}
	}
	switch next {
	case life.Wait: // who makes the connections will see
	case life.Reconnect:
		c.supervisor.running = true
		go c.connectLoop()
	case life.Finish:
		c.finishLocked(nil)
	}
}

// finishLocked ends the client: no connection follows.
func (c *Client) finishLocked(err error) {
	told := c.lasting()
	c.life.Finish(err)
	c.send.makeRoom() // to whoever waited for a connection
	c.recv.unacknowledged.Store(c.keptLocked())
	if c.saver != nil { // what is accepted is saved first
		c.saver.last = true
		c.kickLocked()
		return
	}
	c.failAllLocked()
	c.sess = nil
	if !told {
		c.tellOfEndLocked()
	}
	c.goneLocked()
}

// goneLocked lets go of everybody who waits for the end.
func (c *Client) goneLocked() {
	c.recv.end()
	c.gone.give()
}

// keptLocked reports whether the session outlives the connection.
func (c *Client) keptLocked() bool {
	switch {
	case c.cfg.Version < V5:
		return c.cfg.KeepSession
	case c.conn.accepted:
		return c.conn.connAck.SessionExpiry > 0
	default: // what an earlier connection asked for counts
		return c.cfg.Properties.SessionExpiry > 0
	}
}

// failAllLocked ends what was unfinished.
func (c *Client) failAllLocked() {
	cause := c.life.End()
	c.failWaitersLocked(cause)
	if c.sess == nil {
		return
	}
	for _, e := range c.sess.Unfinished() {
		if d, ok := e.Owner.(*Delivery); ok {
			c.settleLocked(d, d.failure(c.outcomeLocked(d), cause))
		}
	}
	for _, r := range c.subs.parked {
		c.settleLocked(&r.Delivery, r.failure(c.outcomeLocked(&r.Delivery), cause))
	}
	c.subs.parked = nil
}

// failWaitersLocked ends the QoS 0 publishes that somebody waits for and that
// were not written.
func (c *Client) failWaitersLocked(cause error) {
	for _, d := range c.send.waiters {
		c.settleLocked(d, d.failure(c.outcomeLocked(d), cause))
	}
	c.send.waiters = nil
}

// breakStreamLocked ends a payload that will not come whole. Its message is to
// come again.
func (c *Client) breakStreamLocked() {
	s := c.recv.stream
	if s == nil {
		return
	}
	c.recv.stream = nil
	s.fail(fmt.Errorf("payload cut off: %w", c.conn.lost))
	if c.sess != nil && s.item.seq != 0 {
		c.sess.Drop(nil, s.item.seq)
	}
}
