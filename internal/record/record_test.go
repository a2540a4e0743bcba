package record_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/format"
	"dunlin/internal/record"
	"dunlin/mqtt"
)

// messages makes messages as a server may send them.
func messages() *rapid.Generator[mqtt.Received] {
	return rapid.Custom(func(t *rapid.T) mqtt.Received {
		m := mqtt.Received{
			Topic: rapid.StringN(1, 20, -1).Draw(t, "topic"), Payload: rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
			QoS: mqtt.QoS(rapid.IntRange(0, 2).Draw(t, "qos")), Retain: rapid.Bool().Draw(t, "retain"),
		}
		if !rapid.Bool().Draw(t, "properties") {
			return m
		}
		m.Properties = &mqtt.Properties{
			PayloadIsText: rapid.Bool().Draw(t, "text"), ContentType: rapid.String().Draw(t, "type"), ResponseTopic: rapid.String().Draw(t, "response"),
		}
		if rapid.Bool().Draw(t, "correlated") {
			m.Properties.CorrelationData = rapid.SliceOf(rapid.Byte()).Draw(t, "correlation")
		}
		if rapid.Bool().Draw(t, "expires") {
			expiry := time.Duration(rapid.Uint32Min(1).Draw(t, "expiry")) * time.Second
			m.Properties.MessageExpiry = &expiry
		}
		for range rapid.IntRange(0, 3).Draw(t, "user properties") {
			m.Properties.UserProperties = append(m.Properties.UserProperties, mqtt.UserProperty{Name: rapid.String().Draw(t, "name"), Value: rapid.String().Draw(t, "value")})
		}
		return m
	})
}

func TestNothingIsLostInARecord(t *testing.T) {
	now := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		m := messages().Draw(t, "message")
		line, err := json.Marshal(record.Of(&m, now))
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "by sub --json") {
			line = format.AppendJSON(nil, &m, now)
		}
		r, err := record.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Message(now)
		want := m.Message()
		if want.Properties != nil && reflect.ValueOf(*want.Properties).IsZero() {
			want.Properties = nil
		}
		if len(got.Payload) == 0 && len(want.Payload) == 0 {
			got.Payload, want.Payload = nil, nil
		}
		if !reflect.DeepEqual(got, want) || err != nil {
			t.Fatalf("got %+v and error %v, want %+v, line %s", got, err, want, line)
		}
	})
}

func TestExpiryGoesOnInARecord(t *testing.T) {
	expiry, came := 10*time.Second, time.Now()
	line, err := json.Marshal(record.Of(&mqtt.Received{Topic: "a", Properties: &mqtt.Properties{MessageExpiry: &expiry}}, came))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	for after, left := range map[time.Duration]time.Duration{-time.Hour: 10 * time.Second, 0: 10 * time.Second, 3900 * time.Millisecond: 7 * time.Second, 9 * time.Second: time.Second} {
		if m, err := r.Message(came.Add(after)); err != nil || *m.Properties.MessageExpiry != left {
			t.Errorf("after %v: %v left, error %v, want %v", after, m.Properties.MessageExpiry, err, left)
		}
	}
	if _, err := r.Message(came.Add(10 * time.Second)); !errors.Is(err, record.ErrExpired) {
		t.Errorf("error %v", err)
	}
}

