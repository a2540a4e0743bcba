package broker

import (
	"net"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
)

// visited is the connection of a visit, by which a client of the wrapped broker is
// known as long as anybody has it.
type visited struct {
	net.Conn
	visit *visit
	tell  func(*mochi.Client) // that a packet is too large

	// These are of the goroutine that reads.
	lengths  packetLengths
	held     []byte // what begins with the packet that is too large
	tooLarge bool   // there is one: nothing after it is looked at
}

// SetDeadline sets the end of the client's keep alive, one and a half times as long [MQTT-3.1.2-22]. The wrapped broker calculates
// it in whole seconds and 16 bits: of 1 s it is 1 s, and of 43,691 s none at all.
func (c *visited) SetDeadline(t time.Time) error {
	if !t.IsZero() && c.visit.patience > 0 {
		t = time.Now().Add(c.visit.patience)
	}
	return c.Conn.SetDeadline(t)
}
