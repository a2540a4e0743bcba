package record

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dunlin/mqtt"
)

// brief returns the beginning of a text that an error shows: a line may be as long as any.
func brief(s string) string {
	const shown = 40
	if len(s) <= shown {
		return s
	}
	return strings.ToValidUTF8(s[:shown], "") + "..."
}

// text returns a string; null is none.
func text(key string, value []byte) (*string, error) {
	if string(value) == "null" {
		return nil, nil
	}
	if value[0] != '"' {
		return nil, fmt.Errorf("%s is %s, not a string", key, brief(string(value)))
	}
	if hasLoneSurrogate(value) {
		return nil, fmt.Errorf("%s has half of a surrogate pair, which is no character", key)
	}
	s, err := unquote(value)
	return &s, err
}

// hasLoneSurrogate tells whether an escape in JSON stands for half of a character: it has no form in UTF-8, and reading it
// makes it U+FFFD without a word.
func hasLoneSurrogate(value []byte) bool {
	for {
		_, escape, found := bytes.Cut(value, []byte(`\`))
		if !found {
			return false
		}
		value = escape[1:]
		switch half := surrogate(escape); {
		case half == 0:
		case half >= 0xdc00, !bytes.HasPrefix(escape[5:], []byte(`\`)), surrogate(escape[6:]) < 0xdc00:
			return true
		default:
			value = escape[11:]
		}
	}
}

// surrogate returns the half of a character that an escape without its backslash stands for; 0: it is none.
func surrogate(escape []byte) uint64 {
	if len(escape) < 5 || escape[0] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(escape[1:5]), 16, 16)
	if err != nil || n < 0xd800 || n > 0xdfff {
		return 0
	}
	return n
}

// number returns a whole number; null is none.
func number(key string, value []byte, limit uint64) (*uint64, error) {
	if string(value) == "null" {
		return nil, nil
	}
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil || n > limit {
		return nil, fmt.Errorf("%s is %s, not a whole number from 0 to %d", key, brief(string(value)), limit)
	}
	return &n, nil
}

// retain returns true or false, which before Mosquitto 2.1 were 1 and 0.
func retain(value []byte) (*bool, error) {
	var yes bool
	switch string(value) {
	case "null":
		return nil, nil
	case "true", "1":
		yes = true
	case "false", "0":
	default:
		return nil, fmt.Errorf("retain is %s, not true or false", brief(string(value)))
	}
	return &yes, nil
}

// userProperties reads a list of objects with one name each, or one object with all names, as Mosquitto 2.0
// writes it, in which a name may stand more than once.
func userProperties(raw []byte) ([]mqtt.UserProperty, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	if hasLoneSurrogate(raw) {
		return nil, errors.New("user-properties have half of a surrogate pair, which is no character")
	}
	var user []mqtt.UserProperty
	add := func(object []byte) error {
		if object[0] != '{' {
			return errUser
		}
		return pairs(object, func(name string, value []byte) error {
			if value[0] != '"' {
				return errUser
			}
			text, err := unquote(value)
			user = append(user, mqtt.UserProperty{Name: name, Value: text})
			return err
		})
	}
	var err error
	if raw[0] == '[' {
		err = elements(raw, add)
	} else {
		err = add(raw)
	}
	return user, err
}

// errUser says that user properties are something else.
var errUser = errors.New("user-properties are names with texts")
