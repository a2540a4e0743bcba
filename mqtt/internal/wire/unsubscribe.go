package wire

// Unsubscribe is the UNSUBSCRIBE packet.
type Unsubscribe struct {
	PacketID   uint16
	Filters    []string // at least one
	Properties Properties
}

// ParseUnsubscribe parses the body of an UNSUBSCRIBE; it allocates the list.
func ParseUnsubscribe(h Header, body []byte, v Version) (Unsubscribe, error) {
	r := newReader(h, body, UNSUBSCRIBE)
	u := Unsubscribe{PacketID: r.packetID()}
	if v == V5 {
		u.Properties = r.properties(UNSUBSCRIBE)
	}
	if len(r.b) == 0 && r.err == nil {
		r.fail(ProtocolError, "no topic filter") // [MQTT-3.10.3-2]
	}
	for len(r.b) > 0 {
		u.Filters = append(u.Filters, r.filter())
	}
	if err := r.end(); err != nil {
		return Unsubscribe{}, err
	}
	return u, nil
}

// AppendUnsubscribe appends the packet.
func AppendUnsubscribe(dst []byte, v Version, u *Unsubscribe) []byte {
	dst = AppendHeader(dst, UNSUBSCRIBE, requiredFlags(UNSUBSCRIBE), u.remaining(v))
	dst = appendProperties(appendUint16(dst, u.PacketID), v, u.Properties)
	for _, f := range u.Filters {
		dst = appendText(dst, f)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (u *Unsubscribe) Length(v Version) int { return sizeOf(u.remaining(v)) }

func (u *Unsubscribe) remaining(v Version) int {
	n := 2 + u.Properties.size(v)
	for _, f := range u.Filters {
		n += 2 + len(f)
	}
	return n
}

// Validate returns an [*Error] for what must not be sent. The syntax of the filters is
// package route's business.
func (u *Unsubscribe) Validate(v Version) error {
	if len(u.Filters) == 0 {
		return &Error{Code: ProtocolError, Type: UNSUBSCRIBE, What: "no topic filter"} // [MQTT-3.10.3-2]
	}
	for _, f := range u.Filters {
		if err := checkFilter(UNSUBSCRIBE, f); err != nil {
			return err
		}
	}
	return first(
		checkID(UNSUBSCRIBE, u.PacketID),
		u.Properties.validate(v, UNSUBSCRIBE, UNSUBSCRIBE),
		checkSize(UNSUBSCRIBE, u.remaining(v)))
}
