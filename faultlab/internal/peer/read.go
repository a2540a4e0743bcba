package peer

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"dunlin/mqtt/mqtttest/packet"
)

// longest is the longest packet taken.
const longest = 1 << 20

var errTooLong = errors.New("peer: the packet is too long")

// received is a packet as it came.
type received struct {
	packet.Header
	body []byte
}

// readPacket reads one packet. It trusts the length no further than longest.
func readPacket(r *bufio.Reader, v packet.Version) (received, error) {
	for n := 2; ; n++ {
		head, err := r.Peek(n)
		if err != nil {
			return received{}, err
		}
		h, size, err := packet.ParseHeader(head, v)
		switch {
		case err != nil:
			return received{}, err
		case size == 0:
			continue
		case h.Length > longest:
			return received{}, fmt.Errorf("%w: %d bytes", errTooLong, h.Length)
		}
		p := received{Header: h, body: make([]byte, h.Length)}
		if _, err := r.Discard(size); err != nil {
			return received{}, err
		}
		_, err = io.ReadFull(r, p.body)
		return p, err
	}
}

// counter passes on what a client writes and ends the link behind the byte that its
// plan names.
type counter struct {
	link *link
	left int // bytes until the link ends; below 0: it does not end here
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	if c.left == 0 {
		c.left = -1
		c.link.peer.mu.Lock()
		c.link.endLocked(c.link.plan.Way, c.link.plan.At)
		c.link.peer.mu.Unlock()
	}
	if c.left > 0 {
		b = b[:min(len(b), c.left)]
	}
	n, err := c.link.conn.Read(b)
	if c.left > 0 {
		c.left -= n
	}
	return n, err
}
