package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestReceiveAtEachQoS shows RX-01: message received at QoS 0 [MQTT-3.3.4-1]; RX-02: retained
// message, with and without payload; RX-03: DUP at QoS 0 [MQTT-3.3.1-2]; RX-05: message received at
// QoS 1 [MQTT-4.3.2-2] of 3.1.1; RX-06: message received at QoS 1 with DUP; RX-15: message received
// at QoS 2 [MQTT-4.3.3-8]; RX-17: QoS 2 repeated before PUBREL, with DUP [MQTT-4.1.0-2] of 3.1.1;
// RX-19: PUBREL for an unknown identifier [MQTT-3.7.2-1]; FR-01: one byte at a time [MQTT-6.0.0-2];
// FR-02: split within the remaining length; FR-03: many packets at once.
func TestReceiveAtEachQoS(t *testing.T) {
	for _, mode := range []mqtttest.WriteMode{mqtttest.Whole, mqtttest.Bytewise, mqtttest.Coalesced} {
		s := dialScripted(t, nil)
		s.server.SetWriteMode(mode)
		s.server.Send("30 0E 0005746F7069637061796C6F6164")
		s.server.Send("31 07 0005746F706963")
		s.server.Send("38 0E 0005746F7069637061796C6F6164")
		s.server.Send("3A 10 0005746F70696304D27061796C6F6164")
		s.server.Send("32 07 000174 0007 6161")
		s.server.Send("34 05 000174 346F")
		s.server.Expect("40 02 04D2", "40 02 0007", "50 02 346F")
		s.server.Send("3C 05 000174 346F")
		s.server.Expect("50 02 346F")
		for _, want := range []string{"topic=payload q0", "topic= q0 retain", "topic=payload q0 dup", "topic=payload q1 id1234 dup", "t=aa q1 id7", "t= q2 id13423"} {
			s.expectEvent("message " + want)
		}
		s.server.Send("62 02 346F")
		s.server.Expect("70 02 346F")
		s.server.Send("62 02 346F")
		s.server.Expect("70 02 346F")
		s.server.SetWriteMode(mqtttest.Whole)
		s.closeWell()
	}
}

// TestPacketIdentifiersOfBothDirectionsAreIndependent shows RX-12: identifiers of both directions
// are independent.
func TestPacketIdentifiersOfBothDirectionsAreIndependent(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		all := append(s.publishes(1, ""), s.publishes(2, "")...)
		s.expectPublish(five, 0x32, 1, "")
		s.expectPublish(five, 0x34, 2, "")
		s.sendPublish(five, 0x32, 1, "")
		s.server.Expect("40 02 0001")
		s.sendPublish(five, 0x34, 2, "")
		s.server.Expect("50 02 0002")
		s.server.Send("62 02 0002")
		s.server.Expect("70 02 0002")
		for _, d := range all {
			if d.Answer().Codes != nil {
				s.t.Error("the server's message completed one of ours")
			}
		}
		s.server.Send("50 02 0002")
		s.server.Expect("62 02 0002")
		s.server.Send("70 02 0002", "40 02 0001")
		for _, d := range all {
			if err := d.Wait(s.ctx); err != nil {
				s.t.Error(err)
			}
		}
	})
}

// TestRepeatedMessagesAtEachQoS shows RX-07: identifier again after PUBACK [MQTT-4.3.2-5]; RX-17:
// QoS 2 repeated before PUBREL, with DUP [MQTT-4.1.0-2] of 3.1.1; RX-18: QoS 2 repeated before
// PUBREL, without DUP; RX-19: PUBREL for an unknown identifier [MQTT-3.7.2-1]; RX-20: PUBREL twice;
// RX-21: identifier again after PUBCOMP [MQTT-4.3.3-12], [MQTT-4.3.3-10] of 5. It keeps out T-A4: a
// QoS 2 message that is repeated is delivered twice; T-A5: PUBREL for an unknown identifier is not
// answered; peer 0.2: a repeated QoS 2 message runs the handler twice; peer 4.8: QoS 2 messages are
// delivered twice.
func TestRepeatedMessagesAtEachQoS(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		for _, first := range []byte{0x32, 0x3A} { // a new message each time, since its PUBACK
			s.sendPublish(five, first, 7, "q1")
			s.server.Expect("40 02 0007")
			s.expectEvent("message t=q1 q1 id7")
		}
		for range 2 {
			for _, first := range []byte{0x34, 0x3C, 0x34} { // once, whatever DUP says
				s.sendPublish(five, first, 9, "q2")
				s.server.Expect("50 02 0009")
			}
			s.expectEvent("message t=q2 q2 id9")
			s.server.Send("62 02 0009")
			s.server.Expect("70 02 0009")
		}
		s.server.Send("62 02 0009 62 02 1234") // its PUBCOMP may have been lost
		if five {
			s.server.Expect("70 03 0009 92 70 03 1234 92")
		} else {
			s.server.Expect("70 02 0009 70 02 1234")
		}
		s.expectAlive(five)
		s.closeWell()
	})
}

// TestPubRelForAnUnknownMessage shows RX-23: PUBREL: identifier not found [MQTT-4.3.3-11]; RX-16:
// all forms of PUBREL. It keeps out T-A6: identifier not found leaks a place of the window.
func TestPubRelForAnUnknownMessage(t *testing.T) {
	s := dialV5(t, "", nil)
	for _, release := range []string{"62 03 0009 92", "62 02 0009", "62 03 0009 00", "62 04 0009 00 00", "62 0F 0009 00 0B 26 0003 6B6579 0003 76616C"} {
		s.sendPublish(true, 0x34, 9, "")
		s.server.Expect("50 02 0009")
		s.expectEvent("message t= q2 id9")
		s.server.Send(release)
		s.server.Expect("70 02 0009")
	}
	s.closeWell()
}

