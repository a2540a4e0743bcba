package mqtt

import (
	"errors"
	"fmt"
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

// quarantineLocked ends the publishes at which the server disconnects each time, so
// that the rest can go on.
func (c *Client) quarantineLocked(entries []*session.Entry) {
	for _, e := range entries {
		c.send.quarantined++
		c.opened.Transport.Logger.Error("mqtt: a message is put aside: the server disconnects at it", "last", c.conn.ended)
		c.failEntryLocked(e, ErrInDoubt, fmt.Errorf("%w: %w", ErrQuarantined, c.conn.ended))
	}
}
