package wire

// Plain returns where the body of the packet at the front of b is, if it has come whole and is such as
// come most: a PUBLISH without DUP and RETAIN, of less than 16 KiB, or an acknowledgement that
// says no more than success. This way they cost less than with ParseHeader, which tells of any other; to is
// 0 then.
func Plain(b []byte) (from, to int) {
	if len(b) < 4 { // none is shorter, but for a PUBLISH without topic
		return 0, 0
	}
	switch first := b[0]; first {
	case byte(PUBACK) << 4, byte(PUBREC) << 4, byte(PUBREL)<<4 | 2, byte(PUBCOMP) << 4:
		if b[1] != 2 {
			return 0, 0
		}
		return 2, 4
	default:
		if first&^maskQoS != byte(PUBLISH)<<4 || first&maskQoS == maskQoS {
			return 0, 0
		}
	}
	from, length := 2, int(b[1])
	if length > 127 {
		if b[2] == 0 || b[2] > 127 { // longer than it need be, or longer than that
			return 0, 0
		}
		from, length = 3, length&127|int(b[2])<<7
	}
	if to = from + length; to > len(b) {
		return 0, 0
	}
	return from, to
}