// TestMessageWithoutAHandlerIsAcknowledged shows RX-04: message for no handler [MQTT-4.5.0-2]. It
// keeps out peer 4.9: a message without handler is never acknowledged.
func TestMessageWithoutAHandlerIsAcknowledged(t *testing.T) {
	eachVersion(t, func(cfg *mqtt.Config) { cfg.OnMessage, cfg.OnError = nil, nil }, func(s *scripted, five bool) {
		s.sendPublish(five, 0x30, 0, "")
		s.sendPublish(five, 0x32, 1, "")
		s.server.Expect("40 02 0001")
		s.sendPublish(five, 0x34, 2, "")
		s.server.Expect("50 02 0002")
		s.server.Send("62 02 0002")
		s.server.Expect("70 02 0002")
		s.closeWell()
	})
}

// TestExpiryOfReceivedMessages: an exchange goes on though its message has expired [MQTT-4.3.3-13]
// of 5. It shows RX-35: message expiry.
func TestExpiryOfReceivedMessages(t *testing.T) {
	got := make(chan *mqtt.Received, 1)
	s := dialV5(t, "", func(cfg *mqtt.Config) { cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m } })
	for expiry, want := range map[string]time.Duration{"00000000": 0, "00000001": time.Second, "FFFFFFFF": 4294967295 * time.Second} {
		s.server.Send("34 0B 0001 74 0001 05 02", expiry)
		if m := <-got; m.Properties == nil || m.Properties.MessageExpiry == nil || *m.Properties.MessageExpiry != want {
			t.Errorf("%s: %+v", expiry, m.Properties)
		}
		s.server.Expect("50 02 0001")
		s.server.Send("62 02 0001")
		s.server.Expect("70 02 0001")
	}
}

// TestTextIsNotNormalized shows MF-17: control characters and non-characters in a string; MF-18:
// byte order mark in a string [MQTT-1.5.3-3].
func TestTextIsNotNormalized(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		for _, topic := range []string{"\uFEFFab", "\U0002A6D4", "a\x01", "a\uFFFF", "$x", "/"} {
			s.server.SendBytes(publishBytes(five, 0x30, topic, 0, ""))
			s.expectEvent("message " + topic + "= q0")
		}
	})
}

// TestReasonStringsThatWereDeclinedAreRefused: CONNECT had Request Problem Information 0. It shows
// P1-18: reason string though the client declined it.
func TestReasonStringsThatWereDeclinedAreRefused(t *testing.T) {
	decline := func(cfg *mqtt.Config) { cfg.Properties.OmitProblemInformation = true }
	for name, test := range map[string]struct{ packet, answer string }{
		"PUBACK":        {"40 08 0001 00 04 1F0001 70", ""},
		"user property": {"40 0B 0001 00 07 26 00016B 000176", ""},
		"PUBREC":        {"50 08 0001 00 04 1F0001 70", "62 03 0001 92"},
		"PUBREL":        {"62 08 0001 00 04 1F0001 70", "70 03 0001 92"},
		"PUBCOMP":       {"70 08 0001 00 04 1F0001 70", ""},
		"SUBACK":        {"90 08 0001 04 1F0001 70 00", ""},
		"UNSUBACK":      {"B0 08 0001 04 1F0001 70 00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := dialV5(t, "", decline)
			s.server.Send(test.packet)
			s.server.Expect(test.answer)
			s.expectRefusal(true, 0x82)
		})
	}
	s := dialV5(t, "1F0001 70 26 00016B 000176", decline) // CONNACK, PUBLISH and DISCONNECT may
	s.server.Send("30 0B 0001 74 07 26 00016B 000176")
	s.expectEvent("message t=")
	s.server.Send("E0 06 8B 04 1F0001 70")
	s.expectEvent("close: ")
	s.expectEvent("disconnect: ")
}

// TestReceiveMaximumOfTheClientIsEnforced shows FC-10: server exceeds our Receive Maximum; FC-11:
// QoS 2 holds its place until PUBCOMP.
func TestReceiveMaximumOfTheClientIsEnforced(t *testing.T) {
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

// TestMessagesKeepTheirPayload holds on to messages, which share memory, and
// looks at borrowed ones, whose memory is used again, while the next ones come.
func TestMessagesKeepTheirPayload(t *testing.T) {
	const n = 5000
	payload := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%700) }
	for _, borrowed := range []bool{false, true} {
		t.Run(fmt.Sprint("borrowed ", borrowed), func(t *testing.T) {
			s := dialScripted(t, nil)
			var kept []*mqtt.Received
			count := 0
			all := make(chan struct{})
			must(t, s.subscribe(0, mqtt.Subscription{Filter: "t", ReuseMessage: borrowed, Handler: func(_ context.Context, m *mqtt.Received) {
				if !bytes.Equal(m.Payload, payload(count)) || m.Topic != "t" {
					t.Errorf("message %d: %d bytes", count, len(m.Payload))
				}
				if !borrowed {
					kept = append(kept, m)
				}
				if count++; count == n {
					close(all)
				}
			}}))
			var flood []byte
			for i := range n {
				flood = append(flood, publishBytes(false, 0x30, "t", 0, string(payload(i)))...)
			}
			s.server.SendBytes(flood)
			<-all
			for i, m := range kept {
				if !bytes.Equal(m.Payload, payload(i)) {
					t.Fatalf("message %d has changed", i)
				}
				m.Payload = append(m.Payload, "its neighbour's?"...)
			}
			for i, m := range kept {
				if !bytes.HasPrefix(m.Payload, payload(i)) || !bytes.HasSuffix(m.Payload, []byte("?")) {
					t.Fatalf("message %d was written over", i)
				}
			}
		})
	}
}
