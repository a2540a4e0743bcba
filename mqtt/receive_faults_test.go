package mqtt_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestProtocolFaultsOfTheServer shows MF-01: remaining length of five bytes; MF-02: fifth byte is
// not waited for; MF-04: announced length costs no memory; MF-07: packet type 0; MF-08: packet type
// 15 before MQTT 5; MF-09: packets that only clients send [MQTT-4.8.0-1]; MF-11: QoS 3
// [MQTT-3.3.1-4]; MF-24: bytes too many in a packet; CA-17: second CONNACK; DC-13: DISCONNECT of a
// 3.1.1 server; KA-15: bad PINGRESP; RX-14: message with identifier 0 [MQTT-2.3.1-1]; RX-24: bad
// PUBREL [MQTT-3.6.1-1]; RX-37: message with an empty topic [MQTT-4.7.3-1]; RX-38: message with a
// wildcard in its topic [MQTT-3.3.2-2]; P1-09: PUBACK for identifier 0; P1-15: malformed PUBACK;
// P1-16: flags of PUBACK [MQTT-2.2.2-2]; SU-13: no codes in SUBACK; SU-15: malformed SUBACK; TA-06:
// alias above our maximum; WL-03: failures let the will be published [MQTT-4.8.0-2]. It keeps out
// T-A33: a second CONNACK is processed; T-A34: a broken protocol leaves the connection open; T-A39:
// a DISCONNECT after a broken protocol suppresses the will.
func TestProtocolFaultsOfTheServer(t *testing.T) {
	for _, test := range []struct {
		send string
		v5   string // the DISCONNECT of an MQTT 5 client, when the packet is of that version
	}{
		{"20 02 0000", ""},
		{"20 03 000000", "E0 01 82"},
		{"00 00", ""},
		{"00 00", "E0 01 81"},
		{"10 00", ""},
		{"82 00", ""},
		{"A2 00", ""},
		{"C0 00", ""},
		{"F0 00", ""},
		{"C0 00", "E0 01 82"},
		{"E1 00", ""}, // a 3.1.1 server sends no DISCONNECT; for a well-formed one see TestDisconnectBeforeMQTT5
		{"E0 01 00", ""},
		{"F0 00", "E0 01 82"},
		{"36 06 000174000170", ""},
		{"32 05 0001740000", ""},
		{"32 06 000174000000", "E0 01 82"},
		{"30 02 0000", ""},
		{"30 03 000000", "E0 01 82"},
		{"30 03 00012B", ""},
		{"30 04 00012300", "E0 01 81"},
		{"30 03 0001FF", ""},
		{"30 01 00", ""},
		{"30 07 000174 03 230021", "E0 01 94"}, // above the alias maximum that CONNECT told
		{"40 02 0000", ""},
		{"40 00", ""},
		{"41 02 0001", ""},
		{"40 03 000100", ""},
		{"40 04 00010100", "E0 01 82"},
		{"60 02 346F", ""},
		{"62 00", ""},
		{"90 02 0001", ""},
		{"90 03 000000", ""},
		{"91 03 000100", ""},
		{"D0 01 00", ""},
		{"D1 00", ""},
		{"30 80808080 01", ""},
		{"30 FFFFFFFF", "E0 01 81"},
		{"30 8080C005", ""},
		{"30 8080C005", "E0 01 95"}, // 11 MiB, above the limit set here
	} {
		t.Run(test.send+"/"+test.v5, func(t *testing.T) {
			s := dialScripted(t, func(cfg *mqtt.Config) {
				cfg.Transport.MaxPacket = 10 << 20
				if test.v5 != "" {
					cfg.Version = mqtt.V5
				}
			})
			s.server.Send(test.send)
			if test.v5 != "" {
				got := s.server.Packet()
				want, _ := mqtttest.ParseHex(test.v5)
				if other := []byte{0xE0, 1, 0x81}; !slices.Equal(got, want) && !(want[2] == 0x82 && slices.Equal(got, other)) {
					t.Errorf("the client said % X, want % X", got, want)
				}
			}
			s.server.ExpectClosed() // before MQTT 5 without DISCONNECT; WL-03: so the will is published
			s.server.Close()
			s.expectEvent("disconnect: the server broke the protocol: ")
			s.finish()
			var broken *mqtt.PacketError
			if err := s.Publish(s.ctx, mqtt.Message{Topic: "t"}); !errors.As(err, &broken) || !errors.Is(err, mqtt.ErrClosed) {
				t.Errorf("publish afterwards: %v", err)
			}
		})
	}
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
	s.server.ExpectClosed() // before MQTT 5 without DISCONNECT, so that the will is published
	s.server.Close()
	s.expectEvent("disconnect: ")
	var broken *mqtt.PacketError
	if !errors.As(s.Err(), &broken) {
		s.t.Errorf("the end is told as %v", s.Err())
	}
	s.finish()
}

// TestFaultyPublishesAreRefused shows MF-12: PUBLISH cut at every byte [MQTT-3.3.2-1]; MF-13:
// string longer than its packet; MF-14: U+0000 in a string [MQTT-1.5.3-2]; MF-15: surrogates in a
// string [MQTT-1.5.3-1]; MF-19: property twice; MF-20: property that is not allowed; MF-21:
// property without value; MF-22: property list longer than its packet; RX-14: message with
// identifier 0 [MQTT-2.3.1-1]; RX-34: response topic that is none [MQTT-3.3.2-14]; RX-37: message
// with an empty topic [MQTT-4.7.3-1]; RX-38: message with a wildcard in its topic [MQTT-3.3.2-2];
// WL-03: failures let the will be published [MQTT-4.8.0-2]. It keeps out T-A23: a short string is
// filled up with zeros; T-A29: faults found in a packet are dropped; T-A34: a broken protocol
// leaves the connection open; T-A39: a DISCONNECT after a broken protocol suppresses the will.
func TestFaultyPublishesAreRefused(t *testing.T) {
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

// TestMaximumPacketSizeOfTheClient: it is 64 bytes here. It shows MF-05: packet above our Maximum
// Packet Size; MF-06: packet above our limit before MQTT 5. It keeps out T-A21: packet limits are
// told and not enforced.
func TestMaximumPacketSizeOfTheClient(t *testing.T) {
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

// TestManyAnswersToNothing: only answers that ask for one are answered. It shows MF-27: storm of
// acknowledgements.
func TestManyAnswersToNothing(t *testing.T) {
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

// TestManyMessagesFromAServerThatDoesNotRead: the client stops reading in time, and nothing is
// lost. It shows MF-27: storm of acknowledgements; KA-13: server that does not read.
func TestManyMessagesFromAServerThatDoesNotRead(t *testing.T) {
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

// TestAnnouncedLengthCostsNothing shows MF-04: announced length costs no memory. It keeps out
// T-A22: memory is given to what is only announced; peer 4.19: five bytes cost 256 MiB.
func TestAnnouncedLengthCostsNothing(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Transport.MaxPacket = 300 << 20 })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.server.Send("30 FFFFFF7F")
	s.server.ExpectNothing(20 * time.Millisecond)
	s.server.Close()
	s.expectEvent("disconnect: the server closed the connection in the middle of a packet")
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes were allocated", n)
	}
	s.finish()
}
