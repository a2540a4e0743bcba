package mqtt

import (
	"fmt"

	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/wire"
)

// Validate reports why no server of version v takes m, as an *ArgumentError. Publish
// calls it. What the server at hand does not take is known only once it is connected. VersionAuto:
// what both versions take.
func (m *Message) Validate(v Version) error {
	var p wire.Publish
	m.encode(&p)
	return m.check(v.least(), &p)
}

// check is Validate for m as the packet p.
func (m *Message) check(v Version, p *wire.Publish) error {
	if m.QoS > ExactlyOnce {
		return &ArgumentError{Name: "qos", What: fmt.Sprintf("%d is not 0, 1 or 2", m.QoS)}
	}
	if m.Properties != nil && v < V5 {
		return &ArgumentError{Name: "properties", What: "need MQTT 5; the version is " + v.String()}
	}
	if err := m.Properties.checkDurations("Properties"); err != nil {
		return err
	}
	if p.QoS > 0 {
		p.PacketID = 1 // a valid one stands in until the session gives its own
	}
	if err := p.Validate(wire.Version(v)); err != nil {
		return &ArgumentError{Name: "message to " + route.Quote(m.Topic), What: whatIsWrong(err)}
	}
	return nil
}

// Validate reports why no server of version v takes s, as an *ArgumentError. Subscribe
// calls it. VersionAuto: what both versions take.
func (s *Subscription) Validate(v Version) error {
	v = v.least()
	if err := checkFilters([]string{s.Filter}); err != nil {
		return err
	}
	if fault := s.fault(s.ID, v); fault != "" {
		return &ArgumentError{Name: "subscription to " + route.Quote(s.Filter), What: fault}
	}
	r := request{filters: []string{s.Filter}, subs: []*subscription{newSubscription(s)}}
	_, err := r.checkedPacket(v)
	return err
}

// checkedPacket returns r as a packet, when there is nothing wrong with what is left
// once each subscription is right: the user properties.
func (r *request) checkedPacket(v Version) (wire.Subscribe, error) {
	p := r.subscribePacket(v)
	if err := p.Validate(wire.Version(v)); err != nil {
		return p, &ArgumentError{Name: "subscription", What: whatIsWrong(err)}
	}
	return p, nil
}

// fault returns what no server of version v would take. All subscriptions of a call
// have one identifier.
func (s *Subscription) fault(id uint32, v Version) string {
	switch {
	case s.QoS > ExactlyOnce:
		return fmt.Sprintf("QoS %d is not 0, 1 or 2", s.QoS)
	case s.Workers < 0:
		return fmt.Sprintf("Workers %d is negative", s.Workers)
	case s.Handler != nil && s.BatchHandler != nil:
		return "Handler and BatchHandler are both given; it can have one of them"
	case s.Workers > 0 && !s.handled():
		return "Workers is for a Handler or BatchHandler, and there is none"
	case s.RetainHandling > RetainedNever:
		return fmt.Sprintf("RetainHandling %d is not 0, 1 or 2", s.RetainHandling)
	case s.NoLocal && isShared(s.Filter): // [MQTT-3.8.3-4] of 5
		return "NoLocal is not allowed for a shared subscription"
	case s.ID != id:
		return "ID is not the same for all subscriptions of the call"
	case s.ID > wire.MaxLength:
		return fmt.Sprintf("ID %d is above 268435455", s.ID)
	case v < V5 && s.needsV5():
		return "ID, UserProperties, NoLocal, RetainAsPublished and RetainedIfNew need MQTT 5"
	}
	return ""
}
