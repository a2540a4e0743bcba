package terminal

import (
	"fmt"
	"io"
)

// Watch is a screen on which each topic has a line of its own, in the order in which they came.
// One goroutine may use it at a time.
type Watch struct {
	w        io.Writer
	title    string
	rows     map[string]int
	leftover bool // what is left of a longer line stays
	line     []byte
}

// NewWatch returns a Watch that draws on w what mosquitto_sub -w of 2.1 does. title stands on the
// first line, such as "Broker: localhost". exact leaves what is left of longer lines on the screen,
// as mosquitto_sub does.
func NewWatch(w io.Writer, title string, exact bool) *Watch {
	return &Watch{w: w, title: title, leftover: exact}
}

// Start clears the screen and writes the title.
func (s *Watch) Start() error {
	s.rows = map[string]int{}
	_, err := fmt.Fprintf(s.w, "\x1b[2J\x1b[1;1H%s\n", s.title)
	return err
}

// Print writes text, which ends with a line feed unless none is wanted, on the line of the topic,
// as it is, with one write.
func (s *Watch) Print(topic string, text []byte) error {
	row, ok := s.rows[topic]
	if !ok {
		row = len(s.rows) + 2
		s.rows[topic] = row
	}
	s.line = fmt.Appendf(s.line[:0], "\x1b[%d;1H", row)
	if !s.leftover {
		s.line = append(s.line, "\x1b[K"...)
	}
	s.line = append(s.line, text...)
	s.line = fmt.Appendf(s.line, "\x1b[%d;1H\n", len(s.rows)+1)
	_, err := s.w.Write(s.line)
	return err
}
