package dump

import (
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// info is what is kept beside a payload, under the names that --json has.
type info struct {
	Time       string      `json:"tst"`
	Topic      string      `json:"topic"`
	QoS        mqtt.QoS    `json:"qos"`
	Retain     bool        `json:"retain"`
	PacketID   uint16      `json:"mid,omitempty"`
	Length     int         `json:"payloadlen"`
	Properties *properties `json:"properties,omitempty"`
}

type properties struct {
	PayloadIsText   int                 `json:"payload-format-indicator,omitempty"`
	MessageExpiry   *int64              `json:"message-expiry-interval,omitempty"`
	ContentType     string              `json:"content-type,omitempty"`
	ResponseTopic   string              `json:"response-topic,omitempty"`
	Correlation     *string             `json:"correlation-data,omitempty"`
	CorrelationData []byte              `json:"correlation-data_base64,omitempty"` // where it is no text
	User            []map[string]string `json:"user-properties,omitempty"`
}

func describe(m *mqtt.Received, at time.Time) info {
	i := info{
		Time: at.Format(time.RFC3339Nano), Topic: m.Topic, QoS: m.QoS, Retain: m.Retain, PacketID: m.PacketID,
		Length: len(m.Payload),
	}
	if p := m.Properties; p != nil {
		i.Properties = describeProperties(p)
	}
	return i
}

func describeProperties(p *mqtt.Properties) *properties {
	d := &properties{ContentType: p.ContentType, ResponseTopic: p.ResponseTopic}
	if p.PayloadIsText {
		d.PayloadIsText = 1
	}
	if p.MessageExpiry != nil {
		seconds := int64(p.MessageExpiry.Seconds())
		d.MessageExpiry = &seconds
	}
	if text := string(p.CorrelationData); p.CorrelationData != nil && utf8.ValidString(text) {
		d.Correlation = &text
	} else {
		d.CorrelationData = p.CorrelationData
	}
	for _, u := range p.UserProperties {
		d.User = append(d.User, map[string]string{u.Name: u.Value})
	}
	return d
}
