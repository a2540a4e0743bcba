package mqtt_test

import (
	"fmt"
	"strings"
	"testing"

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
	{"alias above the maximum", "", "0001 74 ID 03 230021 78", `a message to "t"`, 0x80},
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
