package link

import (
	"bytes"

	"dunlin/mqtt/internal/wire"
)

// Trace sees a whole packet on its way. size is its length; packet is shorter where it
// is streamed, and is borrowed.
type Trace func(sent bool, packet []byte, size int)

// traceInput shows the whole packets that wait in the buffer, before the owner gets
// them, and the beginning of one that is streamed or refused.
func (l *Link) traceInput(in *inbox) {
	if l.cfg.Trace == nil {
		return
	}
	b := in.buf[in.start:in.end]
	if in.left > 0 { // of a payload that is streamed
		b = b[min(in.left, len(b)):]
	}
	shown := in.shown // of the first one
	for len(b) > 0 {
		h, n, err := wire.ParseHeader(b, wire.Version(l.version.Load()))
		size := n + h.Length
		large := size > l.cfg.MaxPacket
		if err != nil || n == 0 || size > len(b) && !large { // more is to come
			return
		}
		whole := min(size, len(b))
		if !shown {
			l.cfg.Trace(false, b[:whole], size)
		}
		in.shown = size > len(b)
		b, shown = b[whole:], false
	}
}

// traceOutput shows the packets of a batch.
func (l *Link) traceOutput(batch *Batch) {
	if l.cfg.Trace == nil {
		return
	}
	b := bytes.Join(batch.buffers(), nil)
	for len(b) > 0 {
		n := packetSize(b)
		l.cfg.Trace(true, b[:n], n)
		b = b[n:]
	}
}

// packetSize returns the length of the packet at the front of b, which we have made.
func packetSize(b []byte) int {
	length, shift := 0, 0
	for i := 1; i < len(b); i++ {
		length |= int(b[i]&0x7F) << shift
		if shift += 7; b[i] < 0x80 {
			return min(i+1+length, len(b))
		}
	}
	return len(b)
}
