package packet

import "encoding/binary"

func appendVarInt(dst []byte, n int) []byte {
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

func varIntSize(n int) int {
	size := 1
	for n >= 0x80 {
		size++
		n >>= 7
	}
	return size
}

func appendText(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s))) //nolint:gosec // checked when it was made
	return append(dst, s...)
}

func appendBytes(dst, b []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(b))) //nolint:gosec // checked when it was made
	return append(dst, b...)
}

// PublishSize is the size of a PUBLISH with its header.
func PublishSize(p *Packet, version int) int {
	n := publishLength(p, version)
	return 1 + varIntSize(n) + n
}

func publishLength(p *Packet, version int) int {
	n := 2 + len(p.Topic) + len(p.Payload)
	if p.QoS > 0 {
		n += 2
	}
	if version == V5 {
		l := propertiesLength(p.Properties)
		n += varIntSize(l) + l
	}
	return n
}

// Append appends a packet that a client sends, other than CONNECT.
func Append(dst []byte, p *Packet, version int) []byte {
	switch p.Type {
	case Publish:
		return appendPublish(dst, p, version)
	case PubAck, PubRec, PubRel, PubComp:
		return appendAck(dst, p, version)
	case Subscribe, Unsubscribe:
		return appendSubscribe(dst, p, version)
	case Disconnect, Auth:
		return appendReason(dst, p, version)
	default:
		return append(dst, byte(p.Type)<<4, 0)
	}
}

func appendPublish(dst []byte, p *Packet, version int) []byte {
	first := byte(Publish)<<4 | p.QoS<<1
	if p.Dup {
		first |= 8
	}
	if p.Retain {
		first |= 1
	}
	dst = appendVarInt(append(dst, first), publishLength(p, version))
	dst = appendText(dst, p.Topic)
	if p.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, p.ID)
	}
	if version == V5 {
		dst = appendProperties(dst, p.Properties)
	}
	return append(dst, p.Payload...)
}

// flagsOf are the lower half of the first byte where the standard fixes it.
func flagsOf(t Type) byte {
	if t == PubRel || t == Subscribe || t == Unsubscribe {
		return 2
	}
	return 0
}

// appendAck leaves out what stands for success.
func appendAck(dst []byte, p *Packet, version int) []byte {
	dst = append(dst, byte(p.Type)<<4|flagsOf(p.Type))
	if version != V5 || p.Code == 0 && len(p.Properties) == 0 {
		return binary.BigEndian.AppendUint16(append(dst, 2), p.ID)
	}
	l := propertiesLength(p.Properties)
	dst = appendVarInt(dst, 3+varIntSize(l)+l)
	dst = append(binary.BigEndian.AppendUint16(dst, p.ID), p.Code)
	return appendProperties(dst, p.Properties)
}

func appendSubscribe(dst []byte, p *Packet, version int) []byte {
	n := 2
	if version == V5 {
		l := propertiesLength(p.Properties)
		n += varIntSize(l) + l
	}
	for _, f := range p.Filters {
		n += 2 + len(f.Topic)
		if p.Type == Subscribe {
			n++
		}
	}
	dst = appendVarInt(append(dst, byte(p.Type)<<4|2), n)
	dst = binary.BigEndian.AppendUint16(dst, p.ID)
	if version == V5 {
		dst = appendProperties(dst, p.Properties)
	}
	for _, f := range p.Filters {
		dst = appendText(dst, f.Topic)
		if p.Type == Subscribe {
			dst = append(dst, f.Options)
		}
	}
	return dst
}

func appendReason(dst []byte, p *Packet, version int) []byte {
	dst = append(dst, byte(p.Type)<<4)
	if version != V5 {
		return append(dst, 0)
	}
	l := propertiesLength(p.Properties)
	dst = append(appendVarInt(dst, 1+varIntSize(l)+l), p.Code)
	return appendProperties(dst, p.Properties)
}

// AppendConnect appends a CONNECT.
func AppendConnect(dst []byte, c *ConnectPacket) []byte {
	body := appendText(make([]byte, 0, 64+len(c.WillPayload)), c.ProtocolID)
	level := c.Version
	if c.Bridge {
		level |= 0x80
	}
	body = append(body, level, c.flags())
	body = binary.BigEndian.AppendUint16(body, c.KeepAlive)
	if c.Version == V5 {
		body = appendProperties(body, c.Properties)
	}
	body = appendText(body, c.ClientID)
	if c.HasWill {
		if c.Version == V5 {
			body = appendProperties(body, c.WillProperties)
		}
		body = appendBytes(appendText(body, c.WillTopic), c.WillPayload)
	}
	if c.HasUser {
		body = appendBytes(body, c.Username)
	}
	if c.HasPassword {
		body = appendBytes(body, c.Password)
	}
	return append(appendVarInt(append(dst, byte(Connect)<<4), len(body)), body...)
}

func (c *ConnectPacket) flags() (flags byte) {
	set := func(on bool, bit byte) {
		if on {
			flags |= bit
		}
	}
	set(c.Clean, 0x02)
	set(c.HasWill, 0x04|c.WillQoS<<3)
	set(c.HasWill && c.WillRetain, 0x20)
	set(c.HasPassword, 0x40)
	set(c.HasUser, 0x80)
	return flags
}
