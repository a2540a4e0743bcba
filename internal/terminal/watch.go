package terminal

import (
	"fmt"
	"io"
)

// Watch is a screen on which each topic has a line of its own, in the order in which they came.
// One goroutine may use it at a time.
type Watch struct {
	// Title stands on the first line, such as "Broker: localhost".
	Title string
	// Exact leaves what is left of a longer text on its line, as mosquitto_sub does.
	Exact bool

	w    io.Writer
	rows map[string]int
	line []byte
}

// NewWatch returns a Watch that draws on w, as mosquitto_sub -w of 2.1 does.
func NewWatch(w io.Writer) *Watch { return &Watch{w: w} }

// Start clears the screen and writes the title. Without it the first Print does.
func (s *Watch) Start() error {
	s.rows = map[string]int{}
	_, err := fmt.Fprintf(s.w, "\x1b[2J\x1b[1;1H%s\n", EscapeLine(s.Title))
	return err
}

// Print writes text, which ends with a line feed unless none is wanted, on the line of the topic,
// as it is, with one write.
func (s *Watch) Print(topic string, text []byte) error {
	if s.rows == nil {
		if err := s.Start(); err != nil {
			return err
		}
	}
	row, ok := s.rows[topic]
	if !ok {
		row = len(s.rows) + 2
		s.rows[topic] = row
	}
	s.line = fmt.Appendf(s.line[:0], "\x1b[%d;1H", row)
	if !s.Exact {
		s.line = append(s.line, "\x1b[K"...)
	}
	s.line = append(s.line, text...)
	s.line = fmt.Appendf(s.line, "\x1b[%d;1H\n", len(s.rows)+1)
	_, err := s.w.Write(s.line)
	return err
}
