package feed

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/template"
	"time"

	"dunlin/mqtt"
)

// Template makes payloads and topics of text with expressions, in the language of Go's text/template.
type Template struct {
	payload, topic *template.Template // nil: as it is
	out            bytes.Buffer
	given          int
}

// Expressions names what stands in a template for what, a line each, for help texts.
const Expressions = `{{.N}}              number of the message, from 1 on
{{.Input}}          the message as -m, -f, -s, -l, --size or --line-format give it
{{.Topic}}          the topic
{{int 1 6}}         random whole number from 1 to 6
{{float 0 1}}       random number from 0 up to 1
{{pick "on" "off"}} one of these
{{text 8}}          random letters and digits
{{hex 8}}           random bytes in hex
{{uuid}}            random UUID
{{now}}             time in RFC 3339; {{time "15:04:05"}} in a layout of Go's
{{unix}} {{ms}}     seconds and milliseconds since 1970
{{add .N 5}}        sum; sub, mul, div and mod likewise`

// values are what a template may name.
type values struct {
	N     int
	Topic string
	Input string
}

// ParseTemplate reads the templates of payload and topic; see Expressions. The same seed gives the same random values.
// A topic without expressions stays as it is.
func ParseTemplate(payload, topic string, seed uint64) (*Template, error) {
	functions := functions(newRandom(seed, "template"))
	t := &Template{}
	var err error
	if t.payload, err = parse("template", payload, functions); err != nil {
		return nil, err
	}
	if strings.Contains(topic, "{{") {
		if t.topic, err = parse("topic", topic, functions); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// parse reads one template.
func parse(name, text string, functions template.FuncMap) (*template.Template, error) {
	t, err := template.New(name).Funcs(functions).Parse(text)
	if err != nil {
		return nil, plain(err)
	}
	return t, nil
}

// plain returns the error of a template without the works of the package that found it.
func plain(err error) error {
	text := strings.TrimPrefix(err.Error(), "template: ")
	return errors.New(strings.TrimSuffix(text, " in type feed.values"))
}

// Fill returns a source that gives the messages of s with what the template makes of them.
func (t *Template) Fill(s Source) Source { return &filled{onTop{s}, t} }

// filled makes messages by a template.
type filled struct {
	onTop
	t *Template
}

// Next returns the next message of the inner source, as the template has it.
func (s *filled) Next(ctx context.Context) (mqtt.Message, error) {
	m, err := s.Source.Next(ctx)
	if err != nil {
		return m, err
	}
	if err := s.t.fill(&m); err != nil {
		if line := s.Line(); line > 0 {
			return mqtt.Message{}, lineError(line, m.Payload, err)
		}
		return mqtt.Message{}, err
	}
	return m, nil
}

// fill makes topic and payload of m.
func (t *Template) fill(m *mqtt.Message) error {
	t.given++
	v := values{N: t.given, Topic: m.Topic, Input: string(m.Payload)}
	if t.topic != nil {
		topic, err := t.run(t.topic, v)
		if err != nil {
			return err
		}
		m.Topic, v.Topic = string(topic), string(topic)
		if err := checkTopic(m.Topic); err != nil {
			return fmt.Errorf("topic %q: %w", m.Topic, err)
		}
	}
	payload, err := t.run(t.payload, v)
	m.Payload = payload
	return err
}

// run returns what one template makes of v.
func (t *Template) run(from *template.Template, v values) ([]byte, error) {
	t.out.Reset()
	if err := from.Execute(&t.out, v); err != nil {
		return nil, plain(err)
	}
	return bytes.Clone(t.out.Bytes()), nil
}

// Functions returns what templates may call, for who fills in values of another kind. The same seed and purpose give the same
// random values. They are not for concurrent use.
func Functions(seed uint64, purpose string) template.FuncMap {
	return functions(newRandom(seed, purpose))
}

// functions returns what a template may call.
func functions(r *rand.Rand) template.FuncMap {
	return template.FuncMap{
		"int": func(least, most int) (int, error) {
			if most < least || most-least < 0 || most-least+1 < 0 {
				return 0, fmt.Errorf("from %d to %d there is nothing to choose", least, most)
			}
			return least + r.IntN(most-least+1), nil
		},
		"float": func(least, most any) (float64, error) {
			a, b, err := numbers(least, most)
			return a + (b-a)*r.Float64(), err
		},
		"pick": func(all ...any) (any, error) {
			if len(all) == 0 {
				return nil, errors.New("nothing to pick from")
			}
			return all[r.IntN(len(all))], nil
		},
		"text": func(n int) (string, error) { return made(n, func(b []byte) { fillText(r, b) }) },
		"hex": func(n int) (string, error) {
			s, err := made(n, func(b []byte) { fillRandom(r, b) })
			return hex.EncodeToString([]byte(s)), err
		},
		"uuid": func() string {
			var b [16]byte
			fillRandom(r, b[:])
			b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
			return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
		},
		"now":  func() string { return time.Now().Format(time.RFC3339Nano) },
		"time": func(layout string) string { return time.Now().Format(layout) },
		"unix": func() int64 { return time.Now().Unix() },
		"ms":   func() int64 { return time.Now().UnixMilli() },
		"add":  func(a, b int) int { return a + b },
		"sub":  func(a, b int) int { return a - b },
		"mul":  func(a, b int) int { return a * b },
		"div":  func(a, b int) (int, error) { return divided(a, b, func() int { return a / b }) },
		"mod":  func(a, b int) (int, error) { return divided(a, b, func() int { return a % b }) },
	}
}

// divided guards a division.
func divided(a, b int, result func() int) (int, error) {
	if b == 0 {
		return 0, fmt.Errorf("%d divided by 0", a)
	}
	return result(), nil
}

// made returns n bytes that fill makes.
func made(n int, fill func([]byte)) (string, error) {
	if n < 0 || n > MaxPayload {
		return "", fmt.Errorf("%d is not between 0 and %d", n, MaxPayload)
	}
	b := make([]byte, n)
	fill(b)
	return string(b), nil
}

// numbers returns two numbers that a template gives, whole or not.
func numbers(a, b any) (x, y float64, err error) {
	for _, n := range []struct {
		from any
		to   *float64
	}{{a, &x}, {b, &y}} {
		switch from := n.from.(type) {
		case int:
			*n.to = float64(from)
		case float64:
			*n.to = from
		default:
			return 0, 0, fmt.Errorf("%v is not a number", from)
		}
	}
	return x, y, nil
}

// Try makes of m what Fill will make of the first message, and throws it away: it tells before anything is published
// what is wrong with the template.
func (t *Template) Try(m mqtt.Message) error {
	if err := t.payload.Execute(io.Discard, values{N: 1, Topic: m.Topic, Input: string(m.Payload)}); err != nil {
		return plain(err)
	}
	return nil
}
