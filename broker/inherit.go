package broker

import (
	"bytes"
	"sync/atomic"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Here a session goes from one connection to the next without losing a message. The
// wrapped broker has an object for each connection, copies the messages of the old one
// to the new one, and only then lets publishers find the new one: whoever has found the
// old one before puts a message where nobody looks any more. So each connection knows
// the one that took its session over, its successor, from before the copy is made. A
// publisher that has put a message into a session looks whether there is a successor: if
// there is none the message is in the copy, else it is passed on.

// nameSuccessor notes that cl takes the session of its client over. It is called before the
// wrapped broker copies it.
func (s *sessions) nameSuccessor(cl *mochi.Client, connect packets.Packet) {
	old, known := s.server.Clients.Get(cl.ID)
	if !known || connect.Connect.Clean || old.Properties.Clean && old.Properties.ProtocolVersion < 5 {
		return // the session, if there is one, ends [MQTT-3.1.2-4]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := visitOf(old); v != nil && old != cl {
		v.successor = visitOf(cl)
	}
}

// passOn passes a message that was put into the session of cl on to the connection
// that has the session now, if that is another one.
func (s *sessions) passOn(cl *mochi.Client, pk packets.Packet) {
	v := visitOf(cl)
	if v == nil {
		return
	}
	s.mu.Lock()
	if v.successor == nil {
		s.mu.Unlock()
		return
	}
	for v.successor != nil {
		v = v.successor
	}
	v.late = append(v.late, pk)
	ready := v.ready
	s.mu.Unlock()
	if ready {
		go s.sendLate(v) // its client may not read, and the publisher is not to wait for that
	}
}

// sendLate puts what was passed on to v into its session, and sends it. Until that
// session was sent again it waits: it would go out twice.
func (s *sessions) sendLate(v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.sending {
		return
	}
	v.sending = true
	for len(v.late) > 0 {
		pk := v.late[0]
		v.late = v.late[1:]
		s.mu.Unlock()
		s.put(v.client, pk)
		s.mu.Lock()
	}
	v.sending = false
}

// put puts a message into the session of cl, unless it is in what was copied, and
// sends it.
func (s *sessions) put(cl *mochi.Client, pk packets.Packet) {
	session := cl.State.Inflight
	if there, ok := session.Get(pk.PacketID); ok && sameMessage(there, pk) {
		return
	}
	id, err := cl.NextPacketID()
	if err != nil {
		atomic.AddInt64(&s.server.Info.InflightDropped, 1)
		s.server.Log.Warn("packet ids exhausted", "error", err, "client", cl.ID)
		return
	}
	pk.PacketID = uint16(id)
	wait := cl.Properties.Props.ReceiveMaximum > 0 && cl.Properties.Props.ReceiveMaximum < maxInflight
	if wait {
		pk.Expiry = -1 // so the wrapped broker marks what it sends when the client has taken others
	}
	session.Set(pk)
	atomic.AddInt64(&s.server.Info.Inflight, 1)
	s.passOn(cl, pk)
	if !wait {
		_ = cl.WritePacket(pk) // where the connection is gone the session has it
	}
}

// sameMessage tells whether two PUBLISH packets with one identifier are one message.
func sameMessage(a, b packets.Packet) bool {
	return a.FixedHeader.Type == packets.Publish && a.Created == b.Created && a.Origin == b.Origin &&
		a.TopicName == b.TopicName && bytes.Equal(a.Payload, b.Payload)
}
