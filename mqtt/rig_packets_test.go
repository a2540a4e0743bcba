package mqtt_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// hexOf writes b as the scripted server wants it.
func hexOf(b []byte) string { return hex.EncodeToString(b) }

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

// parsePublish parses a PUBLISH of the client.
func parsePublish(t *testing.T, packet []byte) wire.Publish {
	t.Helper()
	h, n, err := wire.ParseHeader(packet, wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	p, err := wire.ParsePublish(h, packet[n:], wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bigPublish returns a QoS 0 PUBLISH of n zero bytes to "t".
func bigPublish(n int) []byte {
	b := []byte{0x30}
	for length := n + 3; ; {
		d := byte(length & 0x7F)
		if length >>= 7; length > 0 {
			b = append(b, d|0x80)
			continue
		}
		b = append(b, d)
		break
	}
	b = append(b, 0, 1, 't')
	return append(b, make([]byte, n)...)
}

// numbered returns PUBLISH packets to "n" whose payload is a number of five
// digits, with packet identifiers from 1 on unless qos is 0.
func numbered(qos byte, from, to int) []byte {
	var b []byte
	for i := from; i < to; i++ {
		if qos == 0 {
			b = append(b, 0x30, 8, 0, 1, 'n')
		} else {
			id := i + 1
			b = append(b, 0x30|qos<<1, 10, 0, 1, 'n', byte(id>>8), byte(id))
		}
		b = fmt.Appendf(b, "%05d", i)
	}
	return b
}

// payloadOf returns n bytes that tell which message they belong to.
func payloadOf(i, n int) []byte {
	return bytes.Repeat([]byte{byte(i + 1)}, n)
}

// userProperties returns a property list of n empty user properties, with its length.
func userProperties(n int) []byte {
	list := []byte(strings.Repeat("\x26\x00\x00\x00\x00", n))
	length := frame(0, list)
	return length[1:] // a property list has the length of a packet's kind in front
}

// eachVersion runs a test against a client of MQTT 3.1.1 and one of MQTT 5.
func eachVersion(t *testing.T, change func(*mqtt.Config), f func(s *scripted, five bool)) {
	t.Helper()
	t.Run("3.1.1", func(t *testing.T) { f(dialScripted(t, change), false) })
	t.Run("5", func(t *testing.T) { f(dialV5(t, "", change), true) })
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
