package mqtt_test

import (
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestServerKilledAtEachStepOutbound is fault 1: what was said before the
// connection broke, and what has to follow, and only that.
func TestServerKilledAtEachStepOutbound(t *testing.T) { // SR-01..SR-04, SR-25, SR-28, P2-15, RT-05, T-A3, fault 1
	for name, test := range map[string]struct {
		qos    mqtt.QoS
		script string
	}{
		"SR-01 PUBLISH of QoS 1": {1, `
			> pub 33 1 a
			lose present
			> pub 3B 1 a
			< 40 02 0001`},
		"PUBACK in the last segment": {1, `
			> pub 33 1 a
			< 40 02 0001
			lose present`},
		"SR-02 PUBLISH of QoS 2": {2, `
			> pub 35 1 a
			lose present
			> pub 3D 1 a
			< 50 02 0001
			> 62 02 0001
			< 70 02 0001`},
		"SR-03 P2-15 PUBREL": {2, `
			> pub 35 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			quiet
			< 70 02 0001`},
		"SR-25 PUBCOMP, and the server has forgotten": {2, `
			> pub 35 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			lose present
			> 62 02 0001
			< 70 02 0001`},
		"PUBREC twice": {2, `
			> pub 35 1 a
			lose present
			> pub 3D 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			< 50 02 0001
			> 62 02 0001
			< 70 02 0001`},
		"PUBCOMP in the last segment": {2, `
			> pub 35 1 a
			< 50 02 0001
			> 62 02 0001
			< 70 02 0001
			lose present`},
	} {
		t.Run(name, func(t *testing.T) {
			eachLasting(t, nil, func(s *lasting) {
				completed := 0
				d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: test.qos, Retain: true}, func(error) { completed++ })
				must(s.t, err)
				s.play(test.script)
				s.expectDone(d)
				s.play("quiet")
				if completed != 1 {
					s.t.Errorf("completed %d times", completed)
				}
			})
		})
	}
}

func TestPubRecInTheLastSegment(t *testing.T) { // SR-04: in one segment
	eachLasting(t, nil, func(s *lasting) {
		d := s.publishes(2, "a")[0]
		s.play("> pub 34 1 a")
		s.server.Send("50 02 0001")
		s.server.Close()
		s.acceptNext("present")
		s.play(`> 62 02 0001
			< 70 02 0001`)
		s.expectDone(d)
	})
}

func TestPubCompNotFoundIsSuccess(t *testing.T) { // SR-25: 0x92 in PUBCOMP
	lastingV5(t, "", nil, func(s *lasting) {
		d := s.publishes(2, "a")[0]
		s.play(`> pub 34 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			< 70 03 0001 92
			quiet`)
		s.expectDone(d)
	})
}

func TestOrderOfResending(t *testing.T) { // SR-05, T-A2, peer 4.7
	eachLasting(t, nil, func(s *lasting) {
		for i, payload := range []string{"a", "b", "c", "d"} {
			s.publishes(mqtt.QoS(1+i%2), payload)
		}
		s.play(`> pub 32 1 a
			> pub 34 2 b
			> pub 32 3 c
			> pub 34 4 d
			< 50 02 0004
			> 62 02 0004
			< 50 02 0002
			> 62 02 0002`)
		s.drop()
		s.publishes(1, "e")
		s.acceptNext("present")
		s.play(`> pub 3A 1 a
			> pub 3A 3 c
			> 62 02 0004
			> 62 02 0002
			> pub 32 5 e
			quiet`)
	})
}

func TestOrderAcrossTheWrap(t *testing.T) { // SR-06, T-A2
	eachLasting(t, nil, func(s *lasting) {
		s.nearTheWrap()
		s.publishes(1, "a", "b", "c", "d")
		s.play(`> pub 32 65534 a
			> pub 32 65535 b
			> pub 32 1 c
			> pub 32 2 d
			lose present
			> pub 3A 65534 a
			> pub 3A 65535 b
			> pub 3A 1 c
			> pub 3A 2 d
			quiet`)
	})
}

// nearTheWrap uses up the identifiers up to 65533.
func (s *lasting) nearTheWrap() {
	s.t.Helper()
	const before = 65533
	var acks []byte
	for i := range before {
		s.publishes(1, "")
		acks = append(acks, 0x40, 2, byte((i+1)>>8), byte(i+1))
	}
	s.expectRun(0x32, before)
	s.server.SendBytes(acks)
}

// expectRun expects n empty messages with the identifiers from 1 on.
func (s *lasting) expectRun(first byte, n int) {
	s.t.Helper()
	var all []byte
	for id := range n {
		all = append(all, publishBytes(s.five, first, "t", uint16(id+1), "")...)
	}
	s.server.Expect(hexOf(all))
}

func TestNewMessagesComeAfterOldOnes(t *testing.T) { // SR-07
	eachLasting(t, nil, func(s *lasting) {
		s.publishes(1, "a", "b")
		s.play(`> pub 32 1 a
			> pub 32 2 b`)
		s.drop()
		all := s.publishes(1, "c", "d", "e")
		s.acceptNext("present")
		s.play(`> pub 3A 1 a
			> pub 3A 2 b
			> pub 32 3 c
			> pub 32 4 d
			> pub 32 5 e
			quiet
			< 40 02 0003`)
		s.expectDone(all[0])
		s.expectOpen(all[1:]...)
	})
}

