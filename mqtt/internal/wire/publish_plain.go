package wire

// PlainPublish returns where the body of the packet at the front of b is, if that is a PUBLISH
// without DUP and RETAIN, of less than 16 KiB, that has come whole. Most are, and cost less this way
// than with ParseHeader, which tells of any other packet; to is 0 then.
func PlainPublish(b []byte) (from, to int) {
	if len(b) < 3 {
		return 0, 0
	}
	if first := b[0]; first&^maskQoS != byte(PUBLISH)<<4 || first&maskQoS == maskQoS {
		return 0, 0
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
