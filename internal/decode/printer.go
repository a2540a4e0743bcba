package decode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// Printer prints the payloads of messages. One goroutine at a time may use it.
type Printer struct {
	format        string
	decode        decodeFunc
	query         *query // nil: the value itself is printed
	longest       time.Duration
	raw           bool
	verbose       bool
	terminal      bool
	decoded, line []byte // used again for each message
}

// longestQuery is how long an expression may take for one message.
const longestQuery = 10 * time.Second

// keepBuffer is how large a buffer may be that waits for the next message.
const keepBuffer = 1 << 20

// Append appends the lines of m to dst, each with its line feed. An error is one line about this message
// alone, without its topic, to be told on stderr; what was appended before it is good, and the next message may follow.
// The end of ctx, or ten seconds, end an expression that does not come to one by itself.
func (p *Printer) Append(ctx context.Context, dst []byte, m *mqtt.Received) ([]byte, error) {
	value, err := p.value(m)
	if err != nil {
		return dst, err
	}
	if p.query == nil {
		return append(appendHarmless(p.appendTopic(dst, m), value), '\n'), nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.longest, fmt.Errorf("it took longer than %v", p.longest))
	defer cancel()
	outputs, err := p.query.run(ctx, value, m)
	for err == nil {
		line, more, failed := outputs.next(p.line[:0], p.raw)
		if err = failed; err != nil || !more {
			break
		}
		dst = p.appendLine(dst, line, m)
		p.line = keep(line)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("--jq: %w", context.Cause(ctx))
	}
	if err != nil {
		return dst, p.fail(m, err)
	}
	return dst, nil
}

// appendLine appends one output of --jq.
func (p *Printer) appendLine(dst, line []byte, m *mqtt.Received) []byte {
	dst = p.appendTopic(dst, m)
	if p.raw && p.terminal {
		line = []byte(terminal.Escape(string(line)))
	}
	return append(append(dst, line...), '\n')
}

// AppendValue appends the decoded payload of m to dst as JSON in one line without a line feed, whatever
// JQ says: the member "value" of a line of --json.
func (p *Printer) AppendValue(dst []byte, m *mqtt.Received) ([]byte, error) {
	value, err := p.value(m)
	if err != nil {
		return dst, err
	}
	return appendHarmless(dst, value), nil
}

// value returns the payload of m as JSON, good until the next message.
func (p *Printer) value(m *mqtt.Received) ([]byte, error) {
	value, err := p.decode(p.decoded[:0], m)
	if err != nil {
		return nil, p.fail(m, err)
	}
	p.decoded = keep(value)
	return value, nil
}

// fail says what is wrong with m in one line. The caller knows the topic.
func (p *Printer) fail(m *mqtt.Received, err error) error {
	if errors.Is(err, errEmpty) && len(m.Payload) > 0 {
		err = errors.New("the payload is cut short")
	}
	text := err.Error()
	const shown = 400 // it may quote the payload
	if len(text) > shown {
		text = strings.ToValidUTF8(text[:shown], "") + "..."
	}
	return fmt.Errorf("%s: %s", p.format, terminal.OneLine(text))
}

func (p *Printer) appendTopic(dst []byte, m *mqtt.Received) []byte {
	if !p.verbose {
		return dst
	}
	topic := m.Topic
	if p.terminal {
		topic = terminal.EscapeLine(topic)
	}
	return append(append(dst, topic...), ' ')
}

// keep returns the buffer for the next message, or nil where it has become large.
func keep(buffer []byte) []byte {
	if cap(buffer) > keepBuffer {
		return nil
	}
	return buffer
}
