package mqtt_test

import (
	"errors"
	"fmt"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// dialV5 is dialScripted for MQTT 5, with the properties of the CONNACK in
// hexadecimal.
func dialV5(t *testing.T, properties string, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg := s.watch(mqtt.Config{ClientID: "c", Version: mqtt.V5})
	if change != nil {
		change(&cfg)
	}
	s.dial(cfg, connAckV5(t, properties))
	return s
}

// connAckV5 is an accepting CONNACK of MQTT 5 with properties.
func connAckV5(t *testing.T, properties string) string {
	t.Helper()
	p, err := mqtttest.ParseHex(properties)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("20 %02X 0000 %02X %s", 3+len(p), len(p), properties)
}

func TestOutgoingTopicAliases(t *testing.T) { // TA-01, TA-02, TA-03, peer 4.27
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

func TestNoAliasesWithoutLeave(t *testing.T) { // TA-02, T-A19
	s := dialV5(t, "", nil)
	for range 2 {
		s.mustWait(async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "aaaa"}) }))
		s.server.Expect("30 07 000461616161 00")
	}
}

func TestQueuedPublishHasTheFullTopic(t *testing.T) { // peer 4.27: TA with a full window
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

func TestInboundTopicAliases(t *testing.T) { // TA-04, T-A20, peer 4.27
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

func TestInboundAliasFaults(t *testing.T) { // TA-05, TA-06, TA-07
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

func TestReceiveMaximumOfTheClient(t *testing.T) { // FC-10, FC-11
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMaximum = 2
		cfg.ManualAck = true
	})
	s.server.Send("32 06 0001 74 0001 00", "34 06 0001 74 0002 00")
	s.expectEvent("message t= q1 id1")
	s.expectEvent("message t= q2 id2")
	s.server.Send("32 06 0001 74 0003 00")
	s.server.Expect("E0 01 93")
	s.server.Close()
	s.expectEvent("disconnect")
	var broken *mqtt.PacketError
	if !errors.As(s.Err(), &broken) || broken.Code != 0x93 {
		t.Errorf("got %v", s.Err())
	}
}

func TestReceiveMaximumIsFreedByAcks(t *testing.T) {
	s := dialV5(t, "", func(cfg *mqtt.Config) { cfg.Limits.ReceiveMaximum = 1 })
	for range 3 {
		s.server.Send("34 06 0001 74 0002 00")
		s.server.Expect("50 02 0002")
		s.server.Send("62 02 0002")
		s.server.Expect("70 02 0002")
		s.server.Send("32 06 0001 74 0001 00")
		s.server.Expect("40 02 0001")
	}
}
