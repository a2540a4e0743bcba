package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/internal/feed"
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
		`{"payload":17}`:                                            "t=17",
		`{"topic":"j","payload_base64":"AP8="}`:                     "j=\x00\xff",
		`{"topic":"j","payload":"x","qos":3}`:                       "qos 3 is not 0, 1 or 2",
		`{"topic":"j","payload":"x","retain":"yes"}`:                `retain "\"yes\"" is not 0 or 1`,
		`{"topic":"j","payload_base64":"?"}`:                        "payload_base64 is not base64",
		`{"topic":"j"}`:                                             "there is no payload; an empty one is null",
		`{"topic":5,"payload":"x"}`:                                 "topic cannot be a number",
		`[1]`:                                                       "it is not a JSON object",
		`{"topic":"j","payload":`:                                   "it is not JSON: unexpected end of JSON input",
		"{\"topic\":\"j\",\"payload\":\"\xff\"}":                    "it is not UTF-8; a binary payload is given as payload_base64",
		`{"topic":"j","payloadlen":2,"payload":"` + "\ufffd" + `"}`: "payloadlen is 2, but the payload has 3 bytes: some were lost on the way here",
		`{"topic":"a/+","payload":"x"}`:                             "topic name holds a wildcard",
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
