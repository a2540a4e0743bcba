package wire

// parseVarint reads a variable byte integer at the start of b. size is 0 when more
// bytes are needed. fault says what is wrong, "" when nothing is. Four continuation
// bits are refused without waiting for a fifth byte (MQTT 5 section 1.5.5, 3.1.1
// section 2.2.3); with minimal, so is an encoding longer than need be [MQTT-1.5.5-1].
// Only MQTT 5 forbids that one.
func parseVarint(b []byte, minimal bool) (value uint32, size int, fault string) {
	for i, c := range b {
		if i == 4 {
			break
		}
		value |= uint32(c&0x7F) << (7 * i)
		if c&0x80 == 0 {
			if minimal && c == 0 && i > 0 {
				return 0, 0, "is not encoded in the fewest bytes"
			}
			return value, i + 1, ""
		}
	}
	if len(b) >= 4 {
		return 0, 0, "is longer than four bytes"
	}
	return 0, 0, ""
}

// appendVarint appends value as a variable byte integer of the fewest bytes.
func appendVarint(dst []byte, value uint32) []byte {
	for value >= 0x80 {
		dst = append(dst, byte(value)|0x80)
		value >>= 7
	}
	return append(dst, byte(value))
}

// varintSize is the number of bytes that appendVarint adds.
func varintSize(value uint32) int {
	switch {
	case value < 1<<7:
		return 1
	case value < 1<<14:
		return 2
	case value < 1<<21:
		return 3
	default:
		return 4
	}
}
