// Package feed is where messages to publish come from: an argument, a file, a stream that is
// one message or a message a line, templates, made-up payloads, and repetitions of these.
//
// The sources stand on one another: what reads the input is wrapped by what decodes it, makes
// text of a template, or repeats it.
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"

	"dunlin/mqtt"
)

// Source gives messages, one after the other. One goroutine at a time may call it.
type Source interface {
	// Ready waits until Next can answer at once, and returns io.EOF when there are no more messages. When
	// ctx ends first the error is its cause, and nothing is lost: the next call goes on.
	Ready(ctx context.Context) error
	// Next waits for the next message and returns it, and io.EOF after the last. Its Payload stays as it
	// is and is not to be changed. After a *LineError the next call gives what stands behind that
	// line; after any other error that is not of ctx no more comes.
	Next(ctx context.Context) (mqtt.Message, error)
}

// Measured is a Source that may know how long it is.
type Measured interface {
	Source
	// Total returns how many messages it gives in all; 0: not known.
	Total() int
	// Portion returns how much of the input was taken, from 0 to 1; negative: not known. Any goroutine
	// may call it.
	Portion() float64
}

// Numbered is a Source whose messages stand in lines.
type Numbered interface {
	Source
	// Line returns the number of the line of the last message that Next gave, from 1 on; 0: it is of no line.
	Line() int
}

// LineError says that a line of the input is no message.
type LineError struct {
	Line int    // from 1 on
	Text string // the line, or the beginning of a long one
	Err  error
}

// Error returns one line with the line's number, its beginning and what is wrong with it.
func (e *LineError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d %q: %v", e.Line, e.Text, e.Err)
}

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// lineError returns a LineError that shows the beginning of the line.
func lineError(number int, line []byte, err error) *LineError {
	const shown = 60
	text := string(line[:min(len(line), shown)])
	if len(line) > shown {
		text += "..."
	}
	return &LineError{Line: number, Text: text, Err: err}
}

// MaxPayload is the largest payload that is published, as with Mosquitto's commands: what a packet
// can hold at all.
const MaxPayload = 268435455

// largest is MaxPayload, and less in tests.
var largest = MaxPayload

var (
	// ErrEmpty says that there was nothing on stdin, where its whole was to be the message. Mosquitto's commands
	// fail then, too: a command in front that failed would clear a retained message otherwise.
	ErrEmpty = errors.New("there is no input")
	// ErrTooLarge says that a payload is larger than MaxPayload.
	ErrTooLarge = fmt.Errorf("more than %d bytes, the most that a message can hold", MaxPayload)
)

// Message returns a source that gives m once. Without a payload it is a null message.
func Message(m mqtt.Message) Source { return Repeat(m, 1) }

// Repeat returns a source that gives m n times.
func Repeat(m mqtt.Message, n int) Source { return &repeated{m: m, total: n} }

// repeated gives the same message again and again.
type repeated struct {
	m            mqtt.Message
	given, total int
}

// Ready returns io.EOF after the last.
func (s *repeated) Ready(context.Context) error {
	if s.given >= s.total {
		return io.EOF
	}
	return nil
}

// Next returns the message.
func (s *repeated) Next(ctx context.Context) (mqtt.Message, error) {
	if err := s.Ready(ctx); err != nil {
		return mqtt.Message{}, err
	}
	s.given++
	return s.m, nil
}

// Total returns how many there are.
func (s *repeated) Total() int { return s.total }

// Portion returns a negative number: Total says more.
func (s *repeated) Portion() float64 { return -1 }

// onTop is a source that changes what another one gives: all but that is the other's.
type onTop struct{ Source }

// Total returns how many messages the inner source gives.
func (s onTop) Total() int {
	if m, ok := s.Source.(Measured); ok {
		return m.Total()
	}
	return 0
}

// Portion returns how much of the inner source's input was taken.
func (s onTop) Portion() float64 {
	if m, ok := s.Source.(Measured); ok {
		return m.Portion()
	}
	return -1
}

// Line returns the inner source's line.
func (s onTop) Line() int {
	if n, ok := s.Source.(Numbered); ok {
		return n.Line()
	}
	return 0
}
