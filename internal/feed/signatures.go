package feed

import (
	"context"
	"errors"
	"io"

	"dunlin/mqtt"
)

// LineRules say how a stream is cut into lines.
type LineRules struct {
	// KeepCR leaves the carriage return of a line that ends with one in the payload.
	KeepCR bool
}

// LineFormat says what the fields of a line are.
type LineFormat struct{}

// ParseLineFormat reads a format: "tsv", "json", or a pattern such as "{topic} {payload}" with the fields
// topic, payload, qos and retain.
func ParseLineFormat(s string) (*LineFormat, error) { return nil, errors.ErrUnsupported }

// Encoding is how the input writes payloads: "hex" or "base64".
type Encoding string

// Decode returns a source that gives the messages of s with the bytes that their payloads stand for.
func Decode(s Source, e Encoding) (Source, error) { return nil, errors.ErrUnsupported }

// Template makes payloads, and topics, of text with expressions; see ParseTemplate.
type Template struct{}

// ParseTemplate reads the templates of the payload and the topic, in the language of Go's text/template. The
// same seed gives the same random values.
func ParseTemplate(payload, topic string, seed uint64) (*Template, error) {
	return nil, errors.ErrUnsupported
}

// Fill returns a source that gives the messages of s with what the template makes of them.
func (t *Template) Fill(s Source) Source { return nil }

// Fills are the ways to make up a payload.
const (
	FillRandom = "random" // random bytes
	FillText   = "text"   // random letters and digits
	FillZero   = "zero"   // bytes 0
	FillCount  = "count"  // bytes that count from 0 to 255 and again
)

// Sized returns a source that gives one message like m with a payload of so many bytes, made up as fill says,
// and fresh ones as often as Repeat asks.
func Sized(m mqtt.Message, size int, fill string, seed uint64) (Source, error) {
	return nil, errors.ErrUnsupported
}

type (
	message struct{ m mqtt.Message }
	whole   struct {
		r io.Reader
		m mqtt.Message
	}
	repeat struct {
		s Source
		n int
	}
)

func newChunks(r io.Reader) io.Reader { return r }

func openFile(string, io.Reader, mqtt.Message) (Source, error) { return nil, errors.ErrUnsupported }

func newLines(io.Reader, mqtt.Message, LineRules) Source { return nil }

func newRecords(io.Reader, mqtt.Message, *LineFormat) Source { return nil }

// Next returns the message, and then io.EOF.
func (s *message) Next(context.Context) (mqtt.Message, error) { return s.m, io.EOF }

// Next returns the message, and then io.EOF.
func (s *whole) Next(context.Context) (mqtt.Message, error) { return s.m, io.EOF }

// Next returns the next message.
func (s *repeat) Next(ctx context.Context) (mqtt.Message, error) { return s.s.Next(ctx) }
