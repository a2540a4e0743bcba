package broker

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	// partingTime is what an old connection gets to end by itself when its client
	// comes again: it may hold a DISCONNECT that was not read yet.
	partingTime = 50 * time.Millisecond
	// takeoverTime is what it gets when it is closed. Nothing holds it up then but a
	// processor that is busy.
	takeoverTime = 5 * time.Second
)

// sessions keeps what belongs to a session together when its connection breaks. The
// wrapped broker lets two connections of one client work on it at a time; and it notes
// a QoS 2 message as received before it answers, and hands it on only after: when the
// answer fails, the message that comes again is taken for one that was handed on.
type sessions struct {
	mochi.HookBase
	server *mochi.Server // set before there are connections

	mu     sync.Mutex
	latest map[string]*visit // of each client, the one that came last; mu
}

// visit is one connection of a client. It is guarded by the mutex of sessions, but for
// the channels, and for client where the visit was found in latest or as a successor: that
// does not change.
type visit struct {
	end         chan struct{} // closed when the broker is through with it
	answered    chan struct{} // closed when CONNACK was written, or none will be
	isAnswered  bool          // answered is closed
	client      *mochi.Client // nil before CONNECT
	established bool          // what comes from the client from now on is new
	noted       bool          // a message is noted and not handed on yet
	message     uint16        // that one

	// What only the goroutine that handles what the client sends has to do with:
	request   uint16 // the identifier of the SUBSCRIBE or UNSUBSCRIBE that is handled
	unmatched uint16 // the identifier of the PUBLISH that is handled, when nobody subscribes to it
	emptyWill bool   // the will has no payload; see answers.go
	will      packets.Properties
	patience  time.Duration // how long the client may be silent; 0: for ever, or that is not known yet

	successor *visit           // the one that took the session over; see inherit.go
	late      []packets.Packet // messages for the session that the one before was given
	ready     bool             // they can be sent
	sending   bool             // that is being done
}

// visitOf returns the visit of cl, or nil when it has no connection of ours.
func visitOf(cl *mochi.Client) *visit {
	if conn, ok := cl.Net.Conn.(*visited); ok {
		return conn.visit
	}
	return nil
}

func newSessions() *sessions { return &sessions{latest: make(map[string]*visit)} }

// began returns conn for the broker to serve, and a function to be called when it is
// through with it.
func (s *sessions) began(conn net.Conn) (served net.Conn, ended func()) {
	v := &visit{end: make(chan struct{}), answered: make(chan struct{})}
	return &visited{Conn: conn, visit: v, tell: tellTooLarge}, func() {
		s.mu.Lock()
		if v.client != nil && s.latest[v.client.ID] == v {
			delete(s.latest, v.client.ID)
		}
		v.answerLocked()
		v.ready = true
		s.mu.Unlock()
		s.sendLate(v)
		close(v.end)
	}
}

// answerLocked notes that CONNACK was written, or that there will be none.
func (v *visit) answerLocked() {
	if !v.isAnswered {
		v.isAnswered = true
		close(v.answered)
	}
}

// ID names the hook.
func (s *sessions) ID() string { return "dunlin-sessions" }

// Provides lists the hook's methods.
func (s *sessions) Provides(b byte) bool {
	switch b {
	case mochi.OnSessionEstablish, mochi.OnSessionEstablished, mochi.OnQosPublish, mochi.OnPublished, mochi.OnDisconnect, mochi.OnPacketRead,
		mochi.OnPacketEncode, mochi.OnPacketSent:
		return true
	default:
		return false
	}
}

// OnSessionEstablish prepares that a connection takes the session of its client over.
func (s *sessions) OnSessionEstablish(cl *mochi.Client, pk packets.Packet) {
	s.awaitEnd(cl)
	s.nameSuccessor(cl, pk)
}

