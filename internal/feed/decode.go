package feed

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"dunlin/mqtt"
)

// Decode returns a source that gives the messages of s with the bytes that their payloads stand for, which are written
// in "hex" or "base64". White space in between does not count. A payload that is neither is a
// *LineError where it came in a line, else the end.
func Decode(s Source, encoding string) (Source, error) {
	var decode func(string) ([]byte, error)
	switch encoding {
	case "hex":
		decode = hex.DecodeString
	case "base64":
		decode = decodeBase64
	default:
		return nil, fmt.Errorf("%q is not hex or base64", encoding)
	}
	return &decoded{onTop: onTop{s}, name: encoding, decode: decode}, nil
}

// decoded turns the text of payloads into the bytes that it stands for.
type decoded struct {
	onTop
	name   string
	decode func(string) ([]byte, error)
}

// Next returns the next message of the inner source, decoded.
func (s *decoded) Next(ctx context.Context) (mqtt.Message, error) {
	m, err := s.Source.Next(ctx)
	if err != nil {
		return m, err
	}
	text := string(m.Payload)
	payload, err := s.decode(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return mqtt.Message{}, s.fault(m.Payload)
	}
	m.Payload = payload
	return m, nil
}

// fault says that a payload is not what it should be.
func (s *decoded) fault(payload []byte) error {
	err := errors.New("the message is not " + s.name)
	if line := s.Line(); line > 0 {
		return lineError(line, payload, err)
	}
	return err
}

// decodeBase64 reads the standard alphabet and that of URLs, with and without padding.
func decodeBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}
