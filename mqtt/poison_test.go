package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// poisons are packets with a fault, the topic or packet type that is told, and the code that
// MQTT 5 answers a message with. ID stands for the packet identifier, as does 00 for none.
var poisons = []struct {
	name, old, five string
	told            string
	code            byte
}{
	{"wildcard", "0005 702F612B62 ID 78", "0005 702F612B62 ID 00 78", `a message to "p/a+b"`, 0x90},
	{"U+0000", "0002 7400 ID 78", "0002 7400 ID 00 78", `a message to "t\x00"`, 0x90},
	{"UTF-8", "0002 74FF ID 78", "0002 74FF ID 00 78", `a message to "t\xff"`, 0x90},
	{"no topic", "0000 ID 78", "0000 ID 00 78", `a message to ""`, 0x90},
	{"unknown alias", "", "0000 ID 03 230001 78", `a message to ""`, 0x80},
	{"alias 0", "", "0001 74 ID 03 230000 78", `a message to "t"`, 0x80},
	{"alias above the maximum", "", "0000 ID 03 230021 78", `a message to ""`, 0x80},
	{"unknown property", "", "0001 74 ID 02 7F01 78", `a message to "t"`, 0x80},
	{"property twice", "", "0001 74 ID 04 0101 0101 78", `a message to "t"`, 0x80},
	{"property of others", "", "0001 74 ID 03 130001 78", `a message to "t"`, 0x80},
	{"properties longer than the packet", "", "0001 74 ID 7F 70", `a message to "t"`, 0x80},
	{"property length", "", "0001 74 ID FFFFFFFF 70", `a message to "t"`, 0x80},
	{"response topic with wildcard", "", "0001 74 ID 04 080001 23 78", `a message to "t"`, 0x80},
	{"size", "0001 74 ID " + strings.Repeat("61", 300), "0001 74 ID 00 " + strings.Repeat("61", 300), `a message to "t"`, 0x97},
}

// poison returns a PUBLISH with that body and identifier.
func poison(t *testing.T, qos byte, dup bool, body string, id uint16) []byte {
	t.Helper()
	number := ""
	if qos > 0 {
		number = fmt.Sprintf("%04X", id)
	}
	b, err := mqtttest.ParseHex(strings.ReplaceAll(body, "ID", number))
	must(t, err)
	first := 0x30 | qos<<1
	if dup {
		first |= 8
	}
	head := []byte{first, byte(len(b))}
	if len(b) > 127 {
		head = []byte{first, byte(len(b)) | 0x80, byte(len(b) >> 7)}
	}
	return append(head, b...)
}

// expectEnd checks that the client ends the connection over a fault, and accepts the next one.
func (s *lasting) expectEnd() {
	s.t.Helper()
	if s.five {
		if p := s.server.Packet(); p[0] != 0xE0 {
			s.t.Fatalf("the client said % X, want DISCONNECT", p)
		}
	}
	s.server.ExpectClosed()
	s.lose("present")
}

// ackOf returns an acknowledgement, with its code in MQTT 5.
func (s *lasting) ackOf(first byte, id uint16, code byte) string {
	if s.five && code != 0 {
		return fmt.Sprintf("%02X 03 %04X %02X", first, id, code)
	}
	return fmt.Sprintf("%02X 02 %04X", first, id)
}

// small has packets limited to 200 bytes.
func small(cfg *mqtt.Config) { cfg.Transport.MaxPacket = 200 }

func withStore(cfg *mqtt.Config) { cfg.Store = store.NewMemory() }

// TestPoison: what breaks the protocol ends one connection. When the server sends it again it is
// acknowledged, given to no handler and told once, what is behind it arrives, and another message
// of the kind ends none.
func TestPoison(t *testing.T) {
	for _, test := range poisons {
		for qos := range byte(3) {
			for i, kept := range []func(*mqtt.Config){small, both(small, withStore)} {
				t.Run(fmt.Sprintf("%s/QoS %d/store %d", test.name, qos, i), func(t *testing.T) {
					eachLasting(t, kept, func(s *lasting) {
						body := test.old
						if s.five {
							body = test.five
						}
						if body == "" {
							return
						}
						send := func(dup bool, id uint16) { s.server.SendBytes(poison(t, qos, dup, body, id)) }
						send(false, 1)
						s.expectEnd()
						send(qos > 0, 1)
						s.expectDiscarded(qos, 1, test.code)
						s.releaseDiscarded(qos, 1)
						s.sendPublish(s.five, 0x32, 2, "good")
						s.server.Expect("40 02 0002")
						s.expectEvent("error: " + test.told)
						s.expectEvent("message t=good q1 id2")
						send(false, 3)
						s.expectDiscarded(qos, 3, test.code)
						s.releaseDiscarded(qos, 3)
						s.expectEvent("error: " + test.told)
						s.expectNoEvent()
						if n := s.Stats().Poison; n != 2 {
							t.Errorf("%d are counted, want 2", n)
						}
						s.expectAlive(s.five)
					})
				})
			}
		}
	}
}