// awaitEnd waits until the connection of the client that came before this one has ended
// [MQTT-3.1.4-3], so that the last to come is the one that stays.
func (s *sessions) awaitEnd(cl *mochi.Client) {
	s.mu.Lock()
	v, before := visitOf(cl), s.latest[cl.ID]
	if v != nil {
		v.client, s.latest[cl.ID] = cl, v
	}
	s.mu.Unlock()
	if before == nil || passed(before.end, partingTime) {
		return
	}
	if old := before.client; old.Properties.ProtocolVersion < 5 { // it knows no DISCONNECT from a server
		old.Stop(packets.ErrSessionTakenOver)
	} else {
		// It may not read, so that this takes as long as its connection lasts.
		go func() { _ = s.server.DisconnectClient(old, packets.ErrSessionTakenOver) }()
		if passed(before.end, partingTime) {
			return
		}
		old.Stop(packets.ErrSessionTakenOver)
	}
	passed(before.end, takeoverTime)
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

// OnSessionEstablished sees that what was left of the session has been sent again,
// which looks like messages that are noted.
func (s *sessions) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	s.look(cl, func(v *visit) { v.established, v.ready = true, true })
	if v := visitOf(cl); v != nil {
		s.sendLate(v)
	}
}

// OnQosPublish sees a message noted, by the PUBREC that is to answer it, and one that
// was put into a session.
func (s *sessions) OnQosPublish(cl *mochi.Client, pk packets.Packet, _ int64, _ int) {
	switch pk.FixedHeader.Type {
	case packets.Pubrec:
		s.look(cl, func(v *visit) { v.noted, v.message = v.established, pk.PacketID })
	case packets.Publish:
		s.passOn(cl, pk)
	}
}

// OnPublished sees a message handed on.
func (s *sessions) OnPublished(cl *mochi.Client, pk packets.Packet) {
	if pk.FixedHeader.Qos == 2 {
		s.look(cl, func(v *visit) { v.noted = false })
	}
}

// OnDisconnect has a message forgotten that was noted and not handed on.
func (s *sessions) OnDisconnect(cl *mochi.Client, _ error, _ bool) {
	s.look(cl, func(v *visit) {
		if v.noted && cl.State.Inflight.Delete(v.message) {
			atomic.AddInt64(&s.server.Info.Inflight, -1)
		}
	})
}

// look calls f with the visit of cl, if it is one.
func (s *sessions) look(cl *mochi.Client, f func(*visit)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := visitOf(cl); v != nil {
		f(v)
	}
}

// OnPacketRead has SUBSCRIBE and UNSUBSCRIBE handled without their identifier, and without the quality of service that says
// that they have one. The wrapped broker looks for it among the messages that it has sent and the client has not acknowledged,
// and refuses the request when it is there; but each side has identifiers of its own (MQTT 5 section 2.2.1).
func (s *sessions) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if !isRequest(pk.FixedHeader.Type) || pk.PacketID == 0 {
		return pk, nil
	}
	if v := visitOf(cl); v != nil {
		v.request, pk.PacketID, pk.FixedHeader.Qos = pk.PacketID, 0, 0
	}
	return pk, nil
}

func isRequest(packet byte) bool { return packet == packets.Subscribe || packet == packets.Unsubscribe }

// isResponse tells whether a packet answers a request, in the goroutine that handled it.
func isResponse(packet byte) bool { return packet == packets.Suback || packet == packets.Unsuback }

// OnPacketEncode gives the answer to a request the identifier of it. It answers a message that comes again with success: its identifier is
// in use by that very message [MQTT-4.3.3-10], which is no failure. A PUBLISH waits
// until the client has its CONNACK [MQTT-3.2.0-1].
func (s *sessions) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	if v := visitOf(cl); v != nil {
		switch {
		case pk.FixedHeader.Type == packets.Publish:
			<-v.answered
		case isResponse(pk.FixedHeader.Type) && pk.PacketID == 0:
			pk.PacketID = v.request
		}
	}
	if pk.FixedHeader.Type == packets.Pubrec && pk.ReasonCode == packets.ErrPacketIdentifierInUse.Code {
		pk.ReasonCode, pk.Properties.ReasonString = packets.CodeSuccess.Code, ""
	}
	return pk
}

// OnPacketSent sees that CONNACK was written.
func (s *sessions) OnPacketSent(cl *mochi.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type == packets.Connack {
		s.look(cl, (*visit).answerLocked)
	}
}
