package payload

// mostTried is how long a payload may be of which is tried what it can be read as.
const mostTried = 64 << 10

// maybe returns the forms that the whole of a payload can be read as, though nothing says that it is one: a map or a list with something
// in it, and nothing behind it. A single number or text does not count, for most bytes are one. It is for a person to decide.
func maybe(m *Message) (forms []string) {
	if m.Size > mostTried || len(m.Payload) < m.Size {
		return nil
	}
	for _, form := range []string{CBOR, MsgPack} {
		if !holdsOthers(form, m.Payload[0]) {
			continue
		}
		d, err := newDecoder(form)
		if err != nil {
			continue
		}
		if text, err := d.json(m); err == nil && len(text) > len("{}") {
			forms = append(forms, form)
		}
	}
	return forms
}

// holdsOthers tells whether a value that begins with this byte is a map or a list.
func holdsOthers(form string, first byte) bool {
	if form == CBOR {
		return first >= 0x80 && first < 0xc0 // major types 4 and 5, RFC 8949 section 3.1
	}
	return first >= 0x80 && first < 0xa0 || first >= 0xdc && first < 0xe0
}
