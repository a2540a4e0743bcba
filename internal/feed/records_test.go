package feed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/feed"
	"dunlin/internal/format"
	"dunlin/mqtt"
)

// records returns what the lines give in a format, as text with everything in it.
func records(t *testing.T, format, input string) []string {
	t.Helper()
	f, err := feed.ParseLineFormat(format)
	if err != nil {
		t.Fatal(err)
	}
	return all(t, &shown{feed.Records(strings.NewReader(input), mqtt.Message{Topic: "t"}, f)})
}

// shown puts QoS, retain and properties into the payload.
type shown struct{ feed.Source }

func (s *shown) Next(ctx context.Context) (mqtt.Message, error) {
	m, err := s.Source.Next(ctx)
	text := string(m.Payload)
	if m.QoS > 0 {
		text += fmt.Sprintf(" q%d", m.QoS)
	}
	if m.Retain {
		text += " r"
	}
	if m.Properties != nil {
		text += fmt.Sprintf(" %+v", m.Properties)
	}
	m.Payload = []byte(text)
	return m, err
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		format, input string
		want          []string
	}{
		{"tsv", "a/b\tone\ttwo\n\n \nc\t\nd\tx\r\n", []string{"a/b=one\ttwo", "c=", "d=x\r"}},
		{"tsv", "a/b one\nc\tx", []string{`<line 1 "a/b one": there is no tab behind the topic>`, "c=x"}},
		{"tsv", "a/#\tx\n\n\tx\n", []string{`<line 1 "a/#\tx": topic name holds a wildcard>`, `<line 3 "\tx": there is no topic>`}},
		{"{topic} {payload}", "a b c\n", []string{"a=b c"}},
		{`{payload}\\{topic}`, `p\a`, []string{"a=p"}},
		{"<{topic}|{qos}|{retain}>{payload}!", "<a|1|1>x!!\n<a|0|0>!\n<a|3|0>!\n<a|1|x>!\na|1|0>x!\n<a|1|0>x\n", []string{
			"a=x! q1 r", "a=",
			`<line 3 "<a|3|0>!": QoS "3" is not 0, 1 or 2>`, `<line 4 "<a|1|x>!": retain "x" is not 0 or 1>`,
			`<line 5 "a|1|0>x!": it does not begin with "<">`, `<line 6 "<a|1|0>x": it does not end with "!">`,
		}},
		{"{payload}", "x\n", []string{"t=x"}},
		{"{qos} {payload}", strings.Repeat("9", 1000) + " x\n", []string{`<line 1 "` + strings.Repeat("9", 60) + `...": QoS "` + strings.Repeat("9", 40) + `" is not 0, 1 or 2>`}},
		{"{retain} {payload}", strings.Repeat("9", 1000) + " x\n", []string{`<line 1 "` + strings.Repeat("9", 60) + `...": retain "` + strings.Repeat("9", 40) + `" is not 0 or 1>`}},
	} {
		expect(t, records(t, c.format, c.input), c.want...)
	}
}

func TestPatternsThatCannotBe(t *testing.T) {
	for pattern, want := range map[string]string{
		"csv":                 "there is no {payload}",
		"":                    "there is no {payload}",
		"{topic}":             "there is no {payload}",
		"{topic}{payload}":    "some text has to say where {topic} ends",
		"{topic} {payload":    "a { has no }",
		"{payload} {payload}": "{payload} stands there twice",
		"{topik} {payload}":   "there is no field {topik}, only {topic}, {payload}, {qos}, {retain}",
	} {
		if _, err := feed.ParseLineFormat(pattern); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", pattern, err, want)
		}
	}
}

// TestJSONRecords has lines as Mosquitto's mosquitto_sub -F %j and %J write them, of 2.0.11 and of 2.1.2, and those of this command.
func TestJSONRecords(t *testing.T) {
	for input, want := range map[string]string{
		`{"tst":"2026-11-29T18:24:36.390677Z+0000","topic":"j/x","qos":1,"retain":0,"payloadlen":7,"mid":1,"payload":"{\"a\":1}"}`: `j/x={"a":1} q1`,
		`{"topic":"j","retain":true,"payload":{"a": [1, "ü"]}}`:                                                                    `j={"a":[1,"ü"]} r`,
		`{"topic":"j","payloadlen":0,"payload":null}`:                                                                              "j=",
		`{"payload":17}`:                                                           "t=17",
		`{"topic":"j","payload_base64":"AP8="}`:                                    "j=\x00\xff",
		`{"topic":"j","payload":"x","qos":3}`:                                      "qos is 3, not a whole number from 0 to 2",
		`{"topic":"j","payload":"x","retain":"yes"}`:                               `retain is "yes", not true or false`,
		`{"topic":"j","payload_base64":"?"}`:                                       "payload_base64 is not base64",
		`{"topic":"j"}`:                                                            "there is no payload; an empty one is null",
		`{"topic":5,"payload":"x"}`:                                                "topic is 5, not a string",
		`[1]`:                                                                      "it is not a JSON object",
		`{"topic":"j","payload":`:                                                  "it is not JSON: unexpected end of JSON input",
		"{\"topic\":\"j\",\"payload\":\"\xff\"}":                                   "it is not UTF-8; a binary payload is given as payload_base64",
		`{"topic":"j","payloadlen":2,"payload":"` + "\ufffd" + `"}`:                "payloadlen is 2, but the payload has 3 bytes: some were lost on the way here",
		`{"topic":"a/+","payload":"x"}`:                                            "topic name holds a wildcard",
		`{"topic":"j","payload":"x","payload_bas64":"AA=="}`:                       `there is no key "payload_bas64"; the keys are those that sub --json writes`,
		`{"topic":"j","payload":"x","properties":{"user-properties":[[5]]}}`:       "user-properties are names with texts",
		`{"topic":"j","payload":"x","properties":{"correlation-data_base64":"?"}}`: "correlation-data_base64 is not base64",
	} {
		got := records(t, "json", input)
		if len(got) != 1 || got[0] != want && !strings.HasSuffix(got[0], ": "+want+">") {
			t.Errorf("%s: %q, want %q", input, got, want)
		}
	}
}

