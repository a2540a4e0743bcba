package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// errEmpty says that bytes are missing.
var errEmpty = errors.New("the payload is empty")

const hexDigits = "0123456789abcdef"

// appendJSON appends a payload that is JSON, as it is but for space.
func appendJSON(dst []byte, m *mqtt.Received) ([]byte, error) {
	if len(m.Payload) == 0 {
		return dst, errEmpty
	}
	return appendCompact(dst, m.Payload)
}

// appendCompact appends JSON without space between the tokens.
func appendCompact(dst, text []byte) ([]byte, error) {
	compact := bytes.NewBuffer(dst)
	if err := json.Compact(compact, text); err != nil {
		return dst, jsonFault(text)
	}
	return compact.Bytes(), nil
}

// jsonFault says what is wrong with JSON, and where, which Compact does not say.
func jsonFault(text []byte) error {
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("at byte %d: %w", syntax.Offset, err)
	}
	return err
}

// appendHarmless appends JSON of which a terminal shows each character, and obeys none.
func appendHarmless(dst, text []byte) []byte {
	return terminal.EscapeJSON(append(dst, text...), len(dst))
}

// appendString appends s as a string of JSON, which is UTF-8.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		plain := 0
		for plain < len(s) && s[plain] >= ' ' && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\' {
			plain++
		}
		dst, s = append(dst, s[:plain]...), s[plain:]
		if len(s) > 0 {
			r, size := utf8.DecodeRuneInString(s)
			dst, s = appendRune(dst, r), s[size:]
		}
	}
	return append(dst, '"')
}

// appendRune appends one character of a string, escaped where JSON has it so. What a terminal makes of it is seen to
// at the end, for the whole value.
func appendRune(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if r < ' ' {
		return append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// appendBytes appends bytes as a string of base64.
func appendBytes(dst, b []byte) []byte {
	dst = append(dst, '"')
	return append(base64.StdEncoding.AppendEncode(dst, b), '"')
}

// appendFloat appends a number with as few digits as tell it from others of its width, 32 or 64 bits.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

// appendTime appends the time that is so long after the start of 1970 as a string, and tells whether it has a form in RFC 3339.
func appendTime(dst []byte, seconds int64, nanoseconds uint64) ([]byte, bool) {
	const firstYear, lastYear = -62167219200, 253402300799 // the first second of 0000, the last one of 9999
	if seconds < firstYear || seconds > lastYear || nanoseconds >= 1e9 {
		return dst, false
	}
	t := time.Unix(seconds, int64(nanoseconds)).UTC()
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), true
}

// errKey says that the key of a map has no form in JSON: written into a string, keys within keys would double
// their backslashes at each level.
var errKey = errors.New("the key of a map is an array or a map")

// quoteKey makes the JSON from start on, which stands for the key of a map, a string, and appends the colon.
func quoteKey(dst []byte, start int) []byte {
	if start < len(dst) && dst[start] != '"' {
		key := string(dst[start:])
		dst = appendString(dst[:start], key)
	}
	return append(dst, ':')
}
