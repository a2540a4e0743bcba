package mqtt_test

import (
	"testing"

	"dunlin/mqtt"
)

// eachVersion runs a test against a client of MQTT 3.1.1 and one of MQTT 5.
func eachVersion(t *testing.T, change func(*mqtt.Config), f func(s *scripted, five bool)) {
	t.Helper()
	t.Run("3.1.1", func(t *testing.T) { f(dialScripted(t, change), false) })
	t.Run("5", func(t *testing.T) { f(dialV5(t, "", change), true) })
}

// frame puts the fixed header before a body.
func frame(first byte, body []byte) []byte {
	b := []byte{first}
	n := len(body)
	for ; n > 0x7F; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), body...)
}

// publishBytes writes a PUBLISH, with an empty property list in MQTT 5. The
// lower bits of first say whether there is an identifier.
func publishBytes(five bool, first byte, topic string, id uint16, payload string) []byte {
	body := append([]byte{byte(len(topic) >> 8), byte(len(topic))}, topic...)
	if first&0x06 != 0 {
		body = append(body, byte(id>>8), byte(id))
	}
	if five {
		body = append(body, 0)
	}
	return frame(first, append(body, payload...))
}

// expectPublish waits for a PUBLISH to "t" with those bytes.
func (s *scripted) expectPublish(five bool, first byte, id uint16, payload string) {
	s.t.Helper()
	s.server.Expect(hexOf(publishBytes(five, first, "t", id, payload)))
}

// sendPublish sends a PUBLISH to "t".
func (s *scripted) sendPublish(five bool, first byte, id uint16, payload string) {
	s.t.Helper()
	s.server.SendBytes(publishBytes(five, first, "t", id, payload))
}

// publishes begins publishing to "t" at qos, once for each payload.
func (s *scripted) publishes(qos mqtt.QoS, payloads ...string) (all []*mqtt.Delivery) {
	s.t.Helper()
	for _, payload := range payloads {
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos}, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// expectAlive checks that the client goes on and has said nothing since: it
// answers a QoS 1 message, and that answer comes next.
func (s *scripted) expectAlive(five bool) {
	s.t.Helper()
	s.server.SendBytes(publishBytes(five, 0x32, "alive", 0xFFFF, ""))
	s.server.Expect("40 02 FFFF")
	s.expectEvent("message alive=")
}
