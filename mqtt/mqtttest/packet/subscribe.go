package packet

import "dunlin/mqtt/internal/wire"

// ParseSubscribe parses the body of a SUBSCRIBE. It does not judge the wildcards of the
// filters.
func ParseSubscribe(h Header, body []byte, v Version) (Subscribe, error) {
	r := wire.NewReader(h, body, SUBSCRIBE)
	s := Subscribe{PacketID: r.PacketID()}
	if v == V5 {
		s.Properties = r.Properties(SUBSCRIBE)
	}
	if r.Len() == 0 {
		r.Fail(wire.ProtocolError, "no topic filter") // [MQTT-3.8.3-3] of 3.1.1, [MQTT-3.8.3-2] of 5
	}
	for r.Len() > 0 {
		f := Filter{Topic: filter(&r), Options: r.Uint8("subscription options")}
		r.Check(wire.CheckOptions(v, f))
		s.Filters = append(s.Filters, f)
	}
	if err := r.End(); err != nil {
		return Subscribe{}, err
	}
	return s, nil
}

// ParseUnsubscribe parses the body of an UNSUBSCRIBE.
func ParseUnsubscribe(h Header, body []byte, v Version) (Unsubscribe, error) {
	r := wire.NewReader(h, body, UNSUBSCRIBE)
	u := Unsubscribe{PacketID: r.PacketID()}
	if v == V5 {
		u.Properties = r.Properties(UNSUBSCRIBE)
	}
	if r.Len() == 0 {
		r.Fail(wire.ProtocolError, "no topic filter") // [MQTT-3.10.3-2]
	}
	for r.Len() > 0 {
		u.Filters = append(u.Filters, filter(&r))
	}
	if err := r.End(); err != nil {
		return Unsubscribe{}, err
	}
	return u, nil
}

// filter reads a topic filter, which must not be empty [MQTT-4.7.3-1].
func filter(r *wire.Reader) string {
	s := r.Text("topic filter")
	if s == "" {
		r.Fail(wire.ProtocolError, "topic filter is empty")
	}
	return s
}
