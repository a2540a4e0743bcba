// Package feed is where messages to publish come from: an argument, a file, a stream that is
// one message or a message a line, templates, made-up payloads, and repetitions of these.
//
// The sources stand on one another: what reads the input is wrapped by what decodes it, makes
// text of a template, or repeats it.
package feed

import (
	"context"
	"fmt"
	"io"

	"dunlin/mqtt"
)

// Source gives messages, one after the other.
type Source interface {
	// Next returns the next message, and io.EOF after the last. Its Payload stays as it is and is not
	// to be changed. When ctx ends first the error is its cause and nothing is lost: the next
	// call goes on. After a *LineError the next call gives what stands behind that line. After any
	// other error no more comes. One goroutine at a time may call it.
	Next(ctx context.Context) (mqtt.Message, error)
}

// Measured is a Source that knows how long it is.
type Measured interface {
	Source
	// Total returns how many messages it gives in all; 0: not known.
	Total() int
	// Portion returns how much of the input was taken, from 0 to 1; negative: not known. Any goroutine
	// may call it.
	Portion() float64
}

// LineError says that a line of the input is no message.
type LineError struct {
	Line int // from 1 on
	Text string
	Err  error
}

// Error returns one line with the line's number, its beginning and what is wrong with it.
func (e *LineError) Error() string {
	text := e.Text
	if len(text) > maxShown {
		text = text[:maxShown] + "..."
	}
	return fmt.Sprintf("line %d %q: %v", e.Line, text, e.Err)
}

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// maxShown is how many bytes of a line an error shows.
const maxShown = 60

// MaxPayload is the largest payload that a PUBLISH can hold, as Mosquitto's commands bound it too.
const MaxPayload = 268435455

// Message returns a source that gives m once. An empty payload is a null message.
func Message(m mqtt.Message) Source { return &message{m: m} }

// Whole returns a source that gives all of r as the payload of one message like m. It reads when it
// is asked, and fails above MaxPayload.
func Whole(r io.Reader, m mqtt.Message) Source { return &whole{r: newChunks(r), m: m} }

// File returns a source of one message like m with what the file holds, as it is now. The name "-" is
// stdin, read when it is asked.
func File(name string, stdin io.Reader, m mqtt.Message) (Source, error) { return openFile(name, stdin, m) }

// Lines returns a source that gives a message like m for each line of r, cut into lines as
// mosquitto_pub -l does it; see LineRules.
func Lines(r io.Reader, m mqtt.Message, rules LineRules) Source { return newLines(r, m, rules) }

// Records returns a source of messages like m whose lines hold the topic, too, and perhaps more,
// as format says. Empty lines are passed over. A line that does not fit is a *LineError.
func Records(r io.Reader, m mqtt.Message, format *LineFormat) Source { return newRecords(r, m, format) }

// Repeat returns a source that gives each message of s n times in a row.
func Repeat(s Source, n int) Source { return &repeat{s: s, n: n} }
