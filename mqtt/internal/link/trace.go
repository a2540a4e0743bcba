package link

import (
	"bytes"

	"dunlin/mqtt/internal/wire"
)

// Trace sees a whole packet on its way. size is its length; packet is shorter where it
// is streamed, and is borrowed.
type Trace func(sent bool, packet []byte, size int)

// traceInput shows the whole packets that wait in the buffer, before the owner gets
// them.
func (l *Link) traceInput(in *inbox) {
	if l.cfg.Trace == nil {
		return
	}
	b := in.buf[in.start:in.end]
	if in.left > 0 { // of a payload that is streamed
		b = b[min(in.left, len(b)):]
	}
	for len(b) > 0 {
		h, n, err := wire.ParseHeader(b, wire.Version(l.version.Load()))
		size := n + h.Length
		switch {
		case err != nil || n == 0 || size > len(b) && size <= l.cfg.MaxPacket: // more is to come
			return
		case size > l.cfg.MaxPacket && in.shown: // it is streamed, or refused
			return
		}
		in.shown = size > len(b)
		l.cfg.Trace(false, b[:min(size, len(b))], size)
		b = b[min(size, len(b)):]
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
