package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// checkJSON says what is wrong with a text that is not JSON. The functions below are for what is.
func checkJSON(text []byte) error {
	if json.Valid(text) {
		return nil
	}
	var value json.RawMessage
	return fmt.Errorf("it is not JSON: %w", json.Unmarshal(text, &value))
}

// members calls each for every member of an object, whose keys have to differ.
func members(object []byte, each func(key string, value []byte) error) error {
	seen := make([]string, 0, 16)
	return pairs(object, func(key string, value []byte) error {
		if slices.Contains(seen, key) {
			return fmt.Errorf("the key %q stands there twice", brief(key))
		}
		seen = append(seen, key) // few, because an unknown one is an error
		return each(key, value)
	})
}

// pairs calls each for every member of an object.
func pairs(object []byte, each func(key string, value []byte) error) error {
	rest := space(object)
	if rest[0] != '{' {
		return errors.New("it is not a JSON object")
	}
	for rest = space(rest[1:]); rest[0] != '}'; rest = space(rest) {
		end := valueEnd(rest)
		key, err := unquote(rest[:end])
		if err != nil {
			return err
		}
		rest = space(space(rest[end:])[len(":"):])
		end = valueEnd(rest)
		if err := each(key, rest[:end]); err != nil {
			return err
		}
		if rest = space(rest[end:]); rest[0] == ',' {
			rest = rest[1:]
		}
	}
	return nil
}

// elements calls each for every element of an array.
func elements(array []byte, each func(value []byte) error) error {
	for rest := space(array[1:]); rest[0] != ']'; rest = space(rest) {
		end := valueEnd(rest)
		if err := each(rest[:end]); err != nil {
			return err
		}
		if rest = space(rest[end:]); rest[0] == ',' {
			rest = rest[1:]
		}
	}
	return nil
}

// space returns what comes behind white space.
func space(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// valueEnd returns where the value at the beginning of text ends.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // the end of what is around a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// stringEnd returns where the string at the beginning of text ends.
func stringEnd(text []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexByte(text[i:], '"')
		backslashes := 0
		for text[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i + 1
		}
	}
}

// unquote returns what a string stands for.
func unquote(quoted []byte) (string, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}
