package mqtt_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// serverOf is the server of one client in fake time. It reads all that comes; what it
// answers, the test says. It knows one session, and keeps it.
type serverOf struct {
	t *testing.T

	mu      sync.Mutex
	away    bool // nobody listens
	answers bool // it answers; else only CONNECT, and a ping
	silent  bool // not even those
	conn    *mqtttest.Conn
	seen    []byte   // the first bytes of the packets on the connection of the moment
	late    [][]byte // packets that it has not answered
	accepts int
	unacked map[uint16]byte // messages for the client, by identifier: their first bytes
}

// slowToClose is a connection whose end takes a second: the client is going meanwhile.
type slowToClose struct {
	net.Conn
	turn chan struct{} // holds a value while nobody has begun to close it
}

func (c *slowToClose) Close() error {
	if _, first := <-c.turn; first {
		<-time.After(time.Second)
		close(c.turn)
	}
	return c.Conn.Close()
}

// dial is a Transport.Dial.
func (s *serverOf) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, nobody("")
	}
	ours, theirs := net.Pipe()
	conn := mqtttest.NewConn(s.t, theirs)
	conn.SetPatience(1000 * time.Hour)
	s.conn, s.seen, s.late = conn, nil, nil
	go s.serve(conn)
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	return &slowToClose{ours, turn}, nil
}

func (s *serverOf) serve(conn *mqtttest.Conn) {
	for {
		p, err := conn.TryPacket()
		if err != nil {
			conn.Close()
			return
		}
		for _, answer := range s.take(p) {
			_, _ = conn.Write(answer) // the next read tells
		}
		if p[0] == 0xE0 {
			conn.Close()
			return
		}
	}
}

// take notes a packet and returns what is said to it.
func (s *serverOf) take(p []byte) (answers [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, p[0])
	switch {
	case s.silent:
		return nil
	case p[0] == 0x10:
		return s.accept()
	case p[0]>>4 == 4, p[0]>>4 == 5:
		id := uint16(p[2])<<8 | uint16(p[3])
		delete(s.unacked, id)
		if p[0] == 0x50 {
			return [][]byte{{0x62, 2, p[2], p[3]}}
		}
	case s.answers:
		return answerTo(s.t, p)
	default:
		s.late = append(s.late, p)
	}
	return nil
}

// answerLate answers what was left without an answer on the connection that stands.
func (s *serverOf) answerLate() {
	s.mu.Lock()
	late := s.late
	s.late = nil
	s.mu.Unlock()
	for _, p := range late {
		for _, answer := range answerTo(s.t, p) {
			s.say(answer)
		}
	}
}

// accept accepts the session, and sends again what the client has not acknowledged.
func (s *serverOf) accept() [][]byte {
	present := byte(min(s.accepts, 1))
	s.accepts++
	all := [][]byte{{0x20, 3, present, 0, 0}}
	for id, first := range s.unacked {
		all = append(all, publishBytes(true, first|8, "in", id, ""))
	}
	return all
}

// answerTo is what an obliging server says to a packet.
func answerTo(t *testing.T, p []byte) [][]byte {
	h, n, err := packet.ParseHeader(p, packet.V5)
	if err != nil {
		t.Errorf("% X: %v", p, err)
		return nil
	}
	switch h.Type {
	case packet.SUBSCRIBE:
		return [][]byte{{0x90, 4, p[2], p[3], 0, 1}}
	case packet.UNSUBSCRIBE:
		return [][]byte{{0xB0, 4, p[2], p[3], 0, 0}}
	case packet.PINGREQ:
		return [][]byte{{0xD0, 0}}
	case packet.PUBREL:
		return [][]byte{{0x70, 2, p[2], p[3]}}
	case packet.PUBLISH:
		m, err := packet.ParsePublish(h, p[n:], packet.V5)
		if err != nil {
			t.Errorf("% X: %v", p, err)
		}
		return answerToPublish(&m)
	case packet.Type(15): // AUTH: the identity is proved
		return [][]byte{{0xF0, 6, 0, 4, 0x15, 0, 1, 'M'}}
	}
	return nil
}

func answerToPublish(m *packet.Publish) (all [][]byte) {
	if topic, ok := m.Properties.Text(packet.ResponseTopic); ok {
		data, _ := m.Properties.Binary(packet.CorrelationData)
		all = append(all, packet.AppendPublish(nil, packet.V5, &packet.Publish{
			Topic: topic, Properties: packet.Properties(nil).AppendBinary(packet.CorrelationData, data),
		}))
	}
	if m.QoS > 0 {
		all = append(all, []byte{0x30 + 0x10*m.QoS, 2, byte(m.PacketID >> 8), byte(m.PacketID)})
	}
	return all
}

// set changes what the server does.
func (s *serverOf) set(change func(s *serverOf)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// link returns the connection of the moment and how many packets came on it.
func (s *serverOf) link() (conn *mqtttest.Conn, packets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn, len(s.seen)
}

// say sends bytes, if somebody still reads.
func (s *serverOf) say(b []byte) {
	conn, _ := s.link()
	written := make(chan struct{})
	go func() {
		_, _ = conn.Write(b) // what the client does tells
		close(written)
	}()
	select {
	case <-written:
	case <-time.After(time.Millisecond):
	}
}

// message sends a message of QoS 1 or 2 to the client, and again on each connection
// until it is acknowledged.
func (s *serverOf) message(qos mqtt.QoS, id uint16) {
	first := 0x30 | byte(qos)<<1
	s.set(func(s *serverOf) { s.unacked[id] = first })
	s.say(publishBytes(true, first, "in", id, ""))
}

// open returns how many messages the client has not acknowledged.
func (s *serverOf) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.unacked)
}

// gatedAuth proves nothing; its Start waits while the gate is there, for as long as its
// context says.
type gatedAuth struct {
	mu   sync.Mutex
	gate chan struct{}
}

func (a *gatedAuth) Method() string                                   { return "M" }
func (a *gatedAuth) Continue(context.Context, []byte) ([]byte, error) { return nil, nil }
func (a *gatedAuth) Finish(context.Context, []byte) error             { return nil }

func (a *gatedAuth) Start(ctx context.Context) ([]byte, error) {
	a.mu.Lock()
	gate := a.gate
	a.mu.Unlock()
	if gate == nil {
		return nil, nil
	}
	select {
	case <-gate:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (a *gatedAuth) set(gate chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gate = gate
}
