package harness

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// tap is a client's connection that is read along, in both directions, without the client's code: what a server has acknowledged
// and delivered is known even if the client were wrong about it.
type tap struct {
	net.Conn
	book   *book
	events *events
	client int
	node   int

	mu      sync.Mutex
	out, in frames
	unacked map[uint16]mark // published and not acknowledged, by packet identifier
	untaken map[uint16]mark // delivered and not acknowledged
}

func newTap(conn net.Conn, f *fleet, client, node int) *tap {
	return &tap{
		Conn: conn, book: f.book, events: f.events, client: client, node: node,
		unacked: map[uint16]mark{}, untaken: map[uint16]mark{},
	}
}

// Write implements net.Conn.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock() // before the server can answer
	t.out.add(p, t.wrote)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// Read implements net.Conn.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	t.in.add(p[:n], t.read)
	t.mu.Unlock()
	return n, err
}

// Packet types, as the first four bits of a packet have them.
const (
	typeConnect = 1
	typeConnAck = 2
	typePublish = 3
	typePubAck  = 4
)

func (t *tap) wrote(first byte, body []byte) {
	switch first >> 4 {
	case typeConnect:
		t.events.add(event{what: asked, client: t.client, node: t.node})
	case typePublish:
		id, m, ok := parsePublish(first, body)
		if ok {
			t.unacked[id] = m
			t.book.wrote(m)
		}
	case typePubAck:
		if len(body) < 2 {
			return
		}
		id := binary.BigEndian.Uint16(body)
		if m, ok := t.untaken[id]; ok {
			t.book.taken(m)
		}
		delete(t.untaken, id)
	}
}

func (t *tap) read(first byte, body []byte) {
	switch first >> 4 {
	case typeConnAck:
		if len(body) >= 2 && body[1] == 0 {
			t.events.add(event{what: accepted, client: t.client, node: t.node, session: body[0]&1 == 1})
		}
	case typePubAck:
		if len(body) < 2 {
			return
		}
		id := binary.BigEndian.Uint16(body)
		refused := len(body) > 2 && body[2] >= 0x80
		if m, ok := t.unacked[id]; ok && !refused {
			t.book.acked(m)
		}
		delete(t.unacked, id)
	case typePublish:
		if id, m, ok := parsePublish(first, body); ok {
			t.untaken[id] = m
			t.book.delivered(m)
		}
	}
}

// frames cuts a stream of bytes into MQTT packets.
type frames struct{ rest []byte }

// add takes the next bytes and calls each for every packet that is complete by them.
func (f *frames) add(p []byte, each func(first byte, body []byte)) {
	f.rest = append(f.rest, p...)
	b := f.rest
	for len(b) >= 2 {
		length, n := binary.Uvarint(b[1:min(len(b), 5)]) // MQTT's lengths are of the same form, of four bytes at most
		if n <= 0 || uint64(len(b)-1-n) < length {
			break
		}
		body := b[1+n : 1+n+int(length)]
		each(b[0], body)
		b = b[1+n+int(length):]
	}
	f.rest = append(f.rest[:0], b...)
}

// mark is what a numbered message carries: whose it is, its number, counted from 0, and when it was published.
type mark struct {
	stream, number uint32
	at             time.Time
}

const (
	markWord = "dunlin01"
	markSize = len(markWord) + 4 + 4 + 8
)

// payload makes the payload of a numbered message.
func (m mark) payload() []byte {
	p := binary.BigEndian.AppendUint32(append(make([]byte, 0, markSize), markWord...), m.stream)
	p = binary.BigEndian.AppendUint32(p, m.number)
	return binary.BigEndian.AppendUint64(p, uint64(m.at.UnixNano()))
}

func parseMark(p []byte) (mark, bool) {
	if len(p) != markSize || string(p[:len(markWord)]) != markWord {
		return mark{}, false
	}
	p = p[len(markWord):]
	return mark{
		stream: binary.BigEndian.Uint32(p), number: binary.BigEndian.Uint32(p[4:]),
		at: time.Unix(0, int64(binary.BigEndian.Uint64(p[8:]))),
	}, true
}

// parsePublish takes the packet identifier and the mark from a PUBLISH of QoS 1, or 2, that has one. The mark is the end of the
// packet in all versions of MQTT, so that what stands before it need not be known.
func parsePublish(first byte, body []byte) (id uint16, m mark, ok bool) {
	if first&0x06 == 0 || len(body) < 2 {
		return 0, mark{}, false
	}
	topic := 2 + int(binary.BigEndian.Uint16(body))
	if len(body) < topic+2+markSize {
		return 0, mark{}, false
	}
	m, ok = parseMark(body[len(body)-markSize:])
	return binary.BigEndian.Uint16(body[topic:]), m, ok
}
