package broker

import (
	"io"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Here a client of MQTT 5 is told that a packet is too large [MQTT-3.2.2-15]. The wrapped broker closes the connection
// without a word, and nothing that it calls comes before that. So the connection looks at the lengths of the packets itself,
// and tells before it hands the length on that is too much.

// Read reads up to a packet that is too large, and from there on after the client was told of it.
func (c *visited) Read(p []byte) (int, error) {
	if len(c.held) > 0 {
		if c.tooLarge && c.tell != nil {
			c.sayTooLarge()
		}
		n := copy(p, c.held)
		c.held = c.held[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if c.tooLarge {
		return n, err
	}
	before, tooLarge := c.lengths.pass(p[:n])
	if !tooLarge {
		return n, err
	}
	c.tooLarge, c.held = true, append(c.held, p[before:n]...)
	if before > 0 {
		return before, nil
	}
	return c.Read(p)
}

// sayTooLarge tells the client, once, and takes what it still sends for a while: a connection that is closed while data
// arrives is reset, and what was written last may be lost with it.
func (c *visited) sayTooLarge() {
	tell := c.tell
	c.tell = nil
	client := c.visit.client // the goroutine that reads has set it
	if client == nil || client.Properties.ProtocolVersion < 5 {
		return
	}
	tell(client)
	_ = c.Conn.SetReadDeadline(time.Now().Add(farewellLimit))
	_, _ = io.Copy(io.Discard, c.Conn) // until the client has closed, or the deadline
}

// tellTooLarge sends DISCONNECT. The wrapped broker closes the connection when it has read the length.
func tellTooLarge(cl *mochi.Client) {
	limit := time.Now().Add(farewellLimit)
	_ = cl.Net.Conn.SetWriteDeadline(limit)
	// An error means that the connection is gone, which is what comes next anyway.
	_ = cl.WritePacket(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Disconnect},
		ReasonCode:  packets.ErrPacketTooLarge.Code,
		Properties:  packets.Properties{ReasonString: packets.ErrPacketTooLarge.Reason},
	})
}

// packetLengths follows the packets in a stream of bytes.
type packetLengths struct {
	rest   int // how many bytes of a packet are to come, when its length is known
	header int // how many bytes of the next one's header came: its type, and then its length
	length int // what these say

	kind       byte // of the packet
	disconnect byte // the reason code of a DISCONNECT that has nothing else
}

// pass looks at the bytes that come next, and returns how many there are before the last byte of a length that is too much.
func (l *packetLengths) pass(p []byte) (before int, tooLarge bool) {
	for i := 0; i < len(p); {
		if l.rest > 0 {
			if l.kind>>4 == packets.Disconnect && l.rest == 1 {
				l.disconnect = p[i]
			}
			n := min(l.rest, len(p)-i)
			l.rest -= n
			i += n
			continue
		}
		if l.take(p[i]); l.rest+1 > maxPacketSize {
			return i, true
		}
		i++
	}
	return 0, false
}

// take takes the next byte of a header.
func (l *packetLengths) take(b byte) {
	l.header++
	if l.header == 1 {
		l.kind = b
		return
	}
	l.length |= int(b&0x7f) << (7 * (l.header - 2))
	if b < 0x80 || l.header == 5 { // a fifth byte of a length is an error, which the wrapped broker finds
		l.rest, l.header, l.length = l.length, 0, 0
	}
}
