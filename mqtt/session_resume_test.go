package mqtt_test

import (
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestServerKilledAtEachStepOutbound has rows of what was sent before the
// connection broke, and what has to follow, and only that.
//
// It shows SR-01: QoS 1 is sent again [MQTT-4.4.0-1] of 3.1.1; SR-02: QoS 2 is sent again; SR-03:
// PUBREL is sent again; SR-04: connection lost together with PUBREC; SR-25: lost PUBCOMP; SR-28:
// outcome that comes in a later connection; P2-15: no PUBLISH after PUBREL, across connections
// [MQTT-4.3.3-6]; RT-05: retain flag when sent again [MQTT-3.3.1-1]. It keeps out T-A3: what is
// sent again has no DUP.
func TestServerKilledAtEachStepOutbound(t *testing.T) {
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

// TestPubRecInTheLastSegment: the connection ends in the segment of PUBREC. It shows SR-04:
// connection lost together with PUBREC [MQTT-4.4.0-1] of 5.
func TestPubRecInTheLastSegment(t *testing.T) {
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

// TestPubCompNotFoundIsSuccess: PUBCOMP has the code 0x92. It shows SR-25: lost PUBCOMP.
func TestPubCompNotFoundIsSuccess(t *testing.T) {
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

// TestOrderOfResending shows SR-05: what is sent again keeps its order [MQTT-4.6.0-1]. It keeps out
// T-A2: what is sent again has lost its order; peer 4.7: what is sent again has a random order.
func TestOrderOfResending(t *testing.T) {
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

// TestOrderAcrossTheWrap shows SR-06: the order is kept across the wrap of identifiers. It keeps
// out T-A2: what is sent again has lost its order.
func TestOrderAcrossTheWrap(t *testing.T) {
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

// TestNewMessagesComeAfterOldOnes shows SR-07: new messages come after those sent again.
func TestNewMessagesComeAfterOldOnes(t *testing.T) {
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

// TestSessionLost: the loss is reported, and nothing is sent again. It shows CA-14: session lost
// though the client has state of it [MQTT-3.2.2-5] of 5; SR-09: session lost. It keeps out T-A1:
// what was in flight is sent again though the session was lost.
func TestSessionLost(t *testing.T) {
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

// TestRepublish: messages are published as new ones where that is asked for. It shows CA-14:
// session lost though the client has state of it [MQTT-3.2.2-5] of 5; SR-09: session lost; SR-10:
// clean session sends nothing again [MQTT-3.1.2-6] of 3.1.1.
func TestRepublish(t *testing.T) {
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

// TestCleanSessionIsNotResumed: neither is one that ends with its connection. It shows SR-10: clean
// session sends nothing again [MQTT-3.1.2-6] of 3.1.1; SR-24: session that ends with the connection
// [MQTT-3.1.2-23] of 5.
func TestCleanSessionIsNotResumed(t *testing.T) {
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

// TestSessionWithoutExpiry: Session Expiry Interval is 0, so it ended with its connection. It shows
// SR-24: session that ends with the connection [MQTT-3.1.2-23] of 5.
func TestSessionWithoutExpiry(t *testing.T) {
	ends := func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = 0 }
	lastingV5(t, "", ends, func(s *lasting) {
		d := s.publishes(1, "a")[0]
		s.play(`> pub 32 1 a
			lose absent
			quiet`)
		s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrSessionLost)
	})
}

// TestLossesInARow shows SR-19: several losses in a row.
func TestLossesInARow(t *testing.T) {
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

// TestInFlightLimitRecoversAfterALoss shows SR-20: the window of publishes recovers after a loss.
// It keeps out T-A10: the window does not recover from a lost connection.
func TestInFlightLimitRecoversAfterALoss(t *testing.T) {
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

// TestNothingIsSentAgainOnALiveConnection shows SR-26: nothing is sent again at other times
// [MQTT-4.4.0-1] of 5.
func TestNothingIsSentAgainOnALiveConnection(t *testing.T) {
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

// TestIdentifiersInUseAreKeptAcrossALoss: new requests avoid them. It shows ID-07: identifiers kept
// across connections [MQTT-2.3.1-3].
func TestIdentifiersInUseAreKeptAcrossALoss(t *testing.T) {
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