func TestSessionLost(t *testing.T) { // CA-14, SR-09, T-A1, fault 20: told, and nothing is sent again
	eachLasting(t, nil, func(s *lasting) {
		sent := append(s.publishes(1, "a"), s.publishes(2, "b", "c")...)
		s.play(`> pub 32 1 a
			> pub 34 2 b
			> pub 34 3 c
			< 50 02 0003
			> 62 02 0003`)
		s.drop()
		later := s.publishes(1, "d")[0]
		s.acceptNext("absent")
		s.play(`> pub 32 4 d
			quiet`)
		for _, d := range sent {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
		}
		s.expectOpen(later)
		if st := s.Stats(); st.InFlight != 1 {
			s.t.Errorf("%d in flight, the identifiers are not free", st.InFlight)
		}
		s.play(`< 40 02 0004`)
		s.expectDone(later)
	})
}

func TestRepublish(t *testing.T) { // CA-14, SR-09, SR-10, fault 20: as new messages, where that is wanted
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Reconnect.Republish = mqtt.RepublishAll }, func(s *lasting) {
		all := append(s.publishes(1, "a"), s.publishes(2, "b", "c")...)
		s.play(`> pub 32 1 a
			> pub 34 2 b
			> pub 34 3 c
			< 50 02 0003
			> 62 02 0003
			lose absent
			> pub 32 1 a
			> pub 34 2 b
			quiet
			lose present
			> pub 3A 1 a
			> pub 3C 2 b
			< 40 02 0001
			< 50 02 0002
			> 62 02 0002
			< 70 02 0002`)
		s.expectDone(all[0])
		s.expectDone(all[1])
		s.expectDone(all[2], mqtt.ErrInDoubt, mqtt.ErrSessionLost) // the server had it since its PUBREC
	})
}

func TestCleanSessionIsNotResumed(t *testing.T) { // SR-10, SR-24: nor one that ends with its connection
	clean := func(cfg *mqtt.Config) { cfg.KeepSession = false; cfg.Properties.SessionExpiry = 0 }
	eachLasting(t, clean, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		if connect := s.lose("absent"); connect[9]&2 == 0 {
			s.t.Errorf("CONNECT % X asks for the old session", connect)
		}
		s.play("quiet")
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
	})
}

func TestSessionWithoutExpiry(t *testing.T) { // SR-24: it ended with its connection, whatever CONNECT says
	ends := func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = 0 }
	lastingV5(t, "", ends, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		s.play(`> pub 32 1 a
			lose absent
			quiet`)
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
	})
}

func TestLossesInARow(t *testing.T) { // SR-19, fault 32
	eachLasting(t, nil, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		for i := range 5 {
			s.play("lose present")
			if i >= 2 { // the message is under suspicion: see quarantine.go
				s.play(`> C0 00
					< D0 00`)
			}
			s.play("> pub 3A 1 a")
		}
		s.play("< 40 02 0001")
		s.expectDone(d)
		s.publishes(1, "b")
		s.play(`> pub 32 2 b
			< 40 02 0002`)
	})
}

func TestInFlightLimitRecoversAfterALoss(t *testing.T) { // SR-20, T-A10
	eachLasting(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 2 }, func(s *lasting) {
		s.publishes(1, "a")
		s.publishes(2, "b")
		s.publishes(1, "c", "d", "e")
		s.play(`> pub 32 1 a
			> pub 34 2 b
			< 50 02 0002
			> 62 02 0002
			lose present
			> pub 3A 1 a
			> 62 02 0002
			quiet
			lose present
			> pub 3A 1 a
			> 62 02 0002
			< 40 02 0001
			> pub 32 3 c
			< 70 02 0002
			> pub 32 4 d
			quiet
			< 40 02 0003
			> pub 32 5 e
			< 40 02 0004 40 02 0005`)
		s.expectOpen()
		if st := s.Stats(); st.InFlight != 0 || st.Queued != 0 {
			s.t.Errorf("%+v", st)
		}
	})
}

func TestNothingIsSentAgainOnALiveConnection(t *testing.T) { // SR-26
	eachLasting(t, func(cfg *mqtt.Config) { cfg.KeepAlive = 10 * time.Second }, func(s *lasting) {
		s.publishes(1, "a", "b")
		s.publishes(2, "c")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 34 3 c`)
		for range 10 {
			s.play(`> C0 00
				< D0 00`)
		}
		s.play(`< 40 02 0002
			quiet`)
	})
}

func TestIdentifiersInUseAreKeptAcrossALoss(t *testing.T) { // ID-07: new requests avoid them
	eachLasting(t, nil, func(s *lasting) {
		s.publishes(1, "a")
		s.publishes(2, "b")
		s.play(`> pub 32 1 a
			> pub 34 2 b
			< 50 02 0002
			> 62 02 0002
			lose present
			> pub 3A 1 a
			> 62 02 0002`)
		async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "f"})) })
		if packet := s.server.Packet(); packet[0] != 0x82 || packet[3] != 3 {
			s.t.Errorf("got % X", packet)
		}
	})
}

func TestExhaustedIdentifiersAcrossALoss(t *testing.T) { // fault 18: none is used twice, and there is no deadlock
	eachLasting(t, nil, func(s *lasting) {
		const ids = 65535
		for range ids + 1 {
			s.publishes(1, "")
		}
		s.expectRun(0x32, ids)
		s.play("quiet")
		s.lose("present")
		s.expectRun(0x3A, ids)
		if _, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "f"}); err == nil || !strings.Contains(err.Error(), "in use") {
			s.t.Errorf("subscribe without an identifier: %v", err)
		}
		s.play(`quiet
			< 40 02 0007
			> pub 32 7
			quiet`)
	})
}
