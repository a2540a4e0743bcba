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

func TestProtocolFaultsOfTheServer(t *testing.T) { // fault 34, MF-01, MF-02, MF-04, MF-07..MF-09, MF-11, MF-24, CA-17, DC-13, KA-15, RX-14, RX-24, RX-37, RX-38, P1-09, P1-15, P1-16, SU-13, SU-15, TA-06, WL-03, T-A33, T-A34, T-A39
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
		{"E0 00", ""}, // a 3.1.1 server sends no DISCONNECT
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
			s.server.ExpectClosed() // before MQTT 5 without a word [WL-03]
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
	s.server.ExpectClosed() // before MQTT 5 without a word, so that the will is published
	s.server.Close()
	s.expectEvent("disconnect: ")
	var broken *mqtt.PacketError
	if !errors.As(s.Err(), &broken) {
		s.t.Errorf("the end is told as %v", s.Err())
	}
	s.finish()
}

func TestFaultyPublishesAreRefused(t *testing.T) { // MF-12..MF-15, MF-19..MF-22, RX-14, RX-34, RX-37, RX-38, WL-03, T-A23, T-A29, T-A34, T-A39
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

func TestMaximumPacketSizeOfTheClient(t *testing.T) { // MF-05, MF-06, T-A21: of 64 bytes
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

func TestManyAnswersToNothing(t *testing.T) { // MF-27: to nothing; what is answered is answered
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

func TestManyMessagesFromAServerThatDoesNotRead(t *testing.T) { // MF-27, KA-13: it is not taken for ever, and nothing is lost
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

func TestAnnouncedLengthCostsNothing(t *testing.T) { // MF-04, fault 29, T-A22, peer 4.19
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
