package wire

// codeSet is a set of reason codes, one bit each.
type codeSet [4]uint64

func (s *codeSet) has(c ReasonCode) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func codesOf(codes ...ReasonCode) (s codeSet) {
	for _, c := range codes {
		s[c>>6] |= 1 << (c & 63)
	}
	return s
}

// codeRule says which codes a packet may carry and what becomes of the others.
type codeRule struct {
	defined codeSet
	// failure says that an undefined code from 0x80 on has a meaning nevertheless: the
	// operation failed. The parser then returns the packet and the error.
	failure bool
	// fault is the error for any other undefined code.
	fault ReasonCode
}

// codeRules is MQTT 5 table 2-6, indexed by packet type: [MQTT-3.2.2-8] CONNACK,
// [MQTT-3.4.2-1] PUBACK, [MQTT-3.5.2-1] PUBREC, [MQTT-3.6.2-1] PUBREL, [MQTT-3.7.2-1]
// PUBCOMP, [MQTT-3.9.3-2] SUBACK, [MQTT-3.11.3-2] UNSUBACK, [MQTT-3.14.2-1] DISCONNECT,
// [MQTT-3.15.2-1] AUTH. Codes of both directions are in; the receiver judges direction.
var codeRules = [16]codeRule{
	CONNACK: {codesOf(0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95,
		0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F), false, MalformedPacket},
	PUBACK:   {codesOf(0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99), true, ProtocolError},
	PUBREC:   {codesOf(0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99), true, ProtocolError},
	PUBREL:   {codesOf(0x00, 0x92), false, MalformedPacket},
	PUBCOMP:  {codesOf(0x00, 0x92), true, ProtocolError},
	SUBACK:   {codesOf(0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2), true, ProtocolError},
	UNSUBACK: {codesOf(0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91), true, ProtocolError},
	// 0x8C is in table 2-6 but not in table 3-10.
	DISCONNECT: {codesOf(0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93,
		0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2), true, ProtocolError},
	AUTH: {codesOf(0x00, 0x18, 0x19), false, ProtocolError},
}

// IsDefined reports whether MQTT 5 defines code c for packets of type t.
func IsDefined(t Type, c ReasonCode) bool {
	return int(t) < len(codeRules) && codeRules[t].defined.has(c)
}

// code judges a code that came off the wire. An undefined one spoils the packet, or
// leaves it readable with an error beside it.
func (r *Reader) code(t Type, c ReasonCode) {
	rule := &codeRules[t]
	if rule.defined.has(c) {
		return
	}
	err := &Error{Code: rule.fault, Type: t, What: "reason code " + hexByte(byte(c)) + " is not defined here"}
	switch {
	case !rule.failure || !c.Failed():
		r.Check(err)
	case t != DISCONNECT: // which ends the connection whatever its code
		err.Code = MalformedPacket
		r.odd = err
	}
}

// checkSent judges a code that is about to be sent: only defined ones pass.
func checkSent(t Type, c ReasonCode) error {
	if IsDefined(t, c) {
		return nil
	}
	return &Error{Code: ProtocolError, Type: t, What: "reason code " + hexByte(byte(c)) + " is not defined here"}
}
