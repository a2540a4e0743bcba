package mqtt

import (
	"errors"
	"fmt"
	"log/slog"
	"syscall"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// endedByServer reports whether err, by which an accepted connection ended, may be
// the server's answer to a message: it closed or reset the connection, or said
// that it does not like something. A server that is leaving or full, or that
// prefers another client, says nothing about messages.
func endedByServer(err error) bool {
	var left *DisconnectError
	if errors.As(err, &left) {
		switch wire.ReasonCode(left.Code) {
		case wire.ServerBusy, wire.ServerShuttingDown, wire.KeepAliveTimeout, wire.SessionTakenOver,
			wire.AdministrativeAction, wire.ConnectionRateExceeded, wire.UseAnotherServer, wire.ServerMoved:
			return false
		}
		return true
	}
	return errors.Is(err, ErrServerClosed) || errors.Is(err, ErrTruncated) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// blamesMessage reports whether the server said, as it ended the connection, that it does not like what it was sent. A cluster
// that only cannot take a message for a while says something else, or nothing.
func blamesMessage(left *DisconnectError) bool {
	switch wire.ReasonCode(left.Code) {
	case wire.MalformedPacket, wire.ProtocolError, wire.NotAuthorized, wire.TopicNameInvalid, wire.PacketTooLarge,
		wire.PayloadFormatInvalid, wire.RetainNotSupported, wire.QoSNotSupported:
		return true
	}
	return false
}

// quarantineLocked ends the publishes at which the server disconnects each time, so
// that the rest can go on.
func (c *Client) quarantineLocked(entries []*session.Entry) {
	for _, e := range entries {
		c.send.quarantined++
		c.logLocked(slog.LevelError, "mqtt: a message is put aside: the server disconnects at it", "error", c.conn.ended)
		c.failEntryLocked(e, ErrInDoubt, fmt.Errorf("%w: %w", ErrQuarantined, c.conn.ended))
	}
}
