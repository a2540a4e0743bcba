package record_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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
		r, err := record.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Message(now)
		want := m.Message()
		if want.Properties != nil && reflect.ValueOf(*want.Properties).IsZero() {
			want.Properties = nil
		}
		if !reflect.DeepEqual(got, want) || err != nil {
			t.Fatalf("got %+v and error %v, want %+v, line %s", got, err, want, line)
		}
	})
}

func TestExpiryGoesOnInARecord(t *testing.T) {
	expiry, came := 10*time.Second, time.Now()
	r := record.Of(&mqtt.Received{Topic: "a", Properties: &mqtt.Properties{MessageExpiry: &expiry}}, came)
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
		`{"tst":"2026-11-29T18:38:07.456248+0000","topic":"jj","qos":1,"retain":true,"payloadlen":3,"payload":"abc"}`: "",
		`{"topic":"a","payloadlen":2,"payload_base64":"/w8="}`:                                                        "",
		`{"topic":"a","payload":""}`:                                   "",
		`{"topic":"a"`:                                                 "unexpected end",
		`{"payload":""}`:                                               `"topic" is missing`,
		`{"topic":"a","payloadlen":3}`:                                 `"payload" or "payload_base64" is missing`,
		`{"topic":"a","payload":"x","payload_base64":"eA=="}`:          "both there",
		`{"topic":"a","payload":"abc"}`:                                `"payloadlen" is 0, but the payload has 3 bytes`,
		`{"topic":"a","payload":"","qos":3}`:                           `"qos" is 3`,
		`{"topic":"a","payload":"","tst":"yesterday"}`:                 "no time of RFC 3339",
		`{"topic":"a","payloadlen":1,"payload_base64":"?"}`:            "illegal base64",
		`{"topic":"a","payload":"","properties":{"content-type":5}}`:   "cannot unmarshal",
		`{"topic":"a","payloadlen":2,"payload":"\ud800 "} trailing {}`: "after top-level value",
	} {
		_, err := record.Parse([]byte(line))
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}