func TestLinesOfOthersAreRead(t *testing.T) {
	for line, want := range map[string]string{
		`{"tst":"2026-11-29T18:38:07.456248+0000","topic":"jj","qos":1,"retain":true,"payloadlen":3,"payload":"abc"}`:                                 "",
		`{"tst":"2026-11-29T18:24:36.390677Z+0000","topic":"j","retain":1,"payload":"x"}`:                                                             "",
		`{"topic":"a","payloadlen":2,"payload_base64":"/w8=","encoding":"base64","dup":false,"mid":7}`:                                                "",
		`{"topic":"a","payload":"x","properties":{}}`:                                                                                                 "",
		`{"topic":"a","payload":null,"encoding":"utf-8","properties":{"subscription-identifier":1,"subscription-identifiers":[1,2],"topic-alias":3}}`: "",
		`{"topic":"a","payload":"\ud83d\ude00","value":{"b":1}}`:                                                                                      "",
		`{"topic":"a"`:                 "unexpected end",
		`{"payload":""}`:               "topic is missing",
		`{"topic":"a","payloadlen":3}`: "there is no payload; an empty one is null",
		`{"topic":"a","payload":"x","payload_base64":"eA=="}`:                                               "payload and payload_base64 are both there",
		`{"topic":"a","payload_base64":"eA==","payload":"x"}`:                                               "payload and payload_base64 are both there",
		`{"topic":"a","payloadlen":0,"payload":"abc"}`:                                                      "payloadlen is 0, but the payload has 3 bytes",
		`{"topic":"a","payload":{"b": 1}}`:                                                                  "payload is no string",
		`{"topic":"a","payload":"eA==","encoding":"base64"}`:                                                `encoding is "base64"`,
		`{"topic":"a","payload":"","qos":3}`:                                                                "qos is 3, not a whole number from 0 to 2",
		`{"topic":"a","payload":"","tst":"yesterday"}`:                                                      "no time of RFC 3339",
		`{"topic":"a","payloadlen":1,"payload_base64":"?"}`:                                                 "payload_base64 is not base64",
		`{"topic":"a","payload":"","properties":{"content-type":5}}`:                                        "content-type is 5, not a string",
		`{"topic":"a","payloadlen":2,"payload":"\ud800 "} trailing {}`:                                      "after top-level value",
		`{"topic":"a","payload":"","topic":"b"}`:                                                            `the key "topic" stands there twice`,
		`{"Topic":"a","payload":""}`:                                                                        `there is no key "Topic"`,
		`{"topic":"a","payload":"","properties":{"correlation-data-base64":"/w=="}}`:                        `properties: there is no key "correlation-data-base64"; the keys are those that sub --json writes`,
		`{"topic":"a","payload":"","properties":{"correlation-data":"b","correlation-data_base64":"Yg=="}}`: "correlation-data and correlation-data_base64 are both there",
		`{"topic":"a","payload":"","properties":{"payload-format-indicator":7}}`:                            "payload-format-indicator is 7, not a whole number from 0 to 1",
		`{"topic":"a","payload":"","properties":{"message-expiry-interval":-5}}`:                            "message-expiry-interval is -5, not a whole number from 0 to 4294967295",
		`{"topic":"a","payload":"","properties":{"user-properties":"b"}}`:                                   "user-properties are names with texts",
		`{"topic":"a","payload":"","properties":5}`:                                                         "properties: it is not a JSON object",
		"{\"topic\":\"a\xff\",\"payload\":\"\"}":                                                            "it is not UTF-8",
		`{"topic":"a\ud800","payload":""}`:                                                                  "topic has half of a surrogate pair",
		`{"topic":"a","payload":"\ude00\ud83d"}`:                                                            "payload has half of a surrogate pair",
		`{"topic":"a","payload":"","properties":{"content-type":"\ud83d\n\ude00"}}`:                         "content-type has half of a surrogate pair",
		`{"topic":"a","payload":"","properties":{"user-properties":[{"\udfff":"x"}]}}`:                      "user-properties have half of a surrogate pair",
	} {
		given, err := record.Parse([]byte(line))
		if err == nil {
			_, err = given.Message(time.Now())
		}
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

// TestErrorsOfLinesAreShort puts a very long value, of each kind, at each key.
func TestErrorsOfLinesAreShort(t *testing.T) {
	long := strings.Repeat("9", 1<<16)
	for _, key := range []string{"tst", "topic", "qos", "retain", "payloadlen", "properties", "payload_base64", "encoding", "unknown"} {
		for _, value := range []string{long, `"` + long + `"`, `["` + long + `"]`, `{"` + long + `":"` + long + `"}`} {
			given, err := record.Parse([]byte(`{"payload":"","` + key + `":` + value + `}`))
			if err == nil {
				_, err = given.Message(time.Now())
			}
			if key == "topic" && value[0] == '"' {
				continue // which no check of JSON finds too long
			}
			if err == nil || len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %.300v", key, err)
			}
		}
	}
}
