package wire

// UnsubAck is the UNSUBACK packet. Before MQTT 5 it carries no codes.
type UnsubAck SubAck

// ParseUnsubAck parses the body of an UNSUBACK. Codes borrows the body. An undefined
// code from 0x80 on is a failure of that filter: the packet is returned beside the error.
func ParseUnsubAck(h Header, body []byte, v Version) (UnsubAck, error) {
	r := NewReader(h, body, UNSUBACK)
	var u UnsubAck
	if v == V5 {
		u = UnsubAck(r.acknowledged(UNSUBACK, v))
	} else {
		u.PacketID = r.PacketID()
	}
	if err := r.End(); err != nil {
		return UnsubAck{}, err
	}
	return u, r.odd
}
