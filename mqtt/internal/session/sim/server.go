package sim

import (
	"fmt"
	"slices"

	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest/packet"
)

// flight is a message that the server sends.
type flight struct {
	name     int
	qos      byte
	poison   bool
	id       uint16
	sent     bool // in this or an earlier connection
	released bool
}

// inFlow is a message that the server receives.
type inFlow struct {
	name     int
	received bool // in this connection, and not ended
	released bool // PUBREL has come
}

// server follows the standard to the letter and remembers everything. Only the
// renumbering one gives new packet identifiers to what has no PUBREC when a session
// goes on, as some servers do.
type server struct {
	w              *world
	exists         bool // the session
	subscribed     bool // in it
	receiveMaximum int
	losses         int

	arrived map[int]int // by name
	order   []int       // of first arrivals
	qos2    map[uint16]*inFlow
	unacked map[uint16]byte // received in this connection and not ended, with its QoS
	answers []wire.Ack      // to be sent, in any order for QoS 1

	published []*flight // each message for the client, by name
	queue     []*flight // to be sent, or in flight, in order
	lostOut   map[int]bool
	sent      map[uint16]bool // PUBLISH of this connection, not acknowledged
	acks      []uint16        // expected of QoS 1, in order
	recs      []uint16        // expected of QoS 2, in order
}

func newServer(w *world) *server {
	s := &server{w: w, arrived: make(map[int]int), lostOut: make(map[int]bool)}
	s.forget()
	return s
}

func (s *server) forget() { s.qos2, s.exists, s.subscribed = make(map[uint16]*inFlow), false, false }

// lose loses the session, with the messages that are on their way to the client.
func (s *server) lose() {
	if s.exists {
		s.losses++
	}
	for _, f := range s.queue {
		s.lostOut[f.name] = true
	}
	s.queue = nil
	s.forget()
}

// connect begins a connection.
func (s *server) connect() (present bool) {
	present = s.exists
	s.exists = true
	s.receiveMaximum = 65535
	if s.w.version == wire.V5 && s.w.chance(50) {
		s.receiveMaximum = 1 + s.w.rng.IntN(4)
	}
	s.unacked, s.answers = make(map[uint16]byte), nil
	s.sent, s.acks, s.recs = make(map[uint16]bool), nil, nil
	for _, f := range s.qos2 {
		f.received = false
	}
	return present
}

func (s *server) send(b []byte) { s.w.s2c = append(s.w.s2c, b...) }

// resume sends again what the client has not acknowledged.
func (s *server) resume() {
	if s.w.renumber && s.w.chance(60) {
		s.renumber()
	}
	for _, f := range s.queue {
		switch {
		case f.released:
			s.send(wire.AppendAck(nil, s.w.version, &wire.Ack{Type: wire.PUBREL, PacketID: f.id}))
		case f.sent:
			s.transmit(f, !s.w.renumber || s.w.chance(80))
		}
	}
	s.pump()
}

// renumber gives identifiers anew, from the lowest on.
func (s *server) renumber() {
	for _, f := range s.queue {
		if !f.released {
			f.id = 0
		}
	}
	for _, f := range s.queue {
		if f.sent && !f.released {
			f.id = s.freeID()
		}
	}
}

// publish has a message for the client.
func (s *server) publish() {
	if !s.w.faults || !s.subscribed {
		return
	}
	f := &flight{name: len(s.published), qos: byte(1 + s.w.rng.IntN(2)), poison: s.w.poison && s.w.chance(30)}
	s.queue = append(s.queue, f)
	s.published = append(s.published, f)
	s.pump()
}

// pump sends what was not sent yet.
func (s *server) pump() {
	if !s.w.up {
		return
	}
	for i, f := range s.queue {
		if f.sent || i >= 20 {
			continue
		}
		f.id, f.sent = s.freeID(), true
		s.transmit(f, false)
	}
}

