package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"dunlin/mqtt"
)

// LineRules say how a stream is cut into lines. With all rules a line ends with a line feed, which is not a part of it,
// or with the stream; a stream that is empty, or ends with a line feed, has no line behind that. An empty line is an
// empty message. A carriage return is a part of the line.
type LineRules struct {
	// EndAtNUL is how mosquitto_pub -l (2.0.11, 2.1.2) takes a byte 0: the line that holds it is cut there and
	// published at the end of the stream, and all behind it is thrown away. Otherwise a byte 0 is one like any other.
	EndAtNUL bool
}

// Lines returns a source that gives a message like m for each line of r. A line above MaxPayload is a *LineError.
func Lines(r io.Reader, m mqtt.Message, rules LineRules) Source {
	return &lines{cut: cutter{in: newInput(r), rules: rules}, m: m}
}

// lines publishes each line.
type lines struct {
	cut cutter
	m   mqtt.Message
}

// Ready waits for a line.
func (s *lines) Ready(ctx context.Context) error { return s.cut.ready(ctx) }

// Next returns the next line as a message.
func (s *lines) Next(ctx context.Context) (mqtt.Message, error) {
	line, err := s.cut.next(ctx)
	if err != nil {
		return mqtt.Message{}, err
	}
	m := s.m
	m.Payload = line
	return m, nil
}

// Total returns 0: nobody knows.
func (s *lines) Total() int { return 0 }

// Portion returns how much of the stream was read.
func (s *lines) Portion() float64 { return s.cut.in.portion() }

// Line returns the number of the last line.
func (s *lines) Line() int { return s.cut.number }

// cutter cuts a stream into lines.
type cutter struct {
	in    *input
	rules LineRules

	number  int    // of the line that next gave last
	scanned int    // so many bytes of in.rest hold no line feed
	here    bool   // a line was found and not taken
	line    []byte // it
	err     error  // what is wrong with it

	long bool // the line is too long: it is passed over
	null bool // the line has ended with a byte 0: the rest of the stream is passed over
}

// ready waits for a line.
func (c *cutter) ready(ctx context.Context) error {
	for !c.here {
		if c.find() {
			break
		}
		err := c.in.more(ctx)
		if err == nil {
			continue
		}
		if c.in.err == nil { // ctx has ended, the stream has not
			return err
		}
		return c.end()
	}
	return nil
}

// next waits for a line and returns it: the caller may keep it.
func (c *cutter) next(ctx context.Context) ([]byte, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	line, err := c.line, c.err
	c.here, c.line, c.err = false, nil, nil
	c.number++
	return line, err
}

// find looks for the end of a line in what was read.
func (c *cutter) find() bool {
	in := c.in
	if c.null {
		in.rest = in.rest[:0]
		return false
	}
	i := bytes.IndexByte(in.rest[c.scanned:], '\n')
	if c.rules.EndAtNUL && c.endAtNUL(i) {
		return false
	}
	if i < 0 {
		c.scanned = len(in.rest)
		c.pass()
		return false
	}
	c.give(in.rest[:c.scanned+i])
	in.rest = in.rest[c.scanned+i+1:]
	c.scanned = 0
	if len(in.rest) == 0 {
		in.rest = nil // a small one may hold on to a large one
	}
	return true
}

// endAtNUL has the line end with a byte 0, if there is one in front of the line feed at i of what was not looked at yet;
// negative: there is no line feed. It looks no further, or each line of a long piece would cost as much as the piece.
func (c *cutter) endAtNUL(i int) bool {
	in := c.in
	end := len(in.rest)
	if i >= 0 {
		end = c.scanned + i
	}
	n := bytes.IndexByte(in.rest[c.scanned:end], 0)
	if n < 0 {
		return false
	}
	c.line, c.null = bytes.Clone(in.rest[:c.scanned+n]), true
	in.rest = in.rest[:0]
	return true
}

// give has the line ready.
func (c *cutter) give(line []byte) {
	c.here = true
	if c.long || len(line) > largest {
		c.err = lineError(c.number+1, line, ErrTooLarge)
		c.long = false
		return
	}
	c.line = bytes.Clone(line)
	if c.line == nil {
		c.line = []byte{}
	}
}

// pass lets go of what came of a line that is too long, but for its beginning.
func (c *cutter) pass() {
	const kept = 100
	if len(c.in.rest) > largest || c.long {
		c.long = true
		c.in.rest = c.in.rest[:min(kept, len(c.in.rest))]
		c.scanned = len(c.in.rest)
	}
}

// end gives the line that ends with the stream, and returns what ended that when there is none.
func (c *cutter) end() error {
	if !errors.Is(c.in.err, io.EOF) {
		if len(c.in.rest) > 0 {
			return fmt.Errorf("line %d is not whole: %w", c.number+1, c.in.err)
		}
		return c.in.err
	}
	switch {
	case c.null:
		c.here, c.null = true, false
	case len(c.in.rest) > 0:
		c.give(c.in.rest)
	default:
		return io.EOF
	}
	c.in.rest, c.scanned = nil, 0
	return nil
}
