// Package format turns received messages into the bytes that are printed: Mosquitto's output
// language, as mosquitto_sub 2.1.2 has it, JSON lines of our own, and hexadecimal.
package format

import (
	"errors"
	"time"

	"dunlin/mqtt"
)

// Options say how messages are printed. The zero value prints each payload and a line feed.
type Options struct {
	Format    string // -F: Mosquitto's output language; empty for none
	Verbose   bool   // -v without Format: the topic and a space in front
	NoNewline bool   // -N: no line feed at the end
	Pretty    bool   // --pretty: %j and %J, and JSON, over several lines

	JSON bool // --json: one object a line, with keys that carry any payload; see AppendJSON
	Hex  bool // --hex: the payload as hexadecimal digits, where it is printed as it came otherwise

	// Escape is for terminals: what came from the network does nothing to them. What stands in
	// Format is the user's own, such as \e[92m for a colour, and stays.
	Escape bool
}

// A FormatError says what is wrong with a Format, in the words of mosquitto_sub.
type FormatError struct {
	Text string // without "Error: " in front
}

// Error returns the text.
func (e *FormatError) Error() string { return e.Text }

// ErrNotJSON is what Append returns for a message whose payload %J was to embed.
var ErrNotJSON = errors.New("message payload is not valid JSON")

// Printer prints messages in one way. Its method may be called by one goroutine at a time.
type Printer struct {
	options Options
}

// New returns the Printer for what the options say. The error is a *FormatError.
func New(o Options) (*Printer, error) {
	return &Printer{options: o}, nil
}

// Parse returns the Printer for a format in Mosquitto's language. The error is a *FormatError.
func Parse(format string) (*Printer, error) { return New(Options{Format: format}) }

// Append appends what is printed for m, which came at that time, line feed included. After an
// error what was appended is still to be printed; the error is then for stderr.
func (p *Printer) Append(dst []byte, m *mqtt.Received, at time.Time) ([]byte, error) {
	_ = at
	if p.options.Verbose {
		dst = append(append(dst, m.Topic...), ' ')
	}
	dst = append(dst, m.Payload...)
	if !p.options.NoNewline {
		dst = append(dst, '\n')
	}
	return dst, nil
}

// AppendJSON appends m as one JSON object without a line feed: Mosquitto's keys, and besides
// them what a program needs to have every byte of it.
func AppendJSON(dst []byte, m *mqtt.Received, at time.Time) []byte {
	_, _ = m, at
	return dst
}
