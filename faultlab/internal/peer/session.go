package peer

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
	message  Message
	id       uint16
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
	m.Dup = false
	m.Payload = append([]byte(nil), m.Payload...)
	m.Properties = append([]byte(nil), m.Properties...)
	if m.QoS > 0 {
		s.queue = append(s.queue, &outbound{message: m})
		s.pumpLocked()
		return
	}
	if s.link != nil { // QoS 0 is for those who are there
		s.link.sendLocked(appendPublish(nil, s.link.version, 0, &m))
	}
}

// pumpLocked sends what the window has room for.
func (s *session) pumpLocked() {
	for s.link != nil && len(s.queue) > 0 && len(s.inflight) < s.window {
		o := s.queue[0]
		s.queue = s.queue[1:]
		o.id = s.freeLocked()
		s.inflight = append(s.inflight, o)
		s.link.sendLocked(appendPublish(nil, s.link.version, o.id, &o.message))
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
		if o.id == id {
			return i
		}
	}
	return -1
}

// resumeLocked sends again what was under way [MQTT-4.4.0-1], and what waits.
func (s *session) resumeLocked() {
	for _, o := range s.inflight {
		if o.released {
			s.link.sendLocked(appendAck(nil, pubrel, o.id, 0))
			continue
		}
		o.message.Dup = true
		s.link.sendLocked(appendPublish(nil, s.link.version, o.id, &o.message))
	}
	s.pumpLocked()
}

// publishedLocked takes a PUBLISH of the client and answers it.
func (s *session) publishedLocked(m *Message, id uint16) {
	switch m.QoS {
	case 0:
		s.peer.takenLocked(s.client, m)
	case 1:
		s.peer.takenLocked(s.client, m)
		s.link.sendLocked(appendAck(nil, puback, id, 0))
	default:
		payload, again := s.received[id]
		switch {
		case !again:
			s.received[id] = string(m.Payload)
			s.peer.takenLocked(s.client, m)
		case payload != string(m.Payload):
			s.peer.violatedLocked("%s used packet identifier %d for another message before it was free", s.client, id)
		case !m.Dup:
			s.peer.violatedLocked("%s sent packet identifier %d again without DUP", s.client, id)
		}
		s.link.sendLocked(appendAck(nil, pubrec, id, 0))
	}
}

// releasedLocked takes a PUBREL.
func (s *session) releasedLocked(id uint16) {
	code := byte(0)
	if _, ok := s.received[id]; !ok && s.link.version == version5 {
		code = notFound
	}
	delete(s.received, id)
	s.link.sendLocked(appendAck(nil, pubcomp, id, code))
}

// acknowledgedLocked takes PUBACK, PUBREC and PUBCOMP. One that is for nothing
// under way is a leftover: only PUBREC needs an answer.
func (s *session) acknowledgedLocked(kind byte, id uint16, code byte) {
	i := s.find(id)
	if i < 0 {
		if kind == pubrec {
			s.strayLocked(id)
		}
		return
	}
	o := s.inflight[i]
	if (kind == puback) != (o.message.QoS == 1) || kind == pubcomp && !o.released {
		s.peer.violatedLocked("%s answered packet identifier %d of QoS %d with packet type %d", s.client, id, o.message.QoS, kind)
		return
	}
	if kind == pubrec && code < 0x80 {
		o.released = true
		s.link.sendLocked(appendAck(nil, pubrel, id, 0))
		return
	}
	s.inflight = append(s.inflight[:i], s.inflight[i+1:]...)
	s.pumpLocked()
}

func (s *session) strayLocked(id uint16) {
	code := byte(0)
	if s.link.version == version5 {
		code = notFound
	}
	s.link.sendLocked(appendAck(nil, pubrel, id, code))
}
