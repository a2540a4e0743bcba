// Package record is a message as a line of JSON that loses nothing: what "retained export" writes and "retained import"
// reads, and what --dump keeps beside a payload. It has the keys of --json.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// Record is a message with the time at which it came.
type Record struct {
	Time       Time        `json:"tst"`
	Topic      string      `json:"topic"`
	QoS        mqtt.QoS    `json:"qos"`
	Retain     bool        `json:"retain"`
	PacketID   uint16      `json:"mid,omitempty"`
	Length     int         `json:"payloadlen"`
	Properties *Properties `json:"properties,omitempty"`

	// One of the two has the payload: the second where it is not UTF-8. A Record without both stands beside it.
	Payload *string `json:"payload,omitempty"`
	Base64  []byte  `json:"payload_base64,omitempty"`
}

// Time is written as RFC 3339 says, and read from Mosquitto's form of it, too.
type Time struct{ time.Time }

// UnmarshalJSON reads a time.
func (t *Time) UnmarshalJSON(text []byte) (err error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if t.Time, err = time.Parse(`"`+form+`"`, string(text)); err == nil {
			return nil
		}
	}
	return fmt.Errorf(`"tst" is %s, which is no time of RFC 3339`, text)
}

// Properties are those of MQTT 5.
type Properties struct {
	PayloadIsText     int                 `json:"payload-format-indicator,omitempty"`
	MessageExpiry     *uint32             `json:"message-expiry-interval,omitempty"` // in seconds
	ContentType       string              `json:"content-type,omitempty"`
	ResponseTopic     string              `json:"response-topic,omitempty"`
	Correlation       *string             `json:"correlation-data,omitempty"`
	CorrelationBase64 []byte              `json:"correlation-data_base64,omitempty"` // where it is not UTF-8
	User              []map[string]string `json:"user-properties,omitempty"`
}

// Beside returns what is known of m besides its payload.
func Beside(m *mqtt.Received, at time.Time) Record {
	return Record{
		Time: Time{at}, Topic: m.Topic, QoS: m.QoS, Retain: m.Retain, PacketID: m.PacketID,
		Length: len(m.Payload), Properties: properties(m.Properties),
	}
}

// Of returns all of m.
func Of(m *mqtt.Received, at time.Time) Record {
	r := Beside(m, at)
	r.Payload, r.Base64 = textOrBytes(m.Payload)
	return r
}

// textOrBytes returns b as text, or, where it is not UTF-8, as it is.
func textOrBytes(b []byte) (*string, []byte) {
	if !utf8.Valid(b) {
		return nil, b
	}
	text := string(b)
	return &text, nil
}

func properties(p *mqtt.Properties) *Properties {
	if p == nil {
		return nil
	}
	r := &Properties{ContentType: p.ContentType, ResponseTopic: p.ResponseTopic}
	if p.PayloadIsText {
		r.PayloadIsText = 1
	}
	if p.MessageExpiry != nil {
		seconds := uint32(min(p.MessageExpiry.Seconds(), float64(mqtt.NeverExpires/time.Second)))
		r.MessageExpiry = &seconds
	}
	if p.CorrelationData != nil {
		r.Correlation, r.CorrelationBase64 = textOrBytes(p.CorrelationData)
	}
	for _, u := range p.UserProperties {
		r.User = append(r.User, map[string]string{u.Name: u.Value})
	}
	if reflect.ValueOf(*r).IsZero() {
		return nil // there may be subscription identifiers, which belong to the delivery
	}
	return r
}

// ErrExpired says that a message's time was over before now.
var ErrExpired = errors.New("the message has expired")

// Parse reads a line.
func Parse(line []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("no message as JSON: %w", err)
	}
	switch {
	case r.Topic == "":
		return r, errors.New(`"topic" is missing`)
	case r.Payload == nil && r.Base64 == nil:
		return r, errors.New(`"payload" or "payload_base64" is missing`)
	case r.Payload != nil && r.Base64 != nil:
		return r, errors.New(`"payload" and "payload_base64" are both there`)
	case r.QoS > mqtt.ExactlyOnce:
		return r, fmt.Errorf(`"qos" is %d`, r.QoS)
	case len(r.payload()) != r.Length:
		return r, fmt.Errorf(`"payloadlen" is %d, but the payload has %d bytes`, r.Length, len(r.payload()))
	}
	return r, nil
}

func (r *Record) payload() []byte {
	if r.Payload != nil {
		return []byte(*r.Payload)
	}
	return r.Base64
}

// Message returns the message as it is to be published now: of its expiry interval the time since it came is gone.
// The error is ErrExpired where nothing is left of it.
func (r *Record) Message(now time.Time) (mqtt.Message, error) {
	m := mqtt.Message{Topic: r.Topic, Payload: r.payload(), QoS: r.QoS, Retain: r.Retain}
	if r.Properties == nil {
		return m, nil
	}
	m.Properties = r.Properties.message()
	if expiry := m.Properties.MessageExpiry; expiry != nil && !r.Time.IsZero() {
		left := *expiry - max(now.Sub(r.Time.Time), 0).Truncate(time.Second)
		if left <= 0 {
			return m, ErrExpired
		}
		m.Properties.MessageExpiry = &left
	}
	return m, nil
}

func (r *Properties) message() *mqtt.Properties {
	p := &mqtt.Properties{PayloadIsText: r.PayloadIsText != 0, ContentType: r.ContentType, ResponseTopic: r.ResponseTopic}
	if r.MessageExpiry != nil {
		expiry := time.Duration(*r.MessageExpiry) * time.Second
		p.MessageExpiry = &expiry
	}
	if r.Correlation != nil {
		p.CorrelationData = []byte(*r.Correlation)
	} else {
		p.CorrelationData = r.CorrelationBase64
	}
	for _, pair := range r.User {
		for name, value := range pair {
			p.UserProperties = append(p.UserProperties, mqtt.UserProperty{Name: name, Value: value})
		}
	}
	return p
}
