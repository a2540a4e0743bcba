package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

func TestIdentifiersOfBothDirections(t *testing.T) { // RX-12
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

// RX-07, RX-17..RX-21, T-A4, T-A5, peer 0.2, peer 4.8: [MQTT-4.3.3-10] of 5
func TestRepeatedMessages(t *testing.T) {
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

func TestPubRelForALostMessage(t *testing.T) { // RX-23, RX-16, T-A6
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

func TestMessageForNobody(t *testing.T) { // RX-04, peer 4.9: [MQTT-4.5.0-2]
	eachVersion(t, func(cfg *mqtt.Config) { cfg.OnMessage = nil }, func(s *scripted, five bool) {
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

func TestExpiryOfReceivedMessages(t *testing.T) { // RX-35: [MQTT-4.3.3-13] of 5: an exchange goes on
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

func TestOwnPacketLimit(t *testing.T) { // MF-05, MF-06, T-A21: of 64 bytes
	eachVersion(t, func(cfg *mqtt.Config) { cfg.Transport.MaxPacket = 64 }, func(s *scripted, five bool) {
		overhead := len(publishBytes(five, 0x30, "t", 0, ""))
		s.sendPublish(five, 0x30, 0, strings.Repeat("x", 64-overhead))
		s.expectEvent("message t=xxx")
		s.sendPublish(five, 0x30, 0, strings.Repeat("x", 65-overhead))
		if five {
			s.server.Expect("E0 01 95")
		}
		s.server.ExpectClosed()
		s.server.Close()
		s.expectEvent("disconnect: ")
		s.finish()
	})
}

func TestTextStaysAsItIs(t *testing.T) { // MF-17, MF-18, D-8
	eachVersion(t, nil, func(s *scripted, five bool) {
		for _, topic := range []string{"\uFEFFab", "\U0002A6D4", "a\x01", "a\uFFFF", "$x", "/"} {
			s.server.SendBytes(publishBytes(five, 0x30, topic, 0, ""))
			s.expectEvent("message " + topic + "= q0")
		}
	})
}

func TestStormOfAnswers(t *testing.T) { // MF-27: to nothing; what is answered is answered
	const n = 100_000
	eachVersion(t, nil, func(s *scripted, five bool) {
		s.server.SendBytes(bytes.Repeat([]byte("\x40\x02\x12\x34"), n))
		s.expectAlive(five)
		go func() { _, _ = s.server.Write(bytes.Repeat([]byte("\x62\x02\x12\x34"), n)) }()
		answer := "\x70\x02\x12\x34"
		if five {
			answer = "\x70\x03\x12\x34\x92"
		}
		s.server.Expect(strings.Repeat(hexOf([]byte(answer)), n))
		s.expectAlive(five)
		s.closeWell()
	})
}

func TestStormOfAServerThatDoesNotRead(t *testing.T) { // MF-27, KA-13: it is not taken for ever, and nothing is lost
	const n, chunk = 100_000, 100
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 1000 }, "")
		var taken atomic.Int32
		go func() {
			for range n / chunk {
				if _, err := s.server.Write(bytes.Repeat([]byte("\x62\x02\x12\x34"), chunk)); err != nil {
					return
				}
				taken.Add(chunk)
			}
		}()
		synctest.Wait()
		if got := taken.Load(); got > 20_000 {
			t.Errorf("%d were taken before any answer was", got)
		}
		s.server.Expect(strings.Repeat("70 02 1234", n))
		s.expectAlive(false)
	})
	synctest.Test(t, func(t *testing.T) { // and one that never reads is left
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 1000 }, "")
		go func() { _, _ = s.server.Write(bytes.Repeat([]byte("\x62\x02\x12\x34"), n)) }()
		since := elapsed()
		<-s.Done()
		if since() > 3*time.Minute {
			t.Errorf("it took %v", since())
		}
	})
}

// expectRefusal checks that the client ends the connection over a fault of the
// server, with one of the codes in MQTT 5.
func (s *scripted) expectRefusal(five bool, codes ...byte) {
	s.t.Helper()
	if five {
		p := s.server.Packet()
		if p[0] != 0xE0 || len(p) != 3 || !bytes.Contains(codes, p[2:]) {
			s.t.Errorf("the client said % X, want a DISCONNECT with one of % X", p, codes)
		}
	}
	s.server.ExpectClosed() // before MQTT 5 without a word, so that the will is published
	s.server.Close()
	s.expectEvent("disconnect: ")
	var broken *mqtt.PacketError
	if !errors.As(s.Err(), &broken) {
		s.t.Errorf("the end is told as %v", s.Err())
	}
	s.finish()
}

func TestFaultsOfPublish(t *testing.T) { // MF-12..MF-15, MF-19..MF-22, RX-14, RX-34, RX-37, RX-38, WL-03, T-A23, T-A29, T-A34, T-A39
	for _, test := range []struct {
		name, old, five string
		codes           []byte
	}{
		{"identifier 0", "32 05 0001 74 0000", "32 06 0001 74 0000 00", []byte{0x82}},
		{"no topic", "30 02 0000", "30 03 0000 00", []byte{0x82}},
		{"wildcard", "30 03 0001 2B", "30 04 0001 2B 00", []byte{0x81, 0x82, 0x90}},
		{"NUL", "30 04 0002 7400", "30 05 0002 7400 00", []byte{0x81}},
		{"surrogate", "30 05 0003 EDA080", "30 06 0003 EDA080 00", []byte{0x81}},
		{"string too long", "30 07 FFFF 746F706963", "30 07 FFFF 746F706963", []byte{0x81}},
		{"no identifier", "32 04 0001 74 00", "32 04 0001 74 00", []byte{0x81}},
		{"property twice", "", "30 08 0001 74 04 0101 0101", []byte{0x82}},
		{"property of others", "", "30 07 0001 74 03 130001", []byte{0x81}},
		{"property without value", "", "30 05 0001 74 01 01", []byte{0x81}},
		{"list too long", "", "30 05 0001 74 7F 70", []byte{0x81}},
		{"response topic with wildcard", "", "30 08 0001 74 04 080001 23", []byte{0x81, 0x82, 0x90}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i, packet := range []string{test.old, test.five} {
				if packet == "" {
					continue
				}
				change := func(cfg *mqtt.Config) { cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: "w"}} }
				if i == 1 {
					change = both(change, v5)
				}
				s := dialScripted(t, change)
				s.server.Send(packet)
				s.expectRefusal(i == 1, test.codes...)
			}
		})
	}
}

func TestDeclinedReasonStrings(t *testing.T) { // P1-18: where Request Problem Information was 0
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
