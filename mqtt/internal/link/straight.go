package link

import "dunlin/mqtt/internal/wire"

// probeSize is how much the read behind a payload brings that was read straight: the next one is
// probably as large, and what comes of it into the buffer has to be copied.
const probeSize = 4 << 10

// straight is a PUBLISH whose payload is read straight to where it stays. What is in front of the
// payload waits in the buffer.
type straight struct {
	header  wire.Header
	fixed   int    // bytes of the fixed header
	payload []byte // what has come; nil: there is no such packet
	size    int    // of the payload
}

func (s *straight) on() bool { return s.payload != nil }

// left returns how many bytes are to come.
func (s *straight) left() int { return s.size - len(s.payload) }

// room returns where the next bytes go.
func (in *inbox) room() []byte {
	if s := &in.straight; s.on() {
		return s.payload[len(s.payload):min(cap(s.payload), s.size)]
	}
	b := in.buf[in.end:]
	if in.probes {
		b = b[:min(len(b), probeSize)]
	}
	return b
}

// took notes that n bytes are there.
func (in *inbox) took(n int) {
	if s := &in.straight; s.on() {
		s.payload = s.payload[:len(s.payload)+n]
		return
	}
	in.end += n
	in.probes = in.probes && n == 0
}

// beginStraight begins with a PUBLISH that is large and has not come whole. A faulty one is
// left for Frame, when it has.
func (l *Link) beginStraight(in *inbox, h wire.Header, fixed int) {
	if least := l.cfg.Straight; h.Type != wire.PUBLISH || least == 0 || h.Length < least || l.cfg.Trace != nil { // a trace sees whole packets
		return
	}
	b := in.buf[in.start+fixed : in.end]
	_, head, err := wire.ParsePublishHead(h, b, wire.Version(l.version.Load()))
	if err != nil || head == 0 || head == h.Length {
		return
	}
	size := h.Length - head
	if payload := l.owner.Room(size, b[head:], false); payload != nil {
		in.straight = straight{header: h, fixed: fixed, payload: payload, size: size}
		in.end = in.start + fixed + head
	}
}

// goStraight hands over the packet when it has come whole, and finds more room for it before.
func (l *Link) goStraight(in *inbox) (int, error) {
	s := &in.straight
	switch {
	case s.left() == 0:
		n := in.end - in.start
		head := in.buf[in.start+s.fixed : in.end]
		h, payload := s.header, s.payload
		in.straight, in.probes = straight{}, true
		return n, l.owner.Large(h, head, payload)
	case len(s.payload) == cap(s.payload):
		s.payload = l.owner.Room(s.size, s.payload, true)
	}
	return 0, nil
}
