package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Numbers finds the number in each of many payloads. One goroutine at a time may use it.
type Numbers struct {
	path     []step
	decoders map[string]*decoder // of the forms that came
}

// step leads from a value of JSON to one in it.
type step struct {
	key     string
	index   int
	isIndex bool
}

// NewNumbers returns what finds the number at a member of JSON, such as .a.b[0] or ["a key"]; the payload itself, if member is
// empty. true and false count as 1 and 0, so that switches have a chart.
func NewNumbers(member string) (*Numbers, error) {
	path, err := parseMember(member)
	if err != nil {
		return nil, fmt.Errorf("%q names no member of JSON: %w; write .a.b[0] or [\"a key\"]", Short(member), err)
	}
	return &Numbers{path: path, decoders: map[string]*decoder{}}, nil
}

// Of returns the number in a payload.
func (n *Numbers) Of(m *Message) (float64, bool) {
	value, ok := find(n.json(m), n.path)
	if !ok {
		return 0, false
	}
	return parseNumber(value)
}

// json returns a payload that is JSON or a number, or what is decoded of one; nothing, if it cannot be.
func (n *Numbers) json(m *Message) []byte {
	form := m.announced()
	if isSparkplug(m.Topic) {
		form = Sparkplug
	}
	if form == "" {
		return m.Payload
	}
	d := n.decoders[form]
	if d == nil {
		var err error
		if d, err = newDecoder(form); err != nil {
			return nil
		}
		n.decoders[form] = d
	}
	text, err := d.json(m)
	if err != nil {
		return nil
	}
	return text
}

// parseNumber reads a number as people write one.
func parseNumber(b []byte) (float64, bool) {
	switch b = bytes.TrimSpace(b); string(b) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	const longest = 400 // JSON allows more digits, and nobody writes them
	if len(b) == 0 || len(b) > longest {
		return 0, false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false // what ParseFloat takes besides: NaN, hexadecimal, underscores
		}
	}
	x, err := strconv.ParseFloat(string(b), 64)
	return x, err == nil && !math.IsInf(x, 0)
}

// parseMember reads the name of a member.
func parseMember(member string) (path []step, err error) {
	for rest := member; rest != ""; {
		var one step
		if rest[0] == '.' && strings.HasPrefix(rest[1:], "[") {
			rest = rest[1:] // as jq writes it
		}
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if one.key = rest[1:end]; one.key == "" {
				return nil, fmt.Errorf("a name is missing behind a dot")
			}
			rest = rest[end:]
		case strings.HasPrefix(rest, `["`):
			end := 1 + stringEnd([]byte(rest[1:]))
			if end >= len(rest) || rest[end] != ']' || json.Unmarshal([]byte(rest[1:end]), &one.key) != nil {
				return nil, fmt.Errorf("a string in brackets has no end")
			}
			rest = rest[end+1:]
		case rest[0] == '[':
			end := max(strings.IndexByte(rest, ']'), 1)
			if one.index, err = strconv.Atoi(rest[1:end]); err != nil || one.index < 0 {
				return nil, fmt.Errorf("no number stands in brackets")
			}
			one.isIndex = true
			rest = rest[end+1:]
		default:
			return nil, fmt.Errorf("a dot or a bracket is missing")
		}
		path = append(path, one)
	}
	return path, nil
}

// find returns the value of JSON that a path leads to. It takes no offence at faults elsewhere.
func find(b []byte, path []step) ([]byte, bool) {
	for _, one := range path {
		var ok bool
		if b, ok = one.in(b); !ok {
			return nil, false
		}
	}
	return b, true
}

// in returns the value that a step leads to: of members with one name the last, as JavaScript does.
func (s *step) in(b []byte) (found []byte, ok bool) {
	begin := byte('{')
	if s.isIndex {
		begin = '['
	}
	if b = skipSpace(b); len(b) == 0 || b[0] != begin {
		return nil, false
	}
	b = b[1:]
	for i, more := 0, true; more; i++ {
		var key, value []byte
		key, value, b, more = cutMember(b, s.isIndex)
		isHere := i == s.index
		if !s.isIndex {
			isHere = s.isKey(key)
		}
		if isHere && len(value) > 0 {
			found, ok = value, true
		}
	}
	return found, ok
}

// cutMember returns the first member of an object, or the first element of an array, and what follows the comma behind it. The
// key is as it is written.
func cutMember(b []byte, isArray bool) (key, value, rest []byte, more bool) {
	b = skipSpace(b)
	if !isArray {
		end := stringEnd(b)
		if end == 0 {
			return nil, nil, nil, false
		}
		key = b[:end]
		if b = skipSpace(b[end:]); len(b) == 0 || b[0] != ':' {
			return nil, nil, nil, false
		}
		b = skipSpace(b[1:])
	}
	end := valueEnd(b)
	value, rest = b[:end], skipSpace(b[end:])
	if len(rest) == 0 || rest[0] != ',' {
		return key, value, nil, false
	}
	return key, value, rest[1:], true
}

// isKey tells whether a string of JSON is the key.
func (s *step) isKey(quoted []byte) bool {
	if len(quoted) == 0 {
		return false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == s.key
	}
	var key string
	return json.Unmarshal(quoted, &key) == nil && key == s.key
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// stringEnd returns where the string that b begins with ends, 0 if there is none.
func stringEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// valueEnd returns where the value that b begins with ends.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			end := stringEnd(b[i:])
			if end == 0 {
				return len(b)
			}
			i += end - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			if depth > 0 || i+1 < len(b) && !endsScalar(b[i+1]) {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// endsScalar tells of what stands behind a number or a word.
func endsScalar(c byte) bool {
	return strings.IndexByte(",}] \t\r\n:", c) >= 0
}
