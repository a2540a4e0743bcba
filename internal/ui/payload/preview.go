package payload

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// lineLength is how many characters a line has at most.
const lineLength = 200

// Preview returns one line of at most 200 characters, and the form that it was read as.
func (m *Message) Preview() (line, form string) {
	form = m.Form()
	if m.Size > 0 && len(m.Payload) == 0 {
		return "(too long to be kept)", Binary
	}
	switch form {
	case Empty:
		return "", form
	case Text:
		return oneLine(m.Payload, len(m.Payload) < m.Size), form
	case JSON:
		return oneLine(withoutSpace(m.Payload), len(m.Payload) < m.Size), form
	case Image:
		kind := strings.TrimPrefix(imageType(m.Payload, m.Size), "image/")
		return strings.ToUpper(kind) + " image", form
	case Sparkplug, CBOR, MsgPack:
		if line, ok := m.decodedLine(form); ok {
			return line, form
		}
	}
	return hexLine(m.Payload, m.Size), Binary
}

// decodedLine returns the beginning of what is decoded, where the payload is short enough to be decoded for a line.
func (m *Message) decodedLine(form string) (string, bool) {
	if len(m.Payload) < m.Size {
		return "", false
	}
	d, err := newDecoder(form)
	if err != nil {
		return "", false
	}
	text, err := d.json(m)
	if err != nil {
		return "", false
	}
	return oneLine(text, false), true
}

// withoutSpace returns the beginning of JSON without the space between its parts: enough for a line.
func withoutSpace(b []byte) []byte {
	out := make([]byte, 0, min(len(b), 4*lineLength+utf8.UTFMax))
	inString, escaped := false, false
	for _, c := range b {
		if len(out) >= 4*lineLength+1 {
			break
		}
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		out = append(out, c)
	}
	return out
}

// oneLine returns the beginning of text as one line, every character visible; cut tells that text goes on.
func oneLine(text []byte, cut bool) string {
	var w visible
	n := 0
	for ; n < lineLength && len(text) > 0; n++ {
		if cut && !utf8.FullRune(text) {
			break
		}
		text = w.next(text, "")
	}
	if len(text) > 0 || cut {
		return shorten(w.String())
	}
	return Short(w.String())
}

// Short returns a text of at most 200 characters, with "…" where it goes on.
func Short(s string) string {
	if len(s) <= lineLength {
		return s
	}
	n := 0
	for range s {
		if n++; n > lineLength {
			return shorten(s)
		}
	}
	return s
}

// shorten returns the first 199 characters at most, and "…".
func shorten(s string) string {
	n := 0
	for i := range s {
		if n == lineLength-1 {
			return s[:i] + "…"
		}
		n++
	}
	return s + "…"
}

// hexLine returns the first bytes in hexadecimal.
func hexLine(b []byte, size int) string {
	const most = (lineLength - 1) / 3
	shown := b[:min(len(b), most)]
	line := fmt.Sprintf("% x", shown)
	if len(shown) < size {
		line += "…"
	}
	return line
}

// visible writes text of which each character is seen: control characters as their pictures (␀ to ␟, ␡), others that show
// nothing or turn the direction of what follows as ⟨U+202E⟩, and bytes that are not UTF-8 as ⟨FF⟩.
type visible struct{ bytes.Buffer }

// next writes the first character of text, as it is if it is one of kept, and returns the rest.
func (w *visible) next(text []byte, kept string) []byte {
	r, size := utf8.DecodeRune(text)
	switch {
	case r == utf8.RuneError && size == 1:
		w.WriteString(fmt.Sprintf("⟨%02X⟩", text[0]))
	case r < 0x80 && strings.IndexByte(kept, byte(r)) >= 0:
		w.WriteByte(byte(r))
	case r < ' ':
		w.WriteRune('␀' + r)
	case r == 0x7f:
		w.WriteRune('␡')
	case unseen(r):
		w.WriteString(fmt.Sprintf("⟨U+%04X⟩", r))
	default:
		w.Write(text[:size])
	}
	return text[size:]
}

// unseen tells of characters that show nothing, or that turn the direction of text.
func unseen(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case r < 0xa0, r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f && r != 0x200c && r != 0x200d: // joiners are parts of words and emoji
		return true
	case r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f
}
