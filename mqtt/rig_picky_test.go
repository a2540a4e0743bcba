package mqtt_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// pickyServer is a server of one client, in fake time, that ends the connection at what it does not like. It answers
// everything else.
type pickyServer struct {
	t       *testing.T
	version packet.Version

	mu       sync.Mutex
	keeps    bool // it keeps the session; else each begins anew
	most     int  // filters that a SUBSCRIBE may have; 0: any number
	bad      []string
	farewell []byte        // what it says before it closes
	terse    bool          // it answers a SUBSCRIBE with one code
	late     time.Duration // how long after a SUBSCRIBE its answer leaves
	ends     int           // it ends the connection at so many SUBSCRIBEs to come, whatever they have
	mute     bool          // it answers no SUBSCRIBE then
	overload int           // it leaves so many publishes to come without an answer, and ends the connection ten seconds after each

	conn        *mqtttest.Conn
	connections int
	subscribes  []int // the numbers of filters of all SUBSCRIBE packets
	filters     []string
	got         []string // payloads of publishes
}

// dial is a Transport.Dial.
func (s *pickyServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	conn := mqtttest.NewConn(s.t, theirs)
	conn.SetPatience(1000 * time.Hour)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	s.connections++
	go s.serve(conn)
	return pipeLikeSocket{ours}, nil
}

// pipeLikeSocket fails as a socket does when the server has closed it.
type pipeLikeSocket struct{ net.Conn }

func (c pipeLikeSocket) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = syscall.EPIPE
	}
	return n, err
}

func (s *pickyServer) serve(conn *mqtttest.Conn) {
	defer conn.Close()
	for {
		p, err := conn.TryPacket()
		if err != nil {
			return
		}
		answer, ends := s.take(p)
		if ends {
			if len(s.farewell) > 0 {
				_, _ = conn.Write(s.farewell) // the client may be gone
			}
			return
		}
		if s.late > 0 && answer != nil && answer[0] == 0x90 {
			time.AfterFunc(s.late, func() { _, _ = conn.Write(answer) })
			continue
		}
		if _, err := conn.Write(answer); err != nil && len(answer) > 0 {
			return
		}
	}
}

// take notes p, and returns what is said to it.
func (s *pickyServer) take(p []byte) (answer []byte, ends bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, n, err := packet.ParseHeader(p, s.version)
	if err != nil {
		s.t.Errorf("% X: %v", p, err)
		return nil, true
	}
	switch h.Type {
	case packet.CONNECT:
		return s.accept(), false
	case packet.SUBSCRIBE:
		sub, err := packet.ParseSubscribe(h, p[n:], s.version)
		if err != nil {
			s.t.Errorf("% X: %v", p, err)
			return nil, true
		}
		return s.subscribe(&sub)
	case packet.PUBLISH:
		m, err := packet.ParsePublish(h, p[n:], s.version)
		if err != nil {
			s.t.Errorf("% X: %v", p, err)
		}
		conn := s.conn
		if slices.Contains(s.bad, string(m.Payload)) {
			return nil, true
		}
		if s.overload > 0 {
			s.overload--
			time.AfterFunc(10*time.Second, func() { conn.Close() })
			return nil, false
		}
		s.got = append(s.got, string(m.Payload))
		if m.QoS == 0 {
			return nil, false
		}
		return []byte{0x40, 2, byte(m.PacketID >> 8), byte(m.PacketID)}, false
	case packet.UNSUBSCRIBE:
		u, err := packet.ParseUnsubscribe(h, p[n:], s.version)
		if err != nil {
			s.t.Errorf("% X: %v", p, err)
		}
		s.filters = slices.DeleteFunc(s.filters, func(f string) bool { return slices.Contains(u.Filters, f) })
		return packet.AppendUnsubAck(nil, s.version, &packet.UnsubAck{PacketID: u.PacketID, Codes: make([]byte, len(u.Filters))}), false
	case packet.PINGREQ:
		return []byte{0xD0, 0}, false
	case packet.DISCONNECT:
		return nil, true
	}
	return nil, false
}

func (s *pickyServer) accept() []byte {
	present := byte(0)
	if s.keeps && s.connections > 1 {
		present = 1
	} else {
		s.filters = nil
	}
	if s.version == packet.V5 {
		return []byte{0x20, 3, present, 0, 0}
	}
	return []byte{0x20, 2, present, 0}
}

func (s *pickyServer) subscribe(p *packet.Subscribe) (answer []byte, ends bool) {
	s.subscribes = append(s.subscribes, len(p.Filters))
	if s.ends > 0 {
		s.ends--
		return nil, true
	}
	if s.mute {
		return nil, false
	}
	if s.most > 0 && len(p.Filters) > s.most {
		return nil, true
	}
	for _, f := range p.Filters {
		if slices.Contains(s.bad, f.Topic) {
			return nil, true
		}
		if !slices.Contains(s.filters, f.Topic) {
			s.filters = append(s.filters, f.Topic)
		}
	}
	n := len(p.Filters)
	if s.terse {
		n = 1
	}
	return packet.AppendSubAck(nil, s.version, &packet.SubAck{PacketID: p.PacketID, Codes: make([]byte, n)}), false
}

// set changes the server, and cuts the connection.
func (s *pickyServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.conn.Close()
	s.connections, s.subscribes = 0, nil
}

// say sends b on the connection of the moment.
func (s *pickyServer) say(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.conn.Write(b) // the test looks at what comes of it
}

// state returns how many connections there were since the last set, and how many filters each
// SUBSCRIBE and the session has.
func (s *pickyServer) state() (connections int, subscribes []int, filters int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, slices.Clone(s.subscribes), len(s.filters)
}

// payloads returns what was published.
func (s *pickyServer) payloads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// dialPicky connects a client to s; told gets what is reported.
func dialPicky(t *testing.T, s *pickyServer, change func(*mqtt.Config)) (c *mqtt.Client, told chan error) {
	t.Helper()
	s.t = t
	told = make(chan error, 100)
	cfg := mqtt.Config{
		ClientID: "c", Version: mqtt.Version(s.version), Reconnect: &mqtt.Reconnect{},
		Transport: mqtt.Transport{Dial: s.dial}, OnError: func(err error) { told <- err },
		OnMessage: func(context.Context, *mqtt.Received) {}, KeepSession: s.keeps,
	}
	if s.version == packet.V5 && s.keeps {
		cfg.Properties.SessionExpiry = 100 * time.Hour
	}
	if change != nil {
		change(&cfg)
	}
	c, err := mqtt.Dial(t.Context(), "mqtt://one", cfg)
	must(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) }) // what is left has been looked at
	return c, told
}
