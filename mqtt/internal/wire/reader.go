package wire

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Reader reads the fields of one packet's body. It is sticky: after the first fault
// every read returns a zero value and no later fault counts, so a parser checks the
// error once, at its end. No read goes past the end of b, whatever the lengths in it
// say. Each read is told what it reads, for the error.
type Reader struct {
	b   []byte
	typ Type
	err *Error
	odd error // beside a packet that can be read
}

// NewReader starts reading the body of a packet that must be one of want.
func NewReader(h Header, body []byte, want Type) Reader {
	r := Reader{b: body, typ: want}
	switch {
	case h.Type != want:
		r.Fail(ProtocolError, "the packet is a "+h.Type.String())
	case h.Length != len(body):
		r.Fail(MalformedPacket, "the body is not as long as the header says")
	}
	return r
}

// Len is how many bytes are left to read.
func (r *Reader) Len() int { return len(r.b) }

// Fail says what is wrong with the packet, unless something was before.
func (r *Reader) Fail(code ReasonCode, what string) {
	if r.err == nil {
		r.err = &Error{Code: code, Type: r.typ, What: what}
	}
	r.b = nil
}

// Check takes over an error of a check that is made elsewhere.
func (r *Reader) Check(err error) {
	if e, ok := errors.AsType[*Error](err); ok && r.err == nil {
		r.err, r.b = e, nil
	}
}

// End returns the first fault, and refuses bytes that nobody has read.
func (r *Reader) End() error {
	if len(r.b) > 0 {
		r.Fail(MalformedPacket, "bytes are left over at its end")
	}
	if r.err != nil {
		return r.err
	}
	return nil
}

// take returns the next n bytes; it cannot be appended to over what follows them.
func (r *Reader) take(n int, what string) []byte {
	if n > len(r.b) {
		r.short(what)
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *Reader) short(what string) {
	if r.err == nil {
		r.Fail(MalformedPacket, "ends before the "+what+" does")
	}
}

// Rest reads all that is left.
func (r *Reader) Rest() []byte {
	p := r.b[:len(r.b):len(r.b)]
	r.b = nil
	return p
}

// Uint8 reads a byte.
func (r *Reader) Uint8(what string) byte {
	if len(r.b) < 1 {
		r.short(what)
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// Uint16 reads an integer of two bytes.
func (r *Reader) Uint16(what string) uint16 {
	if len(r.b) < 2 {
		r.short(what)
		return 0
	}
	n := uint16(r.b[0])<<8 | uint16(r.b[1])
	r.b = r.b[2:]
	return n
}

func (r *Reader) uint32(what string) uint32 {
	high := r.Uint16(what)
	return uint32(high)<<16 | uint32(r.Uint16(what))
}

// varint reads a variable byte integer of a body. Bodies hold them in MQTT 5 only.
func (r *Reader) varint(what string) uint32 {
	value, size, fault := parseVarint(r.b, true)
	if fault != "" {
		r.Fail(MalformedPacket, what+" "+fault)
		return 0
	}
	if size == 0 {
		r.short(what)
		return 0
	}
	r.b = r.b[size:]
	return value
}

// Binary reads binary data: two bytes of length and as many bytes.
func (r *Reader) Binary(what string) []byte {
	return r.take(int(r.Uint16(what)), what)
}

// Text reads a UTF-8 string as a borrowed view.
func (r *Reader) Text(what string) string {
	p := r.Binary(what)
	if fault := textFault(p); fault != "" {
		r.Fail(MalformedPacket, what+" "+fault)
		return ""
	}
	return view(p)
}

// PacketID reads a packet identifier, which must not be 0: [MQTT-2.3.1-1] of 3.1.1,
// [MQTT-2.2.1-3] and [MQTT-2.2.1-4] of 5.
func (r *Reader) PacketID() uint16 {
	id := r.Uint16("packet identifier")
	if id == 0 && r.err == nil {
		r.Fail(ProtocolError, "packet identifier 0")
	}
	return id
}

// view returns p as a string without a copy. It is good as long as p is unchanged.
func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// ones has the lowest bit of each byte set, highs the highest.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain reports whether s is of ASCII characters other than U+0000, '+' and '#': then
// it is a good text and a good topic name. It looks at eight bytes at a time, because
// every message is looked at; what is not plain is judged with care elsewhere.
func plain(s string) bool {
	var odd uint64
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		// A byte that is 0 borrows from its highest bit; so does one after it, which is
		// then judged with care for nothing.
		odd |= w | (w - ones) | (w ^ '+'*ones - ones) | (w ^ '#'*ones - ones)
	}
	for i := range len(s) {
		if c := s[i]; c-1 >= 0x7F || c == '+' || c == '#' {
			return false
		}
	}
	return odd&highs == 0
}

// textFault says what is wrong with a string, "" when it is well formed: no surrogates
// or other ill-formed UTF-8 ([MQTT-1.5.3-1] of 3.1.1, [MQTT-1.5.4-1] of 5) and no
// U+0000 ([MQTT-1.5.3-2], [MQTT-1.5.4-2]). Control characters and non-characters pass:
// the standard leaves the choice. A byte order mark stays ([MQTT-1.5.3-3], [MQTT-1.5.4-3]).
func textFault(p []byte) string {
	if !utf8.Valid(p) {
		return "is not well-formed UTF-8"
	}
	if bytes.IndexByte(p, 0) >= 0 {
		return "holds U+0000"
	}
	return ""
}

// sentFault is textFault for a string that is about to be sent, length included.
func sentFault(s string) string {
	if len(s) > maxText {
		return "is longer than 65535 bytes"
	}
	if !utf8.ValidString(s) {
		return "is not well-formed UTF-8"
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "holds U+0000"
	}
	return ""
}

// maxText is the longest string or binary data that two bytes of length allow.
const maxText = 65535

// topicFault says why a well-formed string is no topic name, "" when it is one:
// [MQTT-3.3.2-2]. The empty topic is judged elsewhere.
func topicFault(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] == '+' || s[i] == '#' {
			return "holds a wildcard"
		}
	}
	return ""
}

