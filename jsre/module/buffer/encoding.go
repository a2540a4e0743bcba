package buffer

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
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

var encodings = map[string]encoding{
	"utf8": encUTF8, "utf-8": encUTF8, "hex": encHex, "base64": encBase64, "base64url": encBase64URL,
	"latin1": encLatin1, "binary": encLatin1, "ascii": encASCII,
	"utf16le": encUTF16, "utf-16le": encUTF16, "ucs2": encUTF16, "ucs-2": encUTF16,
}

// toEncoding reads an encoding's name; undefined is utf8.
func toEncoding(vm *engine.VM, what string, v goja.Value) encoding {
	if !engine.Given(v) {
		return encUTF8
	}
	if goja.IsString(v) {
		if e, ok := encodings[strings.ToLower(v.String())]; ok {
			return e
		}
	}
	vm.ThrowType("%s: encoding must be utf8, hex, base64, base64url, latin1, ascii or utf16le, got %s", what, v.String())
	return 0
}

// encode gives the bytes of a string.
func encode(s goja.String, e encoding) []byte {
	switch e {
	case encHex:
		return decodeHex(s.String())
	case encBase64, encBase64URL:
		return decodeBase64(s.String())
	case encLatin1, encASCII:
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
func decode(vm *engine.VM, b []byte, e encoding) goja.Value {
	rt := vm.Runtime()
	switch e {
	case encHex:
		return rt.ToValue(hex.EncodeToString(b))
	case encBase64:
		return rt.ToValue(base64.StdEncoding.EncodeToString(b))
	case encBase64URL:
		return rt.ToValue(base64.RawURLEncoding.EncodeToString(b))
	case encLatin1, encASCII:
		mask := byte(0xff)
		if e == encASCII {
			mask = 0x7f
		}
		units := make([]uint16, len(b))
		for i, c := range b {
			units[i] = uint16(c & mask)
		}
		return goja.StringFromUTF16(units)
	case encUTF16:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return goja.StringFromUTF16(units)
	}
	return rt.ToValue(validText(b))
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

// validText is the text of bytes, with U+FFFD for each longest part of a sequence that is not
// UTF-8, as the Encoding Standard wants it.
func validText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = badLength(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// badLength is how many bytes of an invalid sequence one U+FFFD stands for.
func badLength(b []byte) int {
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
	return n
}
