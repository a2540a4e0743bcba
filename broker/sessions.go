package broker

import (
	"net"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	// partingTime is what an old connection gets to end by itself when its client
	// comes again: it may hold a DISCONNECT that was not read yet.
	partingTime = 50 * time.Millisecond
	// takeoverTime is what it gets when it has been closed. Nothing holds it up then
	// but a processor that is busy.
	takeoverTime = 5 * time.Second
)

// sessions keeps what belongs to a session together when its connection breaks. The
// wrapped broker lets two connections of one client work on it at a time; and it notes
// a QoS 2 message as received before it answers, and hands it on only after: when the
// answer fails, the message that comes again is taken for one that was handed on.
type sessions struct {
	mochi.HookBase
	server *mochi.Server // set before there are connections

	mu   sync.Mutex
	ends map[net.Conn]chan struct{} // closed when the broker is through with it; mu
	open map[*mochi.Client]uint16   // the message that is noted and not handed on yet; mu
}

func newSessions() *sessions {
	return &sessions{ends: make(map[net.Conn]chan struct{}), open: make(map[*mochi.Client]uint16)}
}

// began notes that the broker serves conn, until the function that it returns is
// called.
func (s *sessions) began(conn net.Conn) (ended func()) {
	end := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[conn] = end
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ends, conn)
		close(end)
	}
}

// ID names the hook.
func (s *sessions) ID() string { return "dunlin-sessions" }

// Provides lists the hook's methods.
func (s *sessions) Provides(b byte) bool {
	switch b {
	case mochi.OnSessionEstablish, mochi.OnQosPublish, mochi.OnPublished, mochi.OnDisconnect, mochi.OnPacketEncode:
		return true
	default:
		return false
	}
}

// OnSessionEstablish waits until an earlier connection of the client has ended
// [MQTT-3.1.4-3], before its session goes on here.
func (s *sessions) OnSessionEstablish(cl *mochi.Client, _ packets.Packet) {
	old, ok := s.server.Clients.Get(cl.ID)
	if !ok || old == cl {
		return
	}
	s.mu.Lock()
	end := s.ends[old.Net.Conn]
	s.mu.Unlock()
	if end == nil || passed(end, partingTime) {
		return
	}
	_ = s.server.DisconnectClient(old, packets.ErrSessionTakenOver) // it returns that very code
	passed(end, takeoverTime)
}

// passed reports whether end is closed, and waits for that.
func passed(end <-chan struct{}, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-end:
		return true
	case <-timer.C:
		return false
	}
}

// OnQosPublish sees a message noted, by the PUBREC that is to answer it.
func (s *sessions) OnQosPublish(cl *mochi.Client, pk packets.Packet, _ int64, _ int) {
	if pk.FixedHeader.Type == packets.Pubrec {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open[cl] = pk.PacketID
	}
}

// OnPublished sees a message handed on.
func (s *sessions) OnPublished(cl *mochi.Client, pk packets.Packet) {
	if pk.FixedHeader.Qos == 2 {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, cl)
	}
}

// OnDisconnect has a message forgotten that was noted and not handed on.
func (s *sessions) OnDisconnect(cl *mochi.Client, _ error, _ bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, noted := s.open[cl]; noted {
		cl.State.Inflight.Delete(id)
		delete(s.open, cl)
	}
}

// OnPacketEncode answers a message that comes again with success: its identifier is
// in use by that very message [MQTT-4.3.3-10], which is no failure.
func (s *sessions) OnPacketEncode(_ *mochi.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Pubrec && pk.ReasonCode == packets.ErrPacketIdentifierInUse.Code {
		pk.ReasonCode = packets.CodeSuccess.Code
	}
	return pk
}
