package capture

import (
	"bytes"
	"fmt"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/pcap"
	"dunlin/mqtt"
)

// conversation is what two sides of a connection say to each other.
type conversation struct {
	in      *importer
	conn    *pcap.Conn
	kind    kind
	waiting []chunk // while it is not known whether this is MQTT, or which version
	held    int     // bytes that those take
	heads   [2][]byte
	client  int // side
	version mqtt.Version
	wanted  bool // it is of a client that is looked at
	streams [2]*stream
	session *session
}

// kind is what a connection turned out to carry.
type kind byte

const (
	undecided kind = iota
	isMQTT
	isNone
)

// chunk is what came before it was known whether this is MQTT.
type chunk struct {
	side int
	data []byte // nil: bytes are missing
	at   time.Time
	n    int64
	cut  bool
}

// mostWaiting is how many bytes wait for that decision.
const mostWaiting = 64 << 10

// Data takes bytes of a side.
func (c *conversation) Data(side int, b []byte, at time.Time) {
	switch c.kind {
	case isMQTT:
		if side != c.client && c.session == nil { // how it is to be read stands in the CONNECT
			c.wait(chunk{side: side, data: b, at: at})
			return
		}
		c.read(side, b, at)
	case undecided:
		if n := headLength - len(c.heads[side]); n > 0 {
			c.heads[side] = append(c.heads[side], b[:min(n, len(b))]...)
		}
		c.wait(chunk{side: side, data: b, at: at})
		c.decide(side)
	case isNone:
	}
}

// Missing takes that bytes are missing.
func (c *conversation) Missing(side int, n int64, cut bool) {
	switch c.kind {
	case isMQTT:
		if side != c.client && c.session == nil {
			c.wait(chunk{side: side, n: n, cut: cut})
			return
		}
		c.missing(side, n, cut)
	case undecided:
		c.wait(chunk{side: side, n: n, cut: cut})
		if c.kind == undecided && (!c.conn.Opened || side == 0) {
			c.withoutBeginning() // of what stands before, too little came to see a CONNECT
		}
	case isNone:
	}
}

// Close ends it.
func (c *conversation) Close() {
	c.forget()
	for _, s := range c.streams {
		if s != nil {
			c.in.close(s)
		}
	}
	if s := c.session; s != nil && !s.lasting {
		c.in.remembered -= len(s.up) + len(s.down)
	}
	c.kind = isNone
}

// wait keeps what came.
func (c *conversation) wait(k chunk) {
	size := k.size()
	if c.held > mostWaiting || !c.in.room.Take(size) {
		if c.kind == isMQTT {
			c.in.sum.unreadable(c.place(k.side, k.at))
		}
		c.drop()
		return
	}
	c.held += size
	k.data = bytes.Clone(k.data)
	c.waiting = append(c.waiting, k)
}

// size is what a chunk takes.
func (k *chunk) size() int { return len(k.data) + 100 }

// forget gives back the room of what waits.
func (c *conversation) forget() {
	c.in.room.Give(c.held)
	c.held, c.waiting, c.heads = 0, nil, [2][]byte{}
}

// drop takes the connection for none of MQTT.
func (c *conversation) drop() {
	c.kind = isNone
	c.forget()
}

// decide looks at the first bytes of a side.
func (c *conversation) decide(side int) {
	if c.kind != undecided || c.conn.Opened && side != 0 {
		return // a server says nothing before its client
	}
	const enough = 4 // for all but CONNECT
	switch head := c.heads[side]; {
	case isConnect(head) == yes:
		c.begin(side)
	case isConnect(head) == perhaps, len(head) < enough:
	case isTLS(head):
		c.in.sum.encrypted(c.conn)
		c.drop()
	case bytes.HasPrefix(head, []byte("GET ")):
		c.http(side)
	case c.conn.Opened:
		c.drop()
	default:
		c.withoutBeginning()
	}
}

// begin begins with the CONNECT of a side.
func (c *conversation) begin(client int) {
	c.start(client)
	c.streams[1-client].unsure = !c.conn.Opened
	c.catchUp()
}

// start prepares to read what both sides say.
func (c *conversation) start(client int) {
	c.kind, c.client, c.wanted = isMQTT, client, c.in.o.Client == ""
	for side := range c.streams {
		c.streams[side] = c.in.stream(c.keeps(side))
	}
}

// withoutBeginning takes a connection whose beginning is not in the capture.
func (c *conversation) withoutBeginning() {
	port := c.in.o.Port
	if port == 0 {
		port = DefaultPort
	}
	switch {
	case c.conn.Sides[1].Port() == port:
		c.client = 0
	case c.conn.Sides[0].Port() == port && !c.conn.Opened:
		c.client = 1
	default:
		c.drop()
		return
	}
	c.withoutConnect()
}

// withoutConnect takes a connection of MQTT whose CONNECT is not in the capture.
func (c *conversation) withoutConnect() {
	c.in.sum.Headless++
	if c.in.o.Version == 0 || c.in.o.Client != "" {
		c.drop()
		return
	}
	c.kind, c.version, c.wanted, c.session = isMQTT, c.in.o.Version, true, &session{}
	for side, s := range c.streams {
		if s != nil {
			c.in.close(s)
		}
		c.streams[side] = c.in.stream(c.keeps(side))
		c.streams[side].seeking = true
	}
	c.catchUp()
}

// catchUp reads what has waited, what the client sent first.
func (c *conversation) catchUp() {
	waiting := c.waiting
	c.forget()
	for _, side := range []int{c.client, 1 - c.client} {
		for _, k := range waiting {
			switch {
			case k.side != side:
			case k.data == nil:
				c.Missing(side, k.n, k.cut)
			default:
				c.Data(side, k.data, k.at)
			}
		}
	}
}

// http takes the request of HTTP that the client begins with, where it asks for MQTT by WebSocket.
func (c *conversation) http(side int) {
	var request []byte
	for _, k := range c.waiting {
		if k.side == side {
			request = append(request, bytes.ToLower(k.data)...)
		}
	}
	end := bytes.Index(request, []byte("\r\n\r\n"))
	if end < 0 {
		return // it goes on
	}
	request = request[:end]
	if !bytes.Contains(request, []byte("\r\nupgrade: websocket")) || !bytes.Contains(request, []byte("mqtt")) {
		c.drop()
		return
	}
	c.start(side)
	for _, s := range c.streams {
		s.socket = &socket{}
	}
	c.catchUp()
}

// keeps tells whether the messages of a side are wanted.
func (c *conversation) keeps(side int) bool { return (side == c.client) != c.in.o.Delivered }

// place names a direction, for people.
func (c *conversation) place(side int, at time.Time) string {
	when := ""
	if !at.IsZero() {
		when = " at " + at.Format("2006-01-02T15:04:05.000000Z")
	}
	return fmt.Sprintf("from %v to %v%s", c.conn.Sides[side], c.conn.Sides[1-side], when)
}

// connected takes a CONNECT.
func (c *conversation) connected(p packets.Packet) {
	if c.session != nil {
		return // there was one
	}
	id, version, ok := packets.ClientID(p)
	if !ok {
		c.in.sum.unreadable(c.place(c.client, c.streams[c.client].last))
		c.drop()
		return
	}
	c.version = version
	c.wanted = c.in.o.Client == "" || c.in.o.Client == id
	c.session = c.in.sessionOf(c.conn.Sides[1-c.client], id, packets.IsClean(p))
	c.catchUp()
}
