package mqtt

import (
	"slices"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// straightSize is the size of packets from where on a payload is read straight into its memory. Below,
// to read several packets at once and to copy them costs less.
const straightSize = 128 << 10

// Room implements link.Owner. The client's mutex is held.
func (o *owner) Room(size int, came []byte, moves bool) []byte {
	c := (*Client)(o)
	switch taken := c.life.Rule(life.Packet) == life.Take; {
	case !taken && moves: // nobody gets it any more
		return append(fresh(size, len(came)), came...)
	case !taken:
		return nil
	}
	c.recv.watchSpare()
	b := c.recv.memory.room(size, came)
	if moves {
		c.recv.memory.giveBack(&lent{came}, c.cfg.Limits.ReceiveBytes)
	}
	return b
}

// Large implements link.Owner. The client's mutex is held.
func (o *owner) Large(h wire.Header, head, payload []byte) error {
	c := (*Client)(o)
	p, n, err := wire.ParsePublishHead(h, head, wire.Version(c.cfg.Version))
	if err != nil || n != len(head) || c.life.Rule(life.Packet) != life.Take {
		return o.Frame(h, slices.Concat(head, payload)) // which tells
	}
	p.Payload = payload
	c.recv.memory.came = payload
	err = c.handlePublish(&p)
	if c.recv.memory.came != nil { // nobody wants it
		c.recv.memory.came = nil
		defer c.recv.memory.giveBack(&lent{payload}, c.cfg.Limits.ReceiveBytes)
	}
	if err != nil {
		return c.takeFaultLocked(h, slices.Concat(head, payload), err)
	}
	return nil
}
