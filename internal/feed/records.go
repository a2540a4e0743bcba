package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dunlin/mqtt"
)

// LineFormat says what a line of the input holds besides the payload. See ParseLineFormat.
type LineFormat struct {
	json   bool
	before string // the text in front of the first field
	fields []field
}

// field is a field of a line and the text behind it, which ends it.
type field struct{ name, until string }

// fieldNames are the names that may stand in a pattern.
var fieldNames = []string{"topic", "payload", "qos", "retain"}

// ParseLineFormat reads a format of lines:
//
//   - "tsv": topic, a tab, and the payload, in which more tabs may stand.
//   - "json": an object with topic, payload or payload_base64, and perhaps qos, retain and properties, with
//     the keys of sub --json and mosquitto_sub -F %j. What they say of one delivery alone is left out of account; a key that
//     neither writes is an error.
//   - a pattern of fields in braces with text between them, such as "{topic} {payload}": each field ends where the
//     text behind it begins for the first time, and the last one with the line. The fields are topic, payload,
//     qos (0, 1, 2) and retain (0, 1). \t is a tab and \\ a backslash.
func ParseLineFormat(s string) (*LineFormat, error) {
	switch s {
	case "json":
		return &LineFormat{json: true}, nil
	case "tsv":
		s = `{topic}\t{payload}`
	}
	f := &LineFormat{}
	if err := f.parse(s); err != nil {
		return nil, fmt.Errorf("%q is not tsv, json, or a pattern such as '{topic} {payload}': %w", s, err)
	}
	return f, nil
}

// HasTopic reports whether each line holds a topic; of JSON each may.
func (f *LineFormat) HasTopic() bool {
	return slices.ContainsFunc(f.fields, func(p field) bool { return p.name == "topic" })
}

// HasQoS reports whether lines may say their QoS.
func (f *LineFormat) HasQoS() bool {
	return f.json || slices.ContainsFunc(f.fields, func(p field) bool { return p.name == "qos" })
}

// IsJSON reports whether the lines are JSON.
func (f *LineFormat) IsJSON() bool { return f.json }

// parse reads a pattern.
func (f *LineFormat) parse(s string) error {
	s = strings.NewReplacer(`\\`, `\`, `\t`, "\t").Replace(s)
	f.before, s, _ = strings.Cut(s, "{")
	seen := map[string]bool{}
	for s != "" {
		name, behind, closed := strings.Cut(s, "}")
		if !closed {
			return errors.New("a { has no }")
		}
		text, rest, more := strings.Cut(behind, "{")
		switch {
		case !slices.Contains(fieldNames, name):
			return fmt.Errorf("there is no field {%s}, only {%s}", name, strings.Join(fieldNames, "}, {"))
		case seen[name]:
			return fmt.Errorf("{%s} stands there twice", name)
		case more && text == "":
			return fmt.Errorf("some text has to say where {%s} ends", name)
		}
		seen[name] = true
		f.fields = append(f.fields, field{name, text})
		s = rest
	}
	if !seen["payload"] {
		return errors.New("there is no {payload}")
	}
	return nil
}

// Records returns a source of messages like m whose lines hold more than the payload, as format says. Empty lines are
// passed over. A line that does not fit, or whose message no server takes, is a *LineError.
func Records(r io.Reader, m mqtt.Message, format *LineFormat) Source {
	return &records{cut: cutter{in: newInput(r)}, m: m, format: format}
}

// records makes a message of each line.
type records struct {
	cut    cutter
	m      mqtt.Message
	format *LineFormat
}

// Ready waits for a line that is not empty.
func (s *records) Ready(ctx context.Context) error {
	for {
		if err := s.cut.ready(ctx); err != nil {
			return err
		}
		if s.cut.err != nil || len(bytes.TrimSpace(s.cut.line)) > 0 {
			return nil
		}
		if _, err := s.cut.next(ctx); err != nil {
			return err
		}
	}
}

// Next returns the message of the next line.
func (s *records) Next(ctx context.Context) (mqtt.Message, error) {
	if err := s.Ready(ctx); err != nil {
		return mqtt.Message{}, err
	}
	line, err := s.cut.next(ctx)
	if err != nil {
		return mqtt.Message{}, err
	}
	m := s.m
	if s.format.json {
		err = fromJSON(line, &m)
	} else {
		err = s.format.match(line, &m)
	}
	if err == nil {
		err = checkTopic(m.Topic)
	}
	if err != nil {
		return mqtt.Message{}, lineError(s.cut.number, line, err)
	}
	return m, nil
}

// Total returns 0: nobody knows.
func (s *records) Total() int { return 0 }

// Portion returns how much of the stream was read.
func (s *records) Portion() float64 { return s.cut.in.portion() }

// Line returns the number of the last line.
func (s *records) Line() int { return s.cut.number }

// checkTopic says why no message can have that topic.
func checkTopic(topic string) error {
	if topic == "" {
		return errors.New("there is no topic")
	}
	m := mqtt.Message{Topic: topic}
	if err := m.Validate(mqtt.VersionAuto); err != nil {
		if e := (*mqtt.ArgumentError)(nil); errors.As(err, &e) {
			return errors.New(e.What)
		}
		return err
	}
	return nil
}

// match puts the fields of the line into m.
func (f *LineFormat) match(line []byte, m *mqtt.Message) error {
	line, ok := bytes.CutPrefix(line, []byte(f.before))
	if !ok {
		return fmt.Errorf("it does not begin with %q", f.before)
	}
	for i, p := range f.fields {
		value, rest, err := p.cut(line, i == len(f.fields)-1)
		if err != nil {
			return err
		}
		if err := setField(m, p.name, value); err != nil {
			return err
		}
		line = rest
	}
	return nil
}

// cut returns the value of the field, and what stands behind the text that ends it. With the last field the line ends.
func (p field) cut(line []byte, last bool) (value, rest []byte, err error) {
	if last {
		value, found := bytes.CutSuffix(line, []byte(p.until))
		if !found {
			return nil, nil, fmt.Errorf("it does not end with %q", p.until)
		}
		return value, nil, nil
	}
	value, rest, found := bytes.Cut(line, []byte(p.until))
	if !found {
		return nil, nil, fmt.Errorf("there is no %s behind the %s", named(p.until), p.name)
	}
	return value, rest, nil
}

// named returns a text for people, who do not see a tab.
func named(text string) string {
	if text == "\t" {
		return "tab"
	}
	return strconv.Quote(text)
}

// setField puts a value into m.
func setField(m *mqtt.Message, field string, value []byte) error {
	switch field {
	case "topic":
		m.Topic = string(value)
	case "payload":
		m.Payload = value
	case "qos":
		qos, err := strconv.ParseUint(string(value), 10, 8)
		if err != nil || qos > 2 {
			return fmt.Errorf("QoS %.40q is not 0, 1 or 2", value)
		}
		m.QoS = mqtt.QoS(qos)
	case "retain":
		switch string(value) {
		case "0", "false":
			m.Retain = false
		case "1", "true":
			m.Retain = true
		default:
			return fmt.Errorf("retain %.40q is not 0 or 1", value)
		}
	}
	return nil
}
