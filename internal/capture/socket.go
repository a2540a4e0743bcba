package capture

import (
	"bytes"
	"encoding/binary"
)

// socket takes the frames of WebSocket (RFC 6455) off what one side sends behind the request, or answer, of HTTP.
type socket struct {
	head   []byte // of HTTP, or of the frame under way, as far as it came
	begun  bool   // HTTP is over
	left   int64  // bytes of the frame under way that are to come
	packet bool   // they are of MQTT, and not of WebSocket itself
	mask   []byte // nil: none
	masked int64  // how many bytes it was used for
}

// mostHead is how long a head of HTTP may be.
const mostHead = 64 << 10

// next takes the beginning of b. What it returns as packets is of MQTT. It is not ok where b is something else.
func (s *socket) next(b []byte) (packets, rest []byte, ok bool) {
	if s.left > 0 {
		n := min(int64(len(b)), s.left)
		packets, rest = b[:n], b[n:]
		s.left -= n
		if s.mask != nil {
			for i := range packets {
				packets[i] ^= s.mask[(s.masked+int64(i))%4]
			}
			s.masked += n
		}
		if !s.packet {
			packets = nil
		}
		return packets, rest, true
	}
	before := len(s.head)
	s.head = append(s.head, b...)
	if !s.begun {
		end := bytes.Index(s.head, []byte("\r\n\r\n"))
		if end < 0 {
			return nil, nil, len(s.head) < mostHead
		}
		s.begun, s.head = true, nil
		return nil, b[end+4-before:], true
	}
	n, ok := s.frame()
	if n == 0 {
		return nil, nil, ok
	}
	s.head = nil
	return nil, b[n-before:], ok
}

// frame reads the head of a frame (section 5.2), and returns how long it is; 0: it is not there yet.
func (s *socket) frame() (n int, ok bool) {
	const (
		final      = 0x80
		text       = 1
		isControl  = 8
		hasMask    = 0x80
		twoBytes   = 126
		eightBytes = 127
	)
	if len(s.head) < 2 {
		return 0, true
	}
	kind := s.head[0] &^ final
	size := map[byte]int{twoBytes: 2, eightBytes: 8}[s.head[1]&^hasMask]
	n = 2 + size
	if s.head[1]&hasMask != 0 {
		n += 4
	}
	if len(s.head) < n {
		return 0, kind != text && kind < 0x10
	}
	s.left, s.mask, s.masked = int64(s.head[1]&^hasMask), nil, 0
	switch size {
	case 2:
		s.left = int64(binary.BigEndian.Uint16(s.head[2:]))
	case 8:
		s.left = int64(binary.BigEndian.Uint64(s.head[2:]))
	}
	if s.head[1]&hasMask != 0 {
		s.mask = bytes.Clone(s.head[n-4 : n])
	}
	s.packet = kind < isControl
	return n, s.left >= 0 && kind != text && kind < 0x10 // higher bits say that it is compressed
}

// pass passes over n bytes that are missing, as far as the frame under way reaches, and returns how many that were, and how many of
// them are of MQTT.
func (s *socket) pass(n int64) (passed, ofPackets int64) {
	passed = min(n, s.left)
	s.left -= passed
	s.masked += passed
	if s.packet {
		ofPackets = passed
	}
	return passed, ofPackets
}