func TestPropertiesOfJSONRecords(t *testing.T) {
	format, err := feed.ParseLineFormat("json")
	if err != nil {
		t.Fatal(err)
	}
	expiry := 55 * time.Second
	for user, want := range map[string][]mqtt.UserProperty{
		`{"k":"v","k":"w"}`:            {{Name: "k", Value: "v"}, {Name: "k", Value: "w"}},
		`[{"k":"v"},{"":"", "b":"c"}]`: {{Name: "k", Value: "v"}, {}, {Name: "b", Value: "c"}},
		`null`:                         nil,
	} {
		line := `{"topic":"j","payload":"x","properties":{"content-type":"ct","correlation-data":"ab","user-properties":` + user +
			`,"response-topic":"rt","payload-format-indicator":1,"message-expiry-interval":55}}`
		m, err := feed.Records(strings.NewReader(line), mqtt.Message{}, format).Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		properties := mqtt.Properties{
			PayloadIsText: true, MessageExpiry: &expiry, ContentType: "ct", ResponseTopic: "rt", CorrelationData: []byte("ab"), UserProperties: want,
		}
		got, err := json.Marshal(m.Properties)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := json.Marshal(properties); err != nil || string(got) != string(all) {
			t.Errorf("%s, want %s; %v", got, all, err)
		}
	}
}

// TestMessagesComeBackFromTheirJSON has pub --line-format json read what sub --json prints of any message.
func TestMessagesComeBackFromTheirJSON(t *testing.T) {
	jsonLines, err := feed.ParseLineFormat("json")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t)
		line := format.AppendJSON(nil, &m, time.Now())
		defaults := mqtt.Message{Topic: "default", QoS: 1, Retain: true, Properties: &mqtt.Properties{ContentType: "default"}}
		got, err := feed.Records(bytes.NewReader(line), defaults, jsonLines).Next(context.Background())
		if err != nil {
			t.Fatalf("%v, line %s", err, line)
		}
		want := m.Message()
		if !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("payload %q, want %q, line %s", got.Payload, want.Payload, line)
		}
		got.Payload, want.Payload = nil, nil
		if p := got.Properties; p != nil && reflect.ValueOf(*p).IsZero() {
			t.Fatalf("properties that say nothing, line %s", line)
		}
		if p := want.Properties; p != nil && reflect.ValueOf(*p).IsZero() {
			want.Properties = nil
		}
		// A default is for lines that say nothing of properties.
		if want.Properties == nil && m.Properties == nil {
			want.Properties = defaults.Properties
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v, line %s", got, want, line)
		}
	})
}

// anyMessage draws a message as a server may send it.
func anyMessage(t *rapid.T) mqtt.Received {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a\"\\\x1b\x7f\u009b\u202e\ufffd\U000e0041\U0001f600"))))
	topic := rapid.StringOfN(rapid.SampledFrom([]rune("a/ \"\\é\u202e\U0001f600")), 1, 20, -1)
	binary := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(text, func(s string) []byte { return []byte(s) }))
	m := mqtt.Received{
		Topic: topic.Draw(t, "topic"), Payload: binary.Draw(t, "payload"), QoS: mqtt.QoS(rapid.IntRange(0, 2).Draw(t, "qos")),
		Retain: rapid.Bool().Draw(t, "retain"), Dup: rapid.Bool().Draw(t, "dup"), PacketID: rapid.Uint16().Draw(t, "identifier"),
	}
	if !rapid.Bool().Draw(t, "properties") {
		return m
	}
	m.Properties = &mqtt.Properties{
		PayloadIsText: rapid.Bool().Draw(t, "text"), ContentType: text.Draw(t, "type"), ResponseTopic: text.Draw(t, "response"),
	}
	if rapid.Bool().Draw(t, "correlated") {
		m.Properties.CorrelationData = binary.Draw(t, "correlation")
	}
	if rapid.Bool().Draw(t, "expires") {
		expiry := time.Duration(rapid.Uint32().Draw(t, "expiry")) * time.Second
		m.Properties.MessageExpiry = &expiry
	}
	for range rapid.IntRange(0, 3).Draw(t, "user properties") {
		m.Properties.UserProperties = append(m.Properties.UserProperties, mqtt.UserProperty{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")})
	}
	return m
}
