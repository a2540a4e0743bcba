package wire

// PlainMessage returns what else is in the body of a PUBLISH with those flags, if it is to topic, which
// is known to be a good topic name, has no properties, QoS 0 or 1, and neither DUP nor RETAIN. The
// payload is borrowed.
func PlainMessage(flags byte, body []byte, v Version, topic string) (id uint16, payload []byte, plain bool) {
	n := len(topic) + 2
	if len(body) < n || int(body[0])<<8|int(body[1]) != len(topic) || string(body[2:n]) != topic {
		return 0, nil, false
	}
	if flags != 0 {
		if flags != 1<<shiftQoS || len(body) < n+2 {
			return 0, nil, false
		}
		if id = uint16(body[n])<<8 | uint16(body[n+1]); id == 0 {
			return 0, nil, false
		}
		n += 2
	}
	if v == V5 {
		if len(body) == n || body[n] != 0 {
			return 0, nil, false
		}
		n++
	}
	return id, body[n:], true
}

// ParseKnown parses the body of a PUBLISH to topic, which is known to be a good
// topic name, and without properties, as most are that repeat a topic, into p, which
// is zero. It reports false for any other, also for a malformed one: ParsePublish says
// what is wrong then. The payload is borrowed.
func (p *Publish) ParseKnown(h Header, body []byte, v Version, topic string) bool {
	n := len(topic) + 2
	if len(body) < n || int(body[0])<<8|int(body[1]) != len(topic) || string(body[2:n]) != topic {
		return false
	}
	rest := body[n:]
	p.Topic, p.QoS = topic, h.Flags&maskQoS>>shiftQoS
	p.Retain, p.Dup = h.Flags&flagRetain != 0, h.Flags&flagDup != 0
	if p.QoS > 0 {
		if len(rest) < 2 || p.QoS > 2 {
			return false
		}
		p.PacketID = uint16(rest[0])<<8 | uint16(rest[1])
		rest = rest[2:]
		if p.PacketID == 0 {
			return false
		}
	}
	if v == V5 {
		if len(rest) == 0 || rest[0] != 0 {
			return false
		}
		rest = rest[1:]
	}
	p.Payload = rest
	return true
}
