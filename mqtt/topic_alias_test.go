package mqtt_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// TestOutgoingTopicAliases shows TA-01: outgoing alias: set, used, replaced [MQTT-3.3.2-9]; TA-02:
// no alias unless the server allows it [MQTT-3.2.2-18]; TA-03: no alias above the server's maximum
// [MQTT-3.2.2-17]. It keeps out peer 4.27: aliases are seen by the application, or the topic is
// empty.
func TestOutgoingTopicAliases(t *testing.T) {
	s := dialV5(t, "220002", nil)
	send := func(topic string, qos mqtt.QoS, want string) {
		t.Helper()
		published := async(func() error {
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: topic, QoS: qos}, nil)
			return err
		})
		s.mustWait(published)
		s.server.Expect(want)
	}
	send("aaaa", 0, "30 0A 000461616161 03 230001")
	send("aaaa", 0, "30 06 0000 03 230001")
	send("bbbb", 1, "32 0C 000462626262 0001 03 230002")
	send("aaaa", 0, "30 06 0000 03 230001")
	send("cccc", 0, "30 0A 000463636363 03 230002") // bbbb was not used for longest
	send("cccc", 2, "34 08 0000 0002 03 230002")
	send("bbbb", 0, "30 0A 000462626262 03 230001")
	send("abc", 0, "30 06 0003616263 00") // no longer than the property
}

// TestNoAliasesUnlessTheServerAllowsThem shows TA-02: no alias unless the server allows it
// [MQTT-3.2.2-18]. It keeps out T-A19: an alias is sent without leave.
func TestNoAliasesUnlessTheServerAllowsThem(t *testing.T) {
	s := dialV5(t, "", nil)
	for range 2 {
		s.mustWait(async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "aaaa"}) }))
		s.server.Expect("30 07 000461616161 00")
	}
}

// TestQueuedPublishHasTheFullTopic: a message that waits for its place in flight has no alias yet.
// It keeps out peer 4.27: aliases are seen by the application, or the topic is empty.
func TestQueuedPublishHasTheFullTopic(t *testing.T) {
	s := dialV5(t, "210001 220005", nil)
	for range 2 {
		if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "aaaa", QoS: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.server.Expect("32 0C 000461616161 0001 03 230001")
	s.server.Send("40 02 0001")
	s.server.Expect("32 09 000461616161 0002 00")
}

// TestInboundTopicAliases shows TA-04: incoming alias: set, used, replaced [MQTT-3.3.2-10]. It
// keeps out T-A20: the topic of a QoS 2 message with an alias is lost; peer 4.27: aliases are seen
// by the application, or the topic is empty.
func TestInboundTopicAliases(t *testing.T) {
	s := dialV5(t, "", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = 2 })
	s.server.Send("30 08 0001 61 03 230001 41")
	s.server.Send("34 09 0000 0007 03 230001 42")
	s.server.Expect("50 02 0007")
	s.server.Send("30 08 0001 62 03 230001 43") // redefined
	s.server.Send("30 07 0000 03 230001 44")
	for _, want := range []string{"message a=A q0", "message a=B q2 id7", "message b=C q0", "message b=D q0"} {
		s.expectEvent(want)
	}
}

// TestFaultyInboundAliasesAreRefused shows TA-05: alias 0 [MQTT-3.3.2-8]; TA-06: alias above our
// maximum; TA-07: unknown alias.
func TestFaultyInboundAliasesAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ send, reply string }{
		"unknown":      {"30 06 0000 03 230001", "E0 01 82"},
		"zero":         {"30 07 000161 03 230000", "E0 01 94"},
		"above":        {"30 07 000161 03 230003", "E0 01 94"},
		"empty, above": {"30 06 0000 03 230003", "E0 01 94"},
	} {
		t.Run(name, func(t *testing.T) {
			s := dialV5(t, "", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = 2 })
			s.server.Send(test.send)
			s.server.Expect(test.reply)
			s.server.Close()
			s.expectEvent("disconnect: the server broke the protocol")
		})
	}
}

