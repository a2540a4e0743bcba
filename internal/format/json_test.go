package format_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"dunlin/internal/format"
	"dunlin/mqtt"
)

// object is a line of --json, read as any program would.
type object struct {
	Topic, Payload, Encoding string
	Base64                   *string `json:"payload_base64"`
	QoS                      byte
	Retain, Dup              bool
	Length                   int `json:"payloadlen"`
	Properties               struct {
		ContentType   string              `json:"content-type"`
		ResponseTopic string              `json:"response-topic"`
		Data          string              `json:"correlation-data"`
		Data64        *string             `json:"correlation-data_base64"`
		User          []map[string]string `json:"user-properties"`
	}
}

// either returns what stands in one of two keys.
func either(t *rapid.T, text string, encoded *string) string {
	if encoded == nil {
		return text
	}
	b, err := base64.StdEncoding.DecodeString(*encoded)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestJSONKeepsEveryByte gives any bytes as far as MQTT allows, and reads back what was printed.
func TestJSONKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") })
		binary := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }))
		m := &mqtt.Received{
			Topic: text.Draw(t, "topic"), Payload: binary.Draw(t, "payload"), QoS: mqtt.QoS(rapid.IntRange(0, 2).Draw(t, "qos")),
			Retain: rapid.Bool().Draw(t, "retain"), Dup: rapid.Bool().Draw(t, "dup"),
			Properties: &mqtt.Properties{
				ContentType: text.Draw(t, "type"), ResponseTopic: text.Draw(t, "response"), CorrelationData: binary.Draw(t, "data"),
			},
		}
		for range rapid.IntRange(0, 3).Draw(t, "count") {
			m.Properties.UserProperties = append(m.Properties.UserProperties, mqtt.UserProperty{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")})
		}
		pretty := rapid.Bool().Draw(t, "pretty")
		p, err := format.New(format.Options{JSON: true, Pretty: pretty})
		if err != nil {
			t.Fatal(err)
		}
		line, err := p.Append(nil, m, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if !pretty && bytes.Count(line, []byte("\n")) != 1 || bytes.IndexFunc(line, func(r rune) bool {
			return r == utf8.RuneError && !strings.Contains(m.Topic, "\ufffd") && unicode.IsControl(r)
		}) >= 0 {
			t.Fatalf("not one harmless line: %q", line)
		}
		var o object
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if o.Topic != m.Topic || either(t, o.Payload, o.Base64) != string(m.Payload) || o.Length != len(m.Payload) ||
			o.QoS != byte(m.QoS) || o.Retain != m.Retain || o.Dup != m.Dup || (o.Base64 != nil) != (o.Encoding == "base64") {
			t.Fatalf("%+v of %s", o, line)
		}
		if p := o.Properties; p.ContentType != m.Properties.ContentType || p.ResponseTopic != m.Properties.ResponseTopic ||
			either(t, p.Data, p.Data64) != string(m.Properties.CorrelationData) || len(p.User) != len(m.Properties.UserProperties) {
			t.Fatalf("%+v of %s", p, line)
		}
		for i, u := range m.Properties.UserProperties {
			if got, ok := o.Properties.User[i][u.Name]; !ok || got != u.Value {
				t.Fatalf("user property %q: %q", u, o.Properties.User[i])
			}
		}
	})
}

func TestPrintingAllocatesNothing(t *testing.T) {
	m := messages()["full"]
	at := time.Now().UTC()
	dst := make([]byte, 0, 4096)
	for name, o := range map[string]format.Options{
		"payload": {}, "verbose": {Verbose: true}, "json": {JSON: true}, "hex": {Hex: true}, "terminal": {Verbose: true, Escape: true},
		"format": {Format: "%t %p %x %q %l %m @H:@M:@S.@N %C %P\n"},
	} {
		p, err := format.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			if _, err := p.Append(dst, m, at); err != nil {
				t.Fatal(err)
			}
		}); n > 2 || n > 0 && name != "format" && name != "terminal" {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
