package buffer

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// encoding is one of the names that toString, from and write take.
type encoding int

const (
	encUTF8 encoding = iota
	encHex
	encBase64
	encBase64URL
	encLatin1
	encASCII
	encUTF16
)

// findEncoding reads an encoding's name, in whatever case; false when there is none of that name.
func findEncoding(v goja.Value) (encoding, bool) {
	if v == nil {
		return encUTF8, false
	}
	return encodingNamed(v.String())
}

func encodingNamed(name string) (encoding, bool) {
	switch name {
	case "utf8", "utf-8":
		return encUTF8, true
	case "hex":
		return encHex, true
	case "base64":
		return encBase64, true
	case "base64url":
		return encBase64URL, true
	case "latin1", "binary":
		return encLatin1, true
	case "ascii":
		return encASCII, true
	case "utf16le", "utf-16le", "ucs2", "ucs-2":
		return encUTF16, true
	}
	if lower := strings.ToLower(name); lower != name && len(name) <= len("base64url") {
		return encodingNamed(lower)
	}
	return encUTF8, false
}

// encoding is the encoding that v names, utf8 when it is undefined.
func (h *host) encoding(v goja.Value) encoding {
	if v == nil || goja.IsUndefined(v) {
		return encUTF8
	}
	e, ok := findEncoding(v)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_UNKNOWN_ENCODING", "Unknown encoding: "+v.String())
	}
	return e
}

// Encode gives the bytes of a string in an encoding, which is utf8 when its name is undefined; one
// that is unknown throws. Other modules use it for their arguments.
func Encode(vm *engine.VM, s goja.String, name goja.Value) []byte {
	h := &host{vm: vm, rt: vm.Runtime()}
	return encode(s, h.encoding(name))
}

// Decode gives the string of bytes in an encoding, see [Encode].
func Decode(vm *engine.VM, b []byte, name goja.Value) goja.Value {
	h := &host{vm: vm, rt: vm.Runtime()}
	return h.decode(b, h.encoding(name))
}

// IsEncoding reports whether v is the name of an encoding.
func IsEncoding(v goja.Value) bool {
	_, ok := findEncoding(v)
	return ok && goja.IsString(v)
}

// byteLength is the length of a string in an encoding. That of base64 and hex is what their
// characters would give if all were good.
func byteLength(s goja.String, e encoding) int {
	n := s.Length()
	switch e {
	case encHex:
		return n / 2
	case encBase64, encBase64URL:
		if n > 1 && s.CharAt(n-1) == '=' {
			n--
			if n > 1 && s.CharAt(n-1) == '=' {
				n--
			}
		}
		return n * 3 / 4
	case encLatin1, encASCII:
		return n
	case encUTF16:
		return 2 * n
	}
	return len(s.String())
}

// encode gives the bytes of a string.
func encode(s goja.String, e encoding) []byte {
	switch e {
	case encHex:
		return decodeHex(s.String())
	case encBase64, encBase64URL:
		return decodeBase64(s.String())
	case encLatin1, encASCII:
		if text := s.String(); len(text) == s.Length() {
			return []byte(text)
		}
		b := make([]byte, s.Length())
		for i := range b {
			b[i] = byte(s.CharAt(i))
		}
		return b
	case encUTF16:
		b := make([]byte, 0, 2*s.Length())
		for i := range s.Length() {
			c := s.CharAt(i)
			b = append(b, byte(c), byte(c>>8))
		}
		return b
	}
	return []byte(s.String())
}

// decode gives the string of bytes.
func (h *host) decode(b []byte, e encoding) goja.Value {
	if e == encHex && len(b) > maxText/2 || e != encUTF16 && len(b) > maxText || len(b) > 2*maxText {
		nodeerr.Throw(h.vm, "Error", "ERR_STRING_TOO_LONG", "Cannot create a string longer than 0x1fffffe8 characters")
	}
	switch e {
	case encHex:
		return h.rt.ToValue(hex.EncodeToString(b))
	case encBase64:
		return h.rt.ToValue(base64.StdEncoding.EncodeToString(b))
	case encBase64URL:
		return h.rt.ToValue(base64.RawURLEncoding.EncodeToString(b))
	case encLatin1:
		return h.fromUnits(b, 0xff)
	case encASCII:
		return h.fromUnits(b, 0x7f)
	case encUTF16:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return goja.StringFromUTF16(units)
	}
	return h.rt.ToValue(ValidText(b))
}

// fromUnits is the string whose characters have the numbers in b.
func (h *host) fromUnits(b []byte, mask byte) goja.Value {
	ascii := true
	for _, c := range b {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return h.rt.ToValue(string(b))
	}
	units := make([]uint16, len(b))
	for i, c := range b {
		units[i] = uint16(c & mask)
	}
	return goja.StringFromUTF16(units)
}

// decodeHex stops at the first pair that is not hexadecimal, as Node.js does.
func decodeHex(s string) []byte {
	b := make([]byte, len(s)/2)
	n, _ := hex.Decode(b, []byte(s[:len(b)*2]))
	return b[:n]
}

// decodeBase64 takes both alphabets, with or without padding, and skips what belongs to neither.
func decodeBase64(s string) []byte {
	if i := strings.IndexByte(s, '='); i >= 0 {
		s = s[:i]
	}
	clean := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/':
			clean = append(clean, c)
		case c == '-':
			clean = append(clean, '+')
		case c == '_':
			clean = append(clean, '/')
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	b := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, _ := base64.RawStdEncoding.Decode(b, clean)
	return b[:n]
}

// ValidText is the text of bytes, with U+FFFD for each longest part of a sequence that is not
// UTF-8, as the Encoding Standard wants it.
func ValidText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n, _ = BadUTF8(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// BadUTF8 is how many bytes of a sequence that utf8.DecodeRune refuses one U+FFFD stands for, and how
// many a right one that begins so would have.
func BadUTF8(b []byte) (bad, whole int) {
	lo, hi, need := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		switch c {
		case 0xe0:
			lo = 0xa0
		case 0xed:
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		switch c {
		case 0xf0:
			lo = 0x90
		case 0xf4:
			hi = 0x8f
		}
	}
	n := 1
	for ; n <= need && n < len(b) && b[n] >= lo && b[n] <= hi; n++ {
		lo, hi = 0x80, 0xbf
	}
	return n, need + 1
}

// whole is how many of the first n bytes are whole characters.
func whole(data []byte, n int, e encoding) int {
	if n >= len(data) {
		return len(data)
	}
	switch e {
	case encUTF8:
		for n > 0 && data[n]&0xc0 == 0x80 {
			n--
		}
	case encUTF16:
		n &^= 1
	}
	return n
}
