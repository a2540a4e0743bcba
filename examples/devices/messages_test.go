package devices_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"dunlin/mqtt"
)

// family returns the messages of messages/NAME.txtar; see messages/README.md for the form.
func family(t testing.TB, name string) []mqtt.Message {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("messages", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	messages := make([]mqtt.Message, len(archive.Files))
	for i, f := range archive.Files {
		messages[i], err = parseMessage(f)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, f.Name, err)
		}
	}
	return messages
}

// families are the names of all files of messages.
func families(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("messages/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".txtar")
	}
	return files
}

func parseMessage(f txtar.File) (m mqtt.Message, err error) {
	m.Payload = bytes.TrimSuffix(f.Data, []byte("\n"))
	words := strings.Split(f.Name, " ")
	for i := len(words) - 1; i > 0; i-- {
		switch words[i] {
		case "retain":
			m.Retain = true
		case "q1", "q2":
			m.QoS = mqtt.QoS(words[i][1] - '0')
		case "hex":
			m.Payload, err = hex.DecodeString(string(m.Payload))
		case "jpeg":
			m.Payload, err = picture(string(m.Payload))
		case "sparkplug":
			m.Payload, err = sparkplug(m.Payload)
		default: // a topic may hold spaces
			m.Topic = strings.Join(words[:i+1], " ")
			return m, err
		}
		if err != nil {
			return m, err
		}
	}
	m.Topic = words[0]
	return m, nil
}

// picture makes a payload that begins and ends as a JPEG file does, and holds every byte between.
func picture(size string) ([]byte, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 16 {
		return nil, fmt.Errorf("size of a picture: %q", size)
	}
	head := []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	copy(b, head)
	copy(b[n-2:], "\xff\xd9")
	return b, nil
}

// Data types of metrics, as Sparkplug 3.0.0 numbers them.
const (
	typeInt32   = 3
	typeInt64   = 4
	typeUInt64  = 8
	typeFloat   = 9
	typeDouble  = 10
	typeBoolean = 11
	typeString  = 12
)

// metric is one of a payload's metrics, as JSON.
type metric struct {
	Name     string
	Alias    uint64
	Datatype uint64
	Value    any
}

// sparkplug makes a Sparkplug B payload of JSON: Payload has the fields timestamp 1, metrics 2 and
// seq 3, Metric the fields name 1, alias 2, datatype 4, is_null 7, and one of 10 to 15 for the value.
func sparkplug(text []byte) ([]byte, error) {
	var p struct {
		Timestamp uint64
		Seq       *uint64
		Metrics   []metric
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	out := appendNumber(nil, 1, p.Timestamp)
	for _, m := range p.Metrics {
		b, err := m.appendTo(nil)
		if err != nil {
			return nil, fmt.Errorf("metric %q: %w", m.Name, err)
		}
		out = appendBytes(out, 2, b)
	}
	if p.Seq != nil {
		out = appendNumber(out, 3, *p.Seq)
	}
	return out, nil
}

func (m metric) appendTo(b []byte) ([]byte, error) {
	if m.Name != "" {
		b = appendBytes(b, 1, []byte(m.Name))
	}
	if m.Alias != 0 {
		b = appendNumber(b, 2, m.Alias)
	}
	b = appendNumber(b, 4, m.Datatype)
	switch v := m.Value.(type) {
	case nil:
		return appendNumber(b, 7, 1), nil
	case bool:
		if v {
			return appendNumber(b, 14, 1), nil
		}
		return appendNumber(b, 14, 0), nil
	case string:
		return appendBytes(b, 15, []byte(v)), nil
	case json.Number:
		return m.appendNumber(b, v.String())
	}
	return nil, fmt.Errorf("value %v", m.Value)
}

// appendNumber appends a number in the field that its type has; Sparkplug sends a negative number as
// the unsigned one of the same bits.
func (m metric) appendNumber(b []byte, text string) ([]byte, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, err
	}
	switch m.Datatype {
	case typeFloat:
		b = binary.AppendUvarint(b, 12<<3|5)
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f))), nil
	case typeDouble:
		b = binary.AppendUvarint(b, 13<<3|1)
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(f)), nil
	case typeInt32:
		n, err := strconv.ParseInt(text, 10, 32)
		return appendNumber(b, 10, uint64(uint32(n))), err
	case typeInt64:
		n, err := strconv.ParseInt(text, 10, 64)
		return appendNumber(b, 11, uint64(n)), err
	case typeUInt64:
		n, err := strconv.ParseUint(text, 10, 64)
		return appendNumber(b, 11, n), err
	}
	return nil, fmt.Errorf("data type %d", m.Datatype)
}

func appendNumber(b []byte, field, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, field<<3), v)
}

func appendBytes(b []byte, field uint64, v []byte) []byte {
	b = binary.AppendUvarint(b, field<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// TestMessagesAreWellFormed checks the files themselves: every topic may be published, and what
// looks like JSON is JSON.
func TestMessagesAreWellFormed(t *testing.T) {
	for _, name := range families(t) {
		for _, m := range family(t, name) {
			if err := m.Validate(mqtt.V311); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if slices.Contains([]string{"{", "["}, string(m.Payload[:min(1, len(m.Payload))])) && !json.Valid(m.Payload) {
				t.Errorf("%s: %s: not JSON: %s", name, m.Topic, m.Payload)
			}
		}
	}
}