// expectDiscarded expects the answer to a message that was thrown away.
func (s *lasting) expectDiscarded(qos byte, id uint16, code byte) {
	s.t.Helper()
	if qos > 0 {
		s.server.Expect(s.ackOf(0x30+qos<<4, id, code))
	}
}

// releaseDiscarded ends its flow, where a code has not [MQTT-4.3.3-9].
func (s *lasting) releaseDiscarded(qos byte, id uint16) {
	s.t.Helper()
	if qos == 2 && !s.five {
		s.server.Send(s.ackOf(0x62, id, 0))
		s.server.Expect(s.ackOf(0x70, id, 0))
	}
}

// poisonOf returns the poison of that name.
func (s *lasting) poisonOf(name string, qos byte, dup bool, id uint16) []byte {
	s.t.Helper()
	for _, p := range poisons {
		if p.name == name {
			body := p.old
			if s.five {
				body = p.five
			}
			return poison(s.t, qos, dup, body, id)
		}
	}
	s.t.Fatalf("no poison %q", name)
	return nil
}

func manual(cfg *mqtt.Config) { cfg.ManualAck = true }

// TestPoisonAmongGoodMessages: good messages stand in front of it on each connection, and are
// acknowledged, or not yet: then its answer waits for theirs, in the order of arrival
// [MQTT-4.6.0-2].
func TestPoisonAmongGoodMessages(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		for range 2 {
			s.sendPublish(s.five, 0x32, 1, "before")
			s.server.Expect("40 02 0001")
			s.expectEvent("message t=before q1 id1")
			s.server.SendBytes(s.poisonOf("wildcard", 1, false, 2))
			if len(s.net.all()) == 1 {
				s.expectEnd()
			}
		}
		s.server.Expect(s.ackOf(0x40, 2, 0x90))
		s.expectEvent("error: ")
		s.expectAlive(s.five)
	})
	eachLasting(t, manual, func(s *lasting) {
		var last *mqtt.Received
		taken := make(chan *mqtt.Received, 10)
		must(t, s.subscribeHere(mqtt.Subscription{Filter: "#", QoS: 1, ManualAck: true, Handler: func(_ context.Context, m *mqtt.Received) { taken <- m }}))
		for i := range 2 {
			s.sendPublish(s.five, 0x32, 1, "before")
			last = <-taken
			s.server.SendBytes(s.poisonOf("wildcard", 1, false, 2))
			if i == 0 {
				s.expectEnd()
			}
		}
		s.sendPublish(s.five, 0x32, 3, "behind")
		<-taken
		s.expectEvent("error: ")
		s.server.ExpectNothing(time.Second)
		must(t, last.Ack())
		s.server.Expect("40 02 0001" + s.ackOf(0x40, 2, 0x90))
	})
}

// TestPoisonIsToldOnceAMessage: not again when it comes again because its answer was lost, or
// because it is retained.
func TestPoisonIsToldOnceAMessage(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		must(t, s.subscribeHere(mqtt.Subscription{Filter: "p/#"}))
		retained := s.poisonOf("wildcard", 0, false, 0)
		retained[0] |= 1
		s.server.SendBytes(retained)
		s.expectEnd()
		for i := range 3 {
			s.server.SendBytes(s.poisonOf("wildcard", 1, i > 0, 1))
			s.server.Expect(s.ackOf(0x40, 1, 0x90))
			s.server.SendBytes(retained)
			if i == 0 { // two messages
				s.expectEvent("error: ")
				s.expectEvent("error: ")
			}
			s.expectNoEvent()
			s.lose("absent")
			s.server.Packet() // the subscription is renewed
		}
		s.server.SendBytes(s.poisonOf("wildcard", 1, false, 1)) // another one
		s.expectEvent("error: ")
	})
}

// TestPoisonAcrossALoss has the connection lost while the answer to poison of QoS 2 waits for that of a
// message in front, and PUBREL come on a connection of its own.
func TestPoisonAcrossALoss(t *testing.T) {
	for _, kept := range []func(*mqtt.Config){nil, withStore} {
		eachLasting(t, kept, func(s *lasting) {
			taken := make(chan *mqtt.Received, 10)
			must(t, s.subscribeHere(mqtt.Subscription{Filter: "#", QoS: 1, ManualAck: true, Handler: func(_ context.Context, m *mqtt.Received) { taken <- m }}))
			s.server.SendBytes(s.poisonOf("wildcard", 2, false, 2))
			s.expectEnd()
			s.sendPublish(s.five, 0x32, 1, "in front")
			<-taken
			s.server.SendBytes(s.poisonOf("wildcard", 2, true, 2))
			s.expectEvent("error: ")
			s.server.ExpectNothing(time.Second)
			s.lose("present")
			s.server.SendBytes(s.poisonOf("wildcard", 2, true, 2))
			s.server.Expect(s.ackOf(0x50, 2, 0x90))
			if !s.five { // where the code has not ended the flow
				s.lose("present")
				s.releaseDiscarded(2, 2)
			}
			s.expectNoEvent()
			if !s.IsConnected() {
				t.Error("not connected")
			}
		})
	}
}

