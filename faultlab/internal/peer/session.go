package peer

import (
	"bytes"

	"dunlin/mqtt/mqtttest/packet"
)

// notFound is MQTT 5's Packet Identifier not found.
const notFound packet.ReasonCode = 0x92

// session is what is kept of one client. Peer.mu guards it.
type session struct {
	peer     *Peer
	client   string
	keep     bool  // it outlives its link
	link     *link // nil: the client is away
	window   int
	filters  map[string]byte   // QoS of each
	received map[uint16]string // payloads of QoS 2 messages that are not released yet
	inflight []*outbound       // in the order in which they were sent first
	queue    []*outbound
	last     uint16 // packet identifier
}

// outbound is a message under way to a client.
type outbound struct {
	Message
	released bool // PUBREC was seen: PUBREL is what is sent
}

func newSession(p *Peer, client string) *session {
	return &session{peer: p, client: client, window: p.cfg.Window, filters: map[string]byte{}, received: map[uint16]string{}}
}

// offerLocked sends m if a subscription asks for it.
func (s *session) offerLocked(m Message) {
	qos, wanted := byte(0), false
	for filter, q := range s.filters {
		if matches(filter, m.Topic) {
			wanted = true
			qos = max(qos, q)
		}
	}
	if wanted {
		m.QoS = min(m.QoS, qos)
		s.sendLocked(m)
	}
}

// sendLocked sends m, now or when there is room.
func (s *session) sendLocked(m Message) {
	m.Dup, m.Retain, m.PacketID = false, false, 0
	m.QoS = min(m.QoS, s.peer.mostQoS())
	m.Payload = bytes.Clone(m.Payload)
	m.Properties = bytes.Clone(m.Properties)
	if m.QoS > 0 {
		s.queue = append(s.queue, &outbound{Message: m})
		s.pumpLocked()
		return
	}
	if s.link != nil { // QoS 0 is for those who are there
		s.publishLocked(&m)
	}
}

func (s *session) publishLocked(m *Message) {
	s.link.sendLocked(packet.AppendPublish(nil, s.link.version, m))
}

// pumpLocked sends what the window has room for.
func (s *session) pumpLocked() {
	for s.link != nil && len(s.queue) > 0 && len(s.inflight) < s.window {
		o := s.queue[0]
		s.queue = s.queue[1:]
		o.PacketID = s.freeLocked()
		s.inflight = append(s.inflight, o)
		s.publishLocked(&o.Message)
	}
}

// freeLocked returns a packet identifier that is not in use.
func (s *session) freeLocked() uint16 {
	for {
		s.last++
		if s.last != 0 && s.find(s.last) < 0 {
			return s.last
		}
	}
}

func (s *session) find(id uint16) int {
	for i, o := range s.inflight {
		if o.PacketID == id {
			return i
		}
	}
	return -1
}

// resumeLocked sends again what was under way [MQTT-4.4.0-1], and what waits.
func (s *session) resumeLocked() {
	if s.peer.cfg.Renumber {
		s.renumberLocked()
	}
	for _, o := range s.inflight {
		if o.released {
			s.answerLocked(packet.PUBREL, o.PacketID, 0)
			continue
		}
		o.Dup = true
		s.publishLocked(&o.Message)
	}
	s.pumpLocked()
}

// renumberLocked gives what is under way identifiers from 1 on, which the standard
// forbids and RabbitMQ 3.x does. Nothing of QoS 2 is under way then.
func (s *session) renumberLocked() {
	s.last = 0
	for _, o := range s.inflight {
		s.last++
		o.PacketID = s.last
	}
}

// publishedLocked takes a PUBLISH of the client and answers it.
func (s *session) publishedLocked(m *Message) {
	switch m.QoS {
	case 0:
		s.peer.takenLocked(s.client, m)
	case 1:
		s.peer.takenLocked(s.client, m)
		s.answerLocked(packet.PUBACK, m.PacketID, 0)
	default:
		payload, again := s.received[m.PacketID]
		switch {
		case !again:
			s.received[m.PacketID] = string(m.Payload)
			s.peer.takenLocked(s.client, m)
		case payload != string(m.Payload):
			s.peer.violatedLocked("%s used packet identifier %d for another message before it was free", s.client, m.PacketID)
		case !m.Dup:
			s.peer.violatedLocked("%s sent packet identifier %d again without DUP", s.client, m.PacketID)
		}
		s.answerLocked(packet.PUBREC, m.PacketID, 0)
	}
}

// answerLocked sends an acknowledgement. A code other than 0 is for MQTT 5 only.
func (s *session) answerLocked(t packet.Type, id uint16, code packet.ReasonCode) {
	if s.link != nil {
		s.link.sendLocked(packet.AppendAck(nil, s.link.version, &packet.Ack{Type: t, PacketID: id, Code: code}))
	}
}

// ackLocked takes PUBACK, PUBREC, PUBREL and PUBCOMP.
func (s *session) ackLocked(a *packet.Ack) {
	if a.Type != packet.PUBREL {
		s.acknowledgedLocked(a)
		return
	}
	code := packet.ReasonCode(0)
	if _, ok := s.received[a.PacketID]; !ok {
		code = notFound
	}
	delete(s.received, a.PacketID)
	s.answerLocked(packet.PUBCOMP, a.PacketID, code)
}

// acknowledgedLocked takes PUBACK, PUBREC and PUBCOMP. One that is for nothing
// under way is a leftover: only PUBREC needs an answer.
func (s *session) acknowledgedLocked(a *packet.Ack) {
	i := s.find(a.PacketID)
	if i < 0 {
		if a.Type == packet.PUBREC {
			s.answerLocked(packet.PUBREL, a.PacketID, notFound)
		}
		return
	}
	o := s.inflight[i]
	if (a.Type == packet.PUBACK) != (o.QoS == 1) || a.Type == packet.PUBCOMP && !o.released {
		s.peer.violatedLocked("%s answered packet identifier %d of QoS %d with %s", s.client, a.PacketID, o.QoS, a.Type)
		return
	}
	if a.Type == packet.PUBREC && !a.Code.Failed() {
		o.released = true
		s.answerLocked(packet.PUBREL, a.PacketID, 0)
		return
	}
	s.inflight = append(s.inflight[:i], s.inflight[i+1:]...)
	if s.peer.cfg.Acknowledged != nil {
		s.peer.cfg.Acknowledged(s.client, &o.Message)
	}
	s.pumpLocked()
}