// checkText refuses a string that cannot be sent.
func checkText(t Type, what, s string) error {
	if fault := sentFault(s); fault != "" {
		return &Error{Code: MalformedPacket, Type: t, What: what + " " + fault}
	}
	return nil
}

// checkTopic refuses a string that is no topic name ([MQTT-4.7.3-1] when empty).
func checkTopic(t Type, what, s string) error {
	if s != "" && len(s) <= maxText && plain(s) {
		return nil
	}
	fault := sentFault(s)
	switch {
	case fault != "":
	case s == "":
		fault = "is empty"
	default:
		fault = topicFault(s)
	}
	if fault != "" {
		return &Error{Code: TopicNameInvalid, Type: t, What: what + " " + fault}
	}
	return nil
}

// checkSize refuses what does not fit into the remaining length of a header.
func checkSize(t Type, length int) error {
	if length > MaxLength {
		return &Error{Code: PacketTooLarge, Type: t, What: "is larger than 268435455 bytes"}
	}
	return nil
}

// checkID refuses packet identifier 0 [MQTT-2.2.1-3].
func checkID(t Type, id uint16) error {
	if id == 0 {
		return &Error{Code: ProtocolError, Type: t, What: "packet identifier 0"}
	}
	return nil
}

// first returns the first error of several checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// AppendUint16 appends an integer of two bytes.
func AppendUint16(dst []byte, n uint16) []byte { return append(dst, byte(n>>8), byte(n)) }

// AppendText appends a UTF-8 string.
func AppendText(dst []byte, s string) []byte {
	return append(AppendUint16(dst, uint16(len(s))), s...)
}

func appendBinary(dst, p []byte) []byte {
	return append(AppendUint16(dst, uint16(len(p))), p...)
}
