// Package record is a message as a line of JSON that loses nothing: what "retained export" writes, what --dump keeps beside
// a payload, and what "retained import" and "pub --line-format json" read. It has the keys of "sub --json".
package record

import (
	"reflect"
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// Record is a message with the time at which it came.
type Record struct {
	Time       time.Time   `json:"tst"`
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
		Time: at, Topic: m.Topic, QoS: m.QoS, Retain: m.Retain, PacketID: m.PacketID,
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
