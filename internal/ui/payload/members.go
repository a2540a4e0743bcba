package payload

import (
	"bytes"
	"encoding/json"
	"strconv"
)

const (
	mostMembers      = 200
	mostMembersBytes = 1 << 20 // of JSON that is looked through for members
	longestMember    = 1000
)

// Members returns the members of a payload of JSON, or of what is decoded of it, that are numbers or switches: at most 200, of
// the first MiB.
func (n *Numbers) Members(m *Message) (members []string) {
	text := n.json(m)
	w := walk{tokens: json.NewDecoder(bytes.NewReader(text[:min(len(text), mostMembersBytes)]))}
	w.tokens.UseNumber()
	for len(members) < mostMembers {
		token, err := w.tokens.Token()
		if err != nil {
			break
		}
		if isNumber := w.take(token); isNumber && len(w.path) > 0 && len(w.path) <= longestMember {
			members = append(members, string(w.path))
		}
	}
	return members
}

// walk goes through the tokens of JSON, and knows where it is.
type walk struct {
	tokens *json.Decoder
	path   []byte // of the value that was taken last
	levels []level
}

// level is an object or an array that has not ended.
type level struct {
	length  int // of its own path
	isArray bool
	index   int
	keyed   bool // the key of the next value was taken
}

// take takes a token, and tells whether it is a number or a switch.
func (w *walk) take(token json.Token) bool {
	if len(w.levels) > 0 {
		inside := &w.levels[len(w.levels)-1]
		if token == json.Delim('}') || token == json.Delim(']') {
			w.path = w.path[:inside.length]
			w.levels = w.levels[:len(w.levels)-1]
			return false
		}
		if !inside.isArray && !inside.keyed {
			key, _ := token.(string)
			w.path = appendKey(w.path[:inside.length], key)
			inside.keyed = true
			return false
		}
		inside.keyed = false
		if inside.isArray {
			w.path = append(strconv.AppendInt(append(w.path[:inside.length], '['), int64(inside.index), 10), ']')
			inside.index++
		}
	}
	switch token := token.(type) {
	case json.Delim:
		w.levels = append(w.levels, level{length: len(w.path), isArray: token == '['})
	case json.Number, bool:
		return true
	}
	return false
}

// appendKey appends the step to a member of an object.
func appendKey(path []byte, key string) []byte {
	if isPlain(key) {
		return append(append(path, '.'), key...)
	}
	quoted, _ := json.Marshal(key) // a string has always a form in JSON
	return append(append(append(path, '['), quoted...), ']')
}

// isPlain tells whether a key can stand behind a dot.
func isPlain(key string) bool {
	for _, r := range key {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return key != ""
}
