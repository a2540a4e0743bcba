package mqtt_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

func TestAliasWithinThePacketLimit(t *testing.T) { // TA-10, CA-41: an alias takes three bytes [MQTT-3.2.2-15]
	for _, limit := range []int{30, 31, 32, 33} {
		s := dialV5(t, fmt.Sprintf("27000000%02X 220005", limit), nil)
		topic := strings.Repeat("t", 10)
		for _, payload := range []string{strings.Repeat("x", 15), strings.Repeat("x", 15), ""} { // 30 bytes without an alias
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: topic, Payload: []byte(payload)}) })
			packet := s.server.Packet()
			s.mustWait(published)
			if len(packet) > limit {
				t.Errorf("limit %d: % X", limit, packet)
			}
			p := parsePublish(t, packet)
			if alias, ok := p.Properties.Uint(wire.TopicAlias); p.Topic == "" && (!ok || alias != 1) || string(p.Payload) != payload {
				t.Errorf("limit %d: % X", limit, packet)
			}
			if limit < 33 && payload != "" && p.Topic != topic {
				t.Errorf("limit %d: an alias is used that was not defined: % X", limit, packet)
			}
		}
	}
}

func TestAliasesOfBothDirections(t *testing.T) { // TA-08, TA-12
	s := dialV5(t, "220001", nil)
	s.server.Send("30 0B 0004 61616161 03 230001 41") // the server's alias 1
	s.expectEvent("message aaaa=A")
	for _, want := range []string{"30 0A 000462626262 03 230001", "30 06 0000 03 230001"} { // ours
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "bbbb"}) })
		s.server.Expect(want)
		s.mustWait(published)
		s.server.Send("30 07 0000 03 230001 42")
		s.expectEvent("message aaaa=B")
	}
	for _, packet := range []string{"34 0A 0001 63 0007 03 230001 43", "3C 0A 0001 63 0007 03 230002 43"} { // a repeat, with another alias
		s.server.Send(packet)
		s.server.Expect("50 02 0007")
	}
	s.expectEvent("message c=C q2 id7")
	s.server.Send("30 07 0000 03 230002 44")
	s.expectEvent("message c=D")
}

func TestServersAliasMaximumIsNotOurs(t *testing.T) { // TA-06, MF-29, T-A18: the bound is what CONNECT said
	s := dialV5(t, "220009", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = 2 })
	s.server.Send("30 07 0001 74 03 230002")
	s.expectEvent("message t=")
	s.server.Send("30 07 0001 74 03 230003")
	s.expectRefusal(true, 0x94)
	none := dialV5(t, "220009", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = -1 })
	none.server.Send("30 07 0001 74 03 230001")
	none.expectRefusal(true, 0x94)
}

func TestAliasIsDefinedBeforeItIsUsed(t *testing.T) { // TA-11, T-A19, T-A20: by many at once
	const publishers, each = 50, 21
	s := dialV5(t, "220008 210014", nil)
	var wg sync.WaitGroup
	for g := range publishers {
		wg.Go(func() {
			for i := range each {
				m := mqtt.Message{Topic: fmt.Sprintf("topic/%d", (g+i)%12), QoS: mqtt.QoS(i % 3), Payload: fmt.Appendf(nil, "topic/%d", (g+i)%12)}
				if err := s.Publish(s.ctx, m); err != nil {
					t.Errorf("publish: %v", err)
				}
			}
		})
	}
	topics := make(map[uint32]string)
	for range publishers * (each + each/3) { // a third at QoS 2, with a PUBREL each
		packet := s.server.Packet()
		if packet[0]&0xF0 == 0x60 {
			s.server.SendBytes([]byte{0x70, 2, packet[2], packet[3]})
			continue
		}
		p := parsePublish(t, packet)
		alias, has := p.Properties.Uint(wire.TopicAlias)
		if has && p.Topic != "" {
			topics[alias] = p.Topic
		}
		if has && p.Topic == "" {
			p.Topic = topics[alias]
		}
		if alias > 8 || p.Topic != string(p.Payload) {
			t.Fatalf("message %q came with topic %q, alias %d", p.Payload, p.Topic, alias)
		}
		if p.QoS > 0 {
			s.server.SendBytes([]byte{0x30 + p.QoS*0x10, 2, byte(p.PacketID >> 8), byte(p.PacketID)})
		}
	}
	wg.Wait()
}

func TestMoreTopicsThanAliases(t *testing.T) { // TA-01, peer 0.6: the caller's message stays as it is
	s := dialV5(t, "220002", nil)
	p := &mqtt.Properties{ContentType: "c", UserProperties: []mqtt.UserProperty{{Name: "a", Value: "b"}}}
	for i := range 10 {
		m := mqtt.Message{Topic: fmt.Sprintf("topic/%d", i%4), Payload: []byte("p"), Properties: p}
		topic := m.Topic
		published := async(func() error { return s.Publish(s.ctx, m) })
		if got := parsePublish(t, s.server.Packet()); got.Topic != topic { // four take turns at two places
			t.Errorf("topic %q, want %q", got.Topic, topic)
		}
		s.mustWait(published)
		if m.Topic != topic || string(m.Payload) != "p" || p.ContentType != "c" || len(p.UserProperties) != 1 {
			t.Errorf("the message became %+v", m)
		}
	}
}
