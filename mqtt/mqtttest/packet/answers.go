package packet

import "dunlin/mqtt/internal/wire"

// AppendConnAck appends a CONNACK. Before MQTT 5 Code is the return code.
func AppendConnAck(dst []byte, v Version, c *ConnAck) []byte {
	var flags byte
	if c.SessionPresent && v != V31 {
		flags = 1
	}
	dst = append(wire.AppendHeader(dst, CONNACK, 0, 2+c.Properties.Size(v)), flags, byte(c.Code))
	return wire.AppendProperties(dst, v, c.Properties)
}

// AppendSubAck appends a SUBACK.
func AppendSubAck(dst []byte, v Version, s *SubAck) []byte { return appendCodes(dst, SUBACK, v, s) }

// AppendUnsubAck appends an UNSUBACK, which has no codes before MQTT 5.
func AppendUnsubAck(dst []byte, v Version, u *UnsubAck) []byte {
	s := SubAck(*u)
	if v < V5 {
		s.Codes = nil
	}
	return appendCodes(dst, UNSUBACK, v, &s)
}

func appendCodes(dst []byte, t Type, v Version, s *SubAck) []byte {
	dst = wire.AppendHeader(dst, t, 0, 2+s.Properties.Size(v)+len(s.Codes))
	dst = wire.AppendProperties(wire.AppendUint16(dst, s.PacketID), v, s.Properties)
	return append(dst, s.Codes...)
}

// AppendPingResp appends a PINGRESP: two bytes.
func AppendPingResp(dst []byte) []byte { return wire.AppendHeader(dst, PINGRESP, 0, 0) }
