package mqttjs

import (
	"fmt"
	"net"

	"dunlin/jsre/module/mqttjs/packet"
	"dunlin/mqtt"
)

// defaultMaxPacket is the largest packet that is taken unless the script wants another limit.
const defaultMaxPacket = mqtt.DefaultMaxPacket

// frames makes packets of the bytes of one connection. What a packet holds is never read as packets: one
// that is wrong inside is left out by its length, as is a message above the limit; and where the length
// itself is in doubt, nothing more of the connection is read.
type frames struct {
	version int
	most    int    // the remaining length that is taken
	buf     []byte // what has come and is no whole packet yet
	need    int    // how long the packet at the front is; 0: not known yet
	skip    int    // bytes to come of a message that is left out
	topic   string // of the message before
}

// read makes packets of what comes, until the connection or the wish for more ends.
func (s *stream) read(conn net.Conn) error {
	f := frames{version: s.version, most: s.most, buf: make([]byte, 0, readBuffer)}
	for {
		f.grow()
		n, err := conn.Read(f.buf[len(f.buf):cap(f.buf)])
		f.buf = f.buf[:len(f.buf)+n]
		if n > 0 {
			if heard, fatal := f.parse(s.tell); !heard || fatal != nil {
				return fatal
			}
		}
		if err != nil {
			return err
		}
		f.shrink(n)
	}
}

// grow makes room for what comes next: not more than twice what has come, whatever length is announced.
func (f *frames) grow() {
	if len(f.buf) < cap(f.buf) {
		return
	}
	size := max(2*cap(f.buf), readBuffer)
	if f.need > cap(f.buf) {
		size = min(size, f.need)
	}
	f.buf = append(make([]byte, 0, size), f.buf...)
}

// shrink gives a large buffer back, and makes a small one larger that was filled at once by n bytes.
func (f *frames) shrink(n int) {
	switch {
	case len(f.buf) > 0:
	case n == cap(f.buf) && cap(f.buf) < maxRead:
		f.buf = make([]byte, 0, 2*cap(f.buf))
	case cap(f.buf) > maxRead:
		f.buf = make([]byte, 0, maxRead)
	}
}

// parse tells of the whole packets at the front of what has come, and keeps the rest. It reports false
// when nobody hears any more. After an error nothing may be read from the connection.
func (f *frames) parse(tell func(item) bool) (heard bool, fatal error) {
	left := f.buf
	it := item{}
	flush := func() bool {
		heard := it.bytes == 0 || tell(it)
		it = item{}
		return heard
	}
	for len(left) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(left))
			left, f.skip = left[n:], f.skip-n
			continue
		}
		p, size, err := f.next(left)
		if size == 0 {
			fatal = err
			break
		}
		f.skip = max(0, size-len(left)) // only of what is left out
		left, f.need = left[min(size, len(left)):], 0
		if err != nil {
			if !flush() || !tell(item{err: err, bytes: heldPerPacket}) {
				return false, nil
			}
			continue
		}
		it.packets = append(it.packets, p)
		it.bytes += p.Length + heldPerPacket
	}
	if !flush() {
		return false, fatal
	}
	f.buf = f.buf[:copy(f.buf, left)]
	return true, fatal
}

// next takes the packet at the front. An error with a size is about this packet alone, without one it is the
// end; without either the packet is not whole yet.
func (f *frames) next(b []byte) (p *packet.Packet, size int, err error) {
	h, n, err := packet.Frame(b)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	f.need = n + h.Length
	if h.Length > f.most {
		err = errTooLarge(h, f.most)
		if h.Type != packet.Publish { // an answer that something waits for
			return nil, 0, err
		}
		return nil, f.need, err
	}
	if len(b) < f.need {
		return nil, 0, nil
	}
	if p, err = packet.Parse(h, b[n:f.need], f.version, f.topic); err != nil {
		return nil, f.need, err
	}
	if h.Type == packet.Publish {
		f.topic = p.Topic
	}
	return p, f.need, nil
}

func errTooLarge(h packet.Header, most int) error {
	return fmt.Errorf("%s packet of %d bytes: the option maxPacketBytes takes at most %d", h.Type, h.Length, most)
}