// TestPoisonError: what is wrong, with what and what to do is one line.
func TestPoisonError(t *testing.T) {
	var told error
	eachLasting(t, func(cfg *mqtt.Config) { cfg.OnError = func(err error) { told = err } }, func(s *lasting) {
		for i := range 2 {
			s.server.SendBytes(s.poisonOf("wildcard", 1, false, 7))
			if i == 0 {
				s.expectEnd()
			}
		}
		s.server.Expect(s.ackOf(0x40, 7, 0x90))
		synctest.Wait()
		var err *mqtt.PoisonError
		if !errors.As(told, &err) || err.Packet != "PUBLISH" || err.Topic != "p/a+b" || err.QoS != 1 || err.PacketID != 7 || err.Retain || err.Err.Code != 0x81 {
			t.Fatalf("%#v", told)
		}
		size := 12
		if s.five {
			size++
		}
		want := fmt.Sprintf(`a message to "p/a+b" (%d bytes, QoS 1, packet 7) was thrown away, so that it does not end each connection: `+
			`PUBLISH: topic name holds a wildcard (0x81 Malformed Packet); look for who publishes it`, size)
		if err.Error() != want || err.Size != size {
			t.Errorf("%v\nwant %s", err, want)
		}
	})
}

// TestPoisonEnds: each fault ends the connection.
func TestPoisonEnds(t *testing.T) {
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Poison = mqtt.PoisonEnds }, func(s *lasting) {
		for range 5 {
			s.server.SendBytes(s.poisonOf("wildcard", 1, false, 1))
			s.expectEnd()
		}
		s.expectNoEvent()
	})
}

// TestPoisonDropped: a fault ends no connection, also of a client that does not make another one.
func TestPoisonDropped(t *testing.T) {
	dropped := func(cfg *mqtt.Config) { cfg.Poison = mqtt.PoisonDropped }
	eachVersion(t, dropped, func(s *scripted, five bool) {
		s.server.SendBytes(publishBytes(five, 0x32, "p/a+b", 1, "x"))
		if five {
			s.server.Expect("40 03 0001 90")
		} else {
			s.server.Expect("40 02 0001")
		}
		s.expectEvent(`error: a message to "p/a+b"`)
		s.expectAlive(five)
		s.server.Send("30 01 00") // this is no message
		if five {
			s.server.Expect("E0 01 81")
		}
		s.server.ExpectClosed()
		s.server.Close()
		s.expectEvent("disconnect: ")
		s.finish()
	})
	eachLasting(t, dropped, func(s *lasting) {
		s.server.SendBytes(s.poisonOf("wildcard", 1, false, 1))
		s.server.Expect(s.ackOf(0x40, 1, 0x90))
		s.expectEvent("error: ")
		s.expectAlive(s.five)
	})
}

// TestFaultsThatEndEachConnection: where it is not known what a packet is, or what would answer it,
// the connection ends, and the pauses before the next one grow though the server accepts each.
func TestFaultsThatEndEachConnection(t *testing.T) {
	for _, packet := range []string{
		"00 00", "30 FFFFFFFF FF", "F1 00", "30 01 00", "30 06 FFFF 74657374", "32 03 0001 74", "32 04 0001 74 00",
		"40 01 00", "40 02 0000", "62 02 0000", "90 03 000000", "B0 01 00", "20 02 0000", "10 00", "82 00",
	} {
		t.Run(packet, func(t *testing.T) {
			told := make(chan mqtt.Retry, 100)
			eachLasting(t, retries(told), func(s *lasting) {
				var longest time.Duration
				for range 40 {
					s.server.Send(packet)
					s.expectEnd()
					longest = max(longest, (<-told).Delay)
				}
				if longest < time.Minute {
					t.Errorf("after 40 connections the longest pause was %v", longest)
				}
				s.expectNoEvent()
			})
		})
	}
}

// TestPoisonThatCannotBeAcknowledged: both QoS bits set, or identifier 0. It is thrown away.
func TestPoisonThatCannotBeAcknowledged(t *testing.T) {
	for _, packet := range []string{"36 06 0001 74 0001 00", "32 06 0001 74 0000 00", "34 06 0001 74 0000 00", "36 02 0000"} {
		eachLasting(t, nil, func(s *lasting) {
			s.server.Send(packet)
			s.expectEnd()
			if packet == "36 02 0000" { // has no room for an identifier
				s.server.Send(packet)
				s.expectEnd()
				return
			}
			s.server.Send(packet)
			s.expectEvent(`error: a message to "t"`)
			s.expectAlive(s.five)
		})
	}
}
