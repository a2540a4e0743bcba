package mqtt

import (
	"context"
	"log/slog"
)

// logs reports whether anybody reads what Transport.Logger gets.
func (c *Client) logs() bool { return c.opened.Transport.Logger.Handler() != slog.DiscardHandler }

// logRecordSize is what a record that waits for the log is counted as, besides the errors in it.
const logRecordSize = 256

// logLocked queues a record for the log, whose handler is the application's: it may block, and may ask the client something.
func (c *Client) logLocked(level slog.Level, message string, args ...any) {
	if !c.logs() {
		return
	}
	size := logRecordSize
	for _, arg := range args {
		if err, is := arg.(error); is {
			size += memoryOf(err)
		}
	}
	c.recv.pushSized(size, func() { c.opened.Transport.Logger.Log(context.Background(), level, message, args...) })
}

// tellOfConnectionLocked queues what tells the application and the log that the server has accepted the session.
func (c *Client) tellOfConnectionLocked() {
	f, ack, remote, number := c.opened.OnConnect, c.conn.connAck, c.conn.remote, c.life.Accepts()
	if c.logs() {
		c.recv.pushEvent(func() {
			c.opened.Transport.Logger.Info("mqtt: connected", "server", remote, "client", ack.ClientID,
				"version", ack.Version.String(), "session", ack.SessionPresent, "connection", number)
		})
	}
	if f != nil {
		c.recv.pushEvent(func() { f(c) })
	}
}

// tellOfEndLocked queues what tells of the end of a connection.
func (c *Client) tellOfEndLocked() {
	if !c.life.TellsOfEnd() {
		return
	}
	cause, remote := c.life.Cause(), c.conn.remote
	if c.logs() {
		c.recv.pushEventOf(cause, func() {
			c.opened.Transport.Logger.Warn("mqtt: connection lost", "server", remote, "because", cause)
		})
	}
	if f := c.opened.OnDisconnect; f != nil {
		c.recv.pushEventOf(cause, func() { f(cause) })
	}
}