// freeID returns the lowest identifier that is not in use, so that they are used
// again as soon as they can be.
func (s *server) freeID() uint16 {
	for id := uint16(1); ; id++ {
		if !slices.ContainsFunc(s.queue, func(f *flight) bool { return f.sent && f.id == id }) {
			return id
		}
	}
}

func (s *server) transmit(f *flight, again bool) {
	s.sent[f.id] = true
	if f.qos == 1 {
		s.acks = append(s.acks, f.id)
	} else {
		s.recs = append(s.recs, f.id)
	}
	topic := fmt.Sprintf("s%d", f.name)
	if f.poison {
		topic = fmt.Sprintf("+%d", f.name)
	}
	s.send(wire.AppendPublish(nil, s.w.version, &wire.Publish{
		Topic: topic, QoS: f.qos, PacketID: f.id, Dup: again,
	}))
}

// read takes one packet of the client.
func (s *server) read() bool {
	h, body, ok := frame(&s.w.c2s, s.w.version)
	if !s.w.up || !ok {
		return false
	}
	s.w.trace.note("server reads %v %x", h.Type, body)
	if h.Type == wire.PUBLISH {
		s.arrive(h, body)
		return true
	}
	if h.Type == wire.PINGREQ {
		s.send(packet.AppendPingResp(nil))
		return true
	}
	if h.Type == wire.SUBSCRIBE {
		p, err := packet.ParseSubscribe(h, body, s.w.version)
		if err != nil {
			s.w.violate("the client sent %v: %v", h.Type, err)
		}
		s.subscribed = true
		s.send(packet.AppendSubAck(nil, s.w.version, &wire.SubAck{PacketID: p.PacketID, Codes: []byte{2}}))
		return true
	}
	a, err := wire.ParseAck(h, body, s.w.version)
	if err != nil {
		s.w.violate("the client sent %v: %v", h.Type, err)
		return true
	}
	switch h.Type {
	case wire.PUBREL:
		s.release(&a)
	case wire.PUBACK, wire.PUBREC:
		s.acknowledged(&a)
	case wire.PUBCOMP:
		s.completed(&a)
	default:
		s.w.violate("the client sent %v", h.Type)
	}
	return true
}

// arrive takes a PUBLISH.
func (s *server) arrive(h wire.Header, body []byte) {
	p, err := wire.ParsePublish(h, body, s.w.version)
	name := -1
	if err == nil {
		_, err = fmt.Sscanf(p.Topic, "m%d", &name)
	}
	if err != nil || len(p.Payload) != 1 || p.Payload[0] != byte(name) {
		s.w.violate("the client sent %v with %q: %v", h.Type, p.Payload, err)
		return
	}
	if _, busy := s.unacked[p.PacketID]; busy {
		s.w.violate("identifier %d is used twice on one connection", p.PacketID)
	}
	s.unacked[p.PacketID] = p.QoS
	if len(s.unacked) > s.receiveMaximum {
		s.w.violate("%d in flight, the Receive Maximum is %d", len(s.unacked), s.receiveMaximum)
	}
	if p.QoS == 1 || s.w.lowers {
		s.note(name)
		s.answers = append(s.answers, wire.Ack{Type: wire.PUBACK, PacketID: p.PacketID})
		return
	}
	f := s.qos2[p.PacketID]
	switch {
	case f == nil:
		s.note(name)
		s.qos2[p.PacketID] = &inFlow{name: name, received: true}
	case f.released:
		s.w.violate("PUBLISH %d after its PUBREL", p.PacketID)
	case f.name != name:
		s.w.violate("PUBLISH %d is message %d, and was %d", p.PacketID, name, f.name)
	case !p.Dup:
		s.w.violate("PUBLISH %d is sent again without DUP", p.PacketID)
	default:
		f.received = true
	}
	s.answers = append(s.answers, wire.Ack{Type: wire.PUBREC, PacketID: p.PacketID})
}

func (s *server) note(name int) {
	if s.arrived[name]++; s.arrived[name] == 1 {
		s.order = append(s.order, name)
	}
}

