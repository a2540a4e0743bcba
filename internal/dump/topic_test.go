package dump

import (
	"errors"
	"fmt"
	"strings"
)

// The way back from a name to its topic: no command needs it, and that there is one is what the tests show.

// ErrName says that a path is none that Name returns.
var ErrName = errors.New("no topic has this name")

// Topic returns the topic whose path is name.
func Topic(name string) (string, error) {
	var topic strings.Builder
	goesOn := false
	for i, part := range strings.Split(name, "/") {
		if i > 0 && !goesOn {
			topic.WriteByte('/')
		}
		if goesOn {
			part = strings.TrimPrefix(part, "+")
		}
		part, goesOn = strings.CutSuffix(part, "+")
		decode(&topic, part)
	}
	// What decode let pass shows here: each topic has one name.
	if Name(topic.String()) != name {
		return "", fmt.Errorf("%q: %w", name, ErrName)
	}
	return topic.String(), nil
}

// decode writes the bytes that a part of a name stands for. It takes what is wrong as it is.
func decode(topic *strings.Builder, part string) {
	if part == "%" {
		return
	}
	for i := 0; i < len(part); {
		n := length(part[i])
		if i+n > len(part) {
			n = 1
		}
		switch n {
		case 3:
			topic.WriteByte(digit(part[i+1])<<4 | digit(part[i+2]))
		case 2:
			topic.WriteByte(part[i+1] - 'a' + 'A')
		default:
			topic.WriteByte(part[i])
		}
		i += n
	}
}

// digit returns what a lower case hexadecimal digit stands for, and something else for another character.
func digit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
