package wire

// Unsubscribe is the UNSUBSCRIBE packet.
type Unsubscribe struct {
	PacketID   uint16
	Filters    []string // at least one
	Properties Properties
}

// AppendUnsubscribe appends the packet.
func AppendUnsubscribe(dst []byte, v Version, u *Unsubscribe) []byte {
	dst = AppendHeader(dst, UNSUBSCRIBE, requiredFlags(UNSUBSCRIBE), u.remaining(v))
	dst = AppendProperties(AppendUint16(dst, u.PacketID), v, u.Properties)
	for _, f := range u.Filters {
		dst = AppendText(dst, f)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (u *Unsubscribe) Length(v Version) int { return sizeOf(u.remaining(v)) }

func (u *Unsubscribe) remaining(v Version) int {
	n := 2 + u.Properties.Size(v)
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