// release takes a PUBREL.
func (s *server) release(a *wire.Ack) {
	comp := wire.Ack{Type: wire.PUBCOMP, PacketID: a.PacketID}
	if s.qos2[a.PacketID] == nil && s.w.version == wire.V5 {
		comp.Code = wire.PacketIdentifierNotFound
	}
	delete(s.qos2, a.PacketID)
	s.answers = append(s.answers, comp)
}

// respond sends one of the answers that are due: those of QoS 2 in order, and
// PUBACK at random.
func (s *server) respond() bool {
	if !s.w.up || len(s.answers) == 0 {
		return false
	}
	i := s.w.rng.IntN(len(s.answers))
	if s.answers[i].Type != wire.PUBACK {
		i = slices.IndexFunc(s.answers, func(a wire.Ack) bool { return a.Type == s.answers[i].Type })
	}
	a := s.answers[i]
	s.answers = slices.Delete(s.answers, i, i+1)
	if a.Type != wire.PUBREC {
		delete(s.unacked, a.PacketID)
	}
	s.send(wire.AppendAck(nil, s.w.version, &a))
	return true
}

// acknowledged takes a PUBACK or PUBREC, which must answer a PUBLISH of this
// connection, in the order of sending.
func (s *server) acknowledged(a *wire.Ack) {
	due := &s.acks
	if a.Type == wire.PUBREC {
		due = &s.recs
	}
	if !s.sent[a.PacketID] {
		s.w.violate("%v %d answers nothing of this connection", a.Type, a.PacketID)
		return
	}
	if (*due)[0] != a.PacketID {
		s.w.violate("%v %d came before %d", a.Type, a.PacketID, (*due)[0])
	}
	*due = (*due)[1:]
	delete(s.sent, a.PacketID)
	i := slices.IndexFunc(s.queue, func(f *flight) bool { return f.sent && f.id == a.PacketID })
	if i < 0 {
		s.w.violate("%v %d answers nothing", a.Type, a.PacketID)
		return
	}
	f := s.queue[i]
	if s.w.client.effects[f.name]+s.w.client.discarded[f.name] == 0 {
		s.w.violate("%v %d acknowledges message %d, which nobody saw", a.Type, a.PacketID, f.name)
	}
	refused := f.poison && s.w.version == wire.V5
	if a.Code.Failed() != refused && (!refused || !s.w.shifts) { // one that was taken before MQTT 5 stays taken
		s.w.violate("%v %d has reason code %v", a.Type, a.PacketID, a.Code)
	}
	if a.Type == wire.PUBACK || a.Code.Failed() {
		s.queue = slices.Delete(s.queue, i, i+1)
		s.pump()
		return
	}
	s.queue[i].released = true
	s.send(wire.AppendAck(nil, s.w.version, &wire.Ack{Type: wire.PUBREL, PacketID: a.PacketID}))
}

// completed takes a PUBCOMP.
func (s *server) completed(a *wire.Ack) {
	i := slices.IndexFunc(s.queue, func(f *flight) bool { return f.released && f.id == a.PacketID })
	if i < 0 {
		s.w.violate("PUBCOMP %d answers nothing", a.PacketID)
		return
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	s.pump()
}

// checkOutbound: what the server had for the client was handled, QoS 2 once if it
// came under one identifier.
func (s *server) checkOutbound() {
	for name, f := range s.published {
		n := s.w.client.effects[name] + s.w.client.discarded[name]
		switch {
		case f.poison && s.w.client.effects[name] > 0:
			s.w.violate("poison %d was handled", name)
		case n == 0 && !s.lostOut[name]:
			s.w.violate("message %d for the client was never handled", name)
		case n > 1 && f.qos == 2 && !f.poison && !s.w.renumber:
			s.w.violate("message %d of QoS 2 for the client was handled %d times", name, n)
		}
	}
	if len(s.queue) > 0 {
		s.w.violate("%d messages for the client are still on their way", len(s.queue))
	}
}
