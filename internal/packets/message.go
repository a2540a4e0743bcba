package packets

import (
	"bytes"
	"time"

	"dunlin/mqtt"
)

// ClientID returns the client identifier and the version of a CONNECT.
func ClientID(p Packet) (id string, version mqtt.Version, ok bool) {
	if len(p.Bytes) == 0 || p.Bytes[0]>>4 != typeConnect {
		return "", 0, false
	}
	w := start(p)
	return shown([]byte(w.facts.clientID)), w.version, w.version != 0
}

// Message returns the message of a PUBLISH, and its topic alias, 0 for none. ok is false where the packet is not whole, or broken.
func Message(p Packet) (m *mqtt.Received, alias uint16, ok bool) {
	if len(p.Bytes) == 0 || p.Bytes[0]>>4 != typePublish {
		return nil, 0, false
	}
	w := start(p)
	if w.fault != "" || w.size > len(p.Bytes) {
		return nil, 0, false
	}
	m = &mqtt.Received{
		Topic: w.facts.topic, Payload: bytes.Clone(w.facts.payload), QoS: mqtt.QoS(w.facts.qos), Retain: p.Bytes[0]&bitRetain != 0,
		Dup: p.Bytes[0]&bitDup != 0, PacketID: w.facts.id, Properties: w.messageProperties(),
	}
	return m, uint16(w.facts.numbers[TopicAlias]), true
}

// messageProperties returns the properties of a PUBLISH, nil for none.
func (w *walk) messageProperties() *mqtt.Properties {
	if w.facts.numbers == nil && w.facts.texts == nil && w.facts.user == nil {
		return nil
	}
	p := &mqtt.Properties{
		PayloadIsText: w.facts.numbers[PayloadFormat] == 1, ContentType: w.facts.texts[ContentType], ResponseTopic: w.facts.texts[ResponseTopic],
		UserProperties: w.facts.user, TopicAlias: uint16(w.facts.numbers[TopicAlias]),
	}
	if data, has := w.facts.texts[CorrelationData]; has {
		p.CorrelationData = []byte(data)
	}
	if seconds, has := w.facts.numbers[MessageExpiry]; has {
		d := time.Duration(seconds) * time.Second
		p.MessageExpiry = &d
	}
	return p
}

// IsClean tells whether a CONNECT asks for a session without what was before.
func IsClean(p Packet) bool {
	return len(p.Bytes) > 0 && p.Bytes[0]>>4 == typeConnect && start(p).facts.clean
}
