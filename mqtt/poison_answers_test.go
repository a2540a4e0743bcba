package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestFaultyAnswers: what answers a request or a message, and comes again on each connection, is
// taken for what can be read of it.
func TestFaultyAnswers(t *testing.T) {
	for _, test := range []struct {
		name, answer string // AA is the packet identifier
		qos          mqtt.QoS
		five, done   bool
	}{
		{"flags of PUBACK", "41 02 00AA", 1, false, true},
		{"long PUBACK", "40 03 00AA 00", 1, false, true},
		{"property of PUBACK", "40 06 00AA 00 02 7F01", 1, true, true},
		{"code of PUBACK", "40 03 00AA 01", 1, true, true},
		{"flags of PUBREC", "52 02 00AA", 2, false, false},
		{"property of PUBREC", "50 06 00AA 00 02 7F01", 2, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachLasting(t, nil, func(s *lasting) {
				if s.five != test.five {
					return
				}
				d := s.publishes(test.qos, "x")[0]
				id := s.server.Packet()[6]
				answer := func() { s.server.Send(strings.ReplaceAll(test.answer, "AA", fmt.Sprintf("%02X", id))) }
				answer()
				s.expectEnd()
				s.server.Packet() // sent again
				answer()
				s.expectEvent("error: a faulty PUB")
				if test.done {
					s.expectDone(d)
					return
				}
				s.server.Expect(s.ackOf(0x62, uint16(id), 0))
				s.server.Send(s.ackOf(0x70, uint16(id), 0))
				s.expectDone(d)
				s.expectAlive(s.five)
			})
		})
	}
}

// TestFaultyReleases: PUBREL comes again on each connection until it is answered.
func TestFaultyReleases(t *testing.T) {
	for _, release := range []string{"60 02 0001", "62 03 0001 00", "62 06 0001 00 02 7F01"} {
		eachLasting(t, nil, func(s *lasting) {
			if five := len(release) > 13; strings.HasPrefix(release, "62") && five != s.five {
				return
			}
			s.sendPublish(s.five, 0x34, 1, "x")
			s.server.Expect("50 02 0001")
			s.expectEvent("message ")
			s.server.Send(release)
			s.expectEnd()
			s.server.Send(release)
			s.server.Expect("70 02 0001")
			s.expectEvent("error: a faulty PUBREL")
			s.expectAlive(s.five)
		})
	}
}

// TestFaultySubAcks: a SUBSCRIBE that is answered so each time ends in doubt, and one that renews
// leaves the subscription wanted.
func TestFaultySubAcks(t *testing.T) {
	for _, test := range []struct {
		answer string
		five   bool
	}{{"90 03 00AA 07", false}, {"90 02 00AA", false}, {"91 03 00AA 00", false}, {"90 06 00AA 02 7F01 00", true}} {
		t.Run(test.answer, func(t *testing.T) {
			eachLasting(t, nil, func(s *lasting) {
				if s.five != test.five {
					return
				}
				answer := func() {
					s.server.Send(strings.ReplaceAll(test.answer, "AA", fmt.Sprintf("%02X", s.server.Packet()[3])))
				}
				done := async(func() error {
					_, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})
					return err
				})
				answer()
				s.expectEnd()
				answer()
				if strings.HasPrefix(test.answer, "90") { // else the packet is good but for its header
					checkError(t, <-done, mqtt.ErrInDoubt)
				} else {
					must(t, <-done)
				}
				s.expectEvent("error: a faulty SUBACK")
				s.expectAlive(s.five)
			})
		})
	}
}

// TestFaultyPingResp: pings go on.
func TestFaultyPingResp(t *testing.T) {
	eachLasting(t, func(cfg *mqtt.Config) { cfg.KeepAlive = time.Minute }, func(s *lasting) {
		for i := range 3 {
			s.server.Expect("C0 00")
			s.server.Send("D0 01 00")
			if i == 0 {
				s.expectEnd()
			}
		}
		s.expectEvent("error: a faulty PINGRESP")
		s.expectNoEvent()
	})
}

// TestSubAcksWithTooManyCodes: each such request ends in doubt, and one connection.
func TestSubAcksWithTooManyCodes(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		for i := range 3 {
			done := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})) })
			p := s.server.Packet()
			answer := []byte{0x90, 4, p[2], p[3], 0, 0}
			if s.five {
				answer = []byte{0x90, 5, p[2], p[3], 0, 0, 0}
			}
			s.server.SendBytes(answer)
			if i == 0 {
				s.expectEnd()
			}
			checkError(t, <-done, mqtt.ErrInDoubt)
		}
		s.expectEvent("error: a faulty SUBACK")
		s.expectNoEvent()
		s.expectAlive(s.five)
	})
}