// TestAliasWithinThePacketLimit: an alias takes three bytes [MQTT-3.2.2-15]. It shows TA-10: alias
// of a message that was not sent; CA-41: Maximum Packet Size of the server.
func TestAliasWithinThePacketLimit(t *testing.T) {
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

// TestAliasesOfBothDirections shows TA-08: aliases of both directions are independent; TA-12:
// repeated message still sets its alias.
func TestAliasesOfBothDirections(t *testing.T) {
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

// TestServersAliasMaximumIsNotOurs: the bound is what CONNECT said. It shows TA-06: alias above our
// maximum; MF-29: flood of aliases [MQTT-3.3.2-10]. It keeps out T-A18: the server's alias maximum
// is taken for the client's.
func TestServersAliasMaximumIsNotOurs(t *testing.T) {
	s := dialV5(t, "220009", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = 2 })
	s.server.Send("30 07 0001 74 03 230002")
	s.expectEvent("message t=")
	s.server.Send("30 07 0001 74 03 230003")
	s.expectRefusal(true, 0x94)
	none := dialV5(t, "220009", func(cfg *mqtt.Config) { cfg.Limits.TopicAliases = -1 })
	none.server.Send("30 07 0001 74 03 230001")
	none.expectRefusal(true, 0x94)
}

// TestAliasIsDefinedBeforeItIsUsed: many goroutines publish at once. It shows TA-11: definition of
// an alias comes before its use. It keeps out T-A19: an alias is sent without leave; T-A20: the
// topic of a QoS 2 message with an alias is lost.
func TestAliasIsDefinedBeforeItIsUsed(t *testing.T) {
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

// TestAliasesTakeTurnsWhenTopicsAreMore: the caller's message stays as it is. It shows TA-01:
// outgoing alias: set, used, replaced [MQTT-3.3.2-9]. It keeps out peer 0.6: a topic beyond the
// alias maximum crashes, and the caller's message is changed.
func TestAliasesTakeTurnsWhenTopicsAreMore(t *testing.T) {
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

// TestAliasesEndWithTheConnection shows SR-13: what is sent again defines its topic alias anew
// [MQTT-3.3.2-7]; TA-09: aliases end with the connection.
func TestAliasesEndWithTheConnection(t *testing.T) {
	publish := func(s *lasting) {
		_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "topic", QoS: 1}, nil)
		must(s.t, err)
	}
	lastingV5(t, "220005", nil, func(s *lasting) {
		publish(s)
		publish(s)
		s.server.Expect("32 0D 0005 746F706963 0001 03 230001")
		s.server.Expect("32 08 0000 0002 03 230001")
		s.lose("present")
		s.server.Expect("3A 0A 0005 746F706963 0001 00") // the full topic
		s.server.Expect("3A 0A 0005 746F706963 0002 00")
		publish(s)
		s.server.Expect("32 0D 0005 746F706963 0003 03 230001") // the alias is made anew
		publish(s)
		s.server.Expect("32 08 0000 0004 03 230001")
		s.limits = ""
		s.lose("present") // a server that takes none
		for i := range 4 {
			s.server.Expect(hexOf(publishBytes(true, 0x3A, "topic", uint16(i+1), "")))
		}
		publish(s)
		s.server.Expect("32 0A 0005 746F706963 0005 00")
	})
}

// TestInboundAliasesEndWithTheConnection shows SR-14: aliases of the server end with the connection
// [MQTT-3.3.2-7].
func TestInboundAliasesEndWithTheConnection(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		s.server.Send("30 0C 0005 746F706963 03 230001 61", "30 07 0000 03 230001 62")
		s.expectEvent("message topic=a q0")
		s.expectEvent("message topic=b q0")
		s.lose("present")
		s.server.Send("30 07 0000 03 230001 63")
		s.server.Expect("E0 01 82")
		s.server.ExpectClosed()
		s.server.Close()
		s.acceptNext("present") // and it goes on
		s.play(`< pub 30 0 d
			got t=d q0
			nothing`)
	})
}
