// Package format turns received messages into the bytes that are printed: Mosquitto's output
// language, as mosquitto_sub 2.1.2 has it, JSON lines of our own, and hexadecimal.
package format

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"dunlin/internal/terminal"
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

// ErrNotJSON is what errors.Is finds where a payload that %J was to embed is no JSON.
var ErrNotJSON = errors.New("message payload is not valid JSON")

// A PayloadError tells that a payload is not what %J, %d or %f print.
type PayloadError struct {
	Text string // what mosquitto_sub writes to stderr, to the byte
}

// Error returns the text as one sentence.
func (e *PayloadError) Error() string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(e.Text, "Error: "), ".\n"), ".\nError: ", "; ")
}

// Is tells whether one of the faults is target.
func (e *PayloadError) Is(target error) bool {
	return target == ErrNotJSON && strings.Contains(e.Text, "not valid JSON")
}

// Printer prints messages in one way. Any goroutine may call its method.
type Printer struct {
	options Options
	items   []item // of Options.Format
}

// New returns the Printer for what the options say. The error is a *FormatError.
func New(o Options) (*Printer, error) {
	p := &Printer{options: o}
	var err error
	p.items, err = parse(o.Format)
	return p, err
}

// Parse returns the Printer for a format in Mosquitto's language. The error is a *FormatError.
func Parse(format string) (*Printer, error) { return New(Options{Format: format}) }

// Append appends what is printed for m, which came at that time, line feed included. After a
// *PayloadError what was appended is still to be printed, and the error is for stderr.
func (p *Printer) Append(dst []byte, m *mqtt.Received, at time.Time) ([]byte, error) {
	var failed error
	switch {
	case p.options.JSON:
		dst = appendJSON(dst, m, at, p.options.Pretty)
	case p.options.Format != "":
		dst, failed = p.appendItems(dst, m, at)
	default:
		dst = p.appendLine(dst, m)
	}
	if !p.options.NoNewline {
		dst = append(dst, '\n')
	}
	return dst, failed
}

func (p *Printer) appendItems(dst []byte, m *mqtt.Received, at time.Time) ([]byte, error) {
	var failed *PayloadError
	for i := range p.items {
		var one *PayloadError
		if dst, one = p.appendItem(dst, &p.items[i], m, at); one == nil {
			continue
		}
		if failed == nil {
			failed = &PayloadError{}
		}
		failed.Text += one.Text
	}
	if failed != nil {
		return dst, failed
	}
	return dst, nil
}

// appendLine appends the payload, and the topic in front with -v. An empty payload is (null)
// there, which is what Mosquitto's users know.
func (p *Printer) appendLine(dst []byte, m *mqtt.Received) []byte {
	if p.options.Verbose {
		dst = append(p.appendString(dst, m.Topic), ' ')
		if len(m.Payload) == 0 {
			return append(dst, "(null)"...)
		}
	}
	return p.appendRaw(dst, m.Payload)
}

// appendRaw appends bytes that may be anything: as they are, as digits, or harmless.
func (p *Printer) appendRaw(dst, b []byte) []byte {
	switch {
	case p.options.Hex:
		return hex.AppendEncode(dst, b)
	case p.options.Escape:
		return terminal.AppendEscaped(dst, b)
	}
	return append(dst, b...)
}

// appendString appends text that stays within its line on a terminal.
func (p *Printer) appendString(dst []byte, s string) []byte {
	return append(dst, p.shown(s)...)
}

func (p *Printer) shown(s string) string {
	if p.options.Escape {
		return terminal.EscapeLine(s)
	}
	return s
}
