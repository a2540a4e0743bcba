package mqtt_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestReceiveMaximumAtQoS1 shows FC-01: Receive Maximum 3 at QoS 1 [MQTT-3.3.4-7], [MQTT-4.9.0-1]
// of 5, [MQTT-4.9.0-2] of 5.
func TestReceiveMaximumAtQoS1(t *testing.T) {
	s := dialV5(t, "210003", nil)
	s.publishes(1, "1", "2", "3", "4", "5", "6")
	expect := func(ids ...uint16) {
		t.Helper()
		for _, id := range ids {
			s.expectPublish(true, 0x32, id, string(rune('0'+id)))
		}
		s.expectAlive(true) // and no more
	}
	expect(1, 2, 3)
	s.server.Send("40 02 0001", "40 02 0002")
	expect(4, 5)
	s.server.Send("40 02 0003")
	expect(6)
	s.server.Send("40 02 0004 40 02 0005 40 02 0006")
	s.closeWell()
}

// TestReceiveMaximumAtQoS2 shows FC-02: Receive Maximum 1 at QoS 2 [MQTT-4.9.0-2]; FC-03: Receive
// Maximum 2 at QoS 2; P2-14: two QoS 2 exchanges at once.
func TestReceiveMaximumAtQoS2(t *testing.T) {
	for _, most := range []int{1, 2} {
		s := dialV5(t, "21000"+string(rune('0'+most)), nil)
		s.publishes(2, "1", "2", "3", "4", "5")
		for first := 1; first <= 5; first += most {
			ids := []byte{byte(first)}
			if most == 2 && first < 5 {
				ids = append(ids, byte(first+1))
			}
			for _, step := range []struct{ want, send byte }{{0x34, 0x50}, {0x62, 0x70}} {
				for _, id := range ids {
					if step.want == 0x34 {
						s.expectPublish(true, 0x34, uint16(id), string(rune('0'+id)))
					} else {
						s.server.Expect(hexOf([]byte{0x62, 2, 0, id}))
					}
				}
				s.expectAlive(true)
				for _, id := range ids {
					s.server.SendBytes([]byte{step.send, 2, 0, id})
				}
			}
		}
		s.closeWell()
	}
}

// TestFailuresFreeTheirPlace shows FC-04: refused PUBREC frees the place in the window; FC-05:
// error codes free the place in the window; P1-04: QoS 1 publish refused by the server; P2-03: QoS
// 2 publish refused by the server [MQTT-4.3.3-4]; P2-11: PUBCOMP: identifier not found
// [MQTT-4.4.0-2] of 5. It keeps out T-A6: identifier not found leaks a place of the window; T-A7: a
// refused PUBREC leaks a place of the window; T-A28: a refused publish looks like success.
func TestFailuresFreeTheirPlace(t *testing.T) {
	s := dialV5(t, "210001", nil)
	all := append(s.publishes(1, ""), s.publishes(2, "", "", "")...)
	s.expectPublish(true, 0x32, 1, "")
	s.server.Send("40 03 000187")
	s.expectPublish(true, 0x34, 2, "")
	s.server.Send("50 03 000297")
	s.expectPublish(true, 0x34, 3, "")
	s.server.Send("50 03 000310")
	s.server.Expect("62 02 0003")
	s.server.Send("70 03 000392")
	s.expectPublish(true, 0x34, 4, "")
	for i, code := range []mqtt.ReasonCode{0x87, 0x97, 0x92} {
		err := all[i].Wait(s.ctx)
		if a := all[i].Answer(); len(a.Codes) != 1 || a.Codes[0] != code || errors.Is(err, mqtt.ErrRejected) != (code != 0x92) {
			t.Errorf("%v: %v, answer %v", code, err, a)
		}
	}
}

// TestUnknownAnswersMakeNoRoom shows FC-06: unknown acknowledgement frees no place in the window
// [MQTT-3.3.4-7]; FC-08: other packets are not held back [MQTT-3.3.4-8]. It keeps out T-A8: any
// acknowledgement makes room in the window; peer 4.31: the send quota is miscounted.
func TestUnknownAnswersMakeNoRoom(t *testing.T) {
	s := dialV5(t, "210001", withoutDrain)
	s.publishes(1, "a", "b", "c")
	s.expectPublish(true, 0x32, 1, "a")
	s.server.Send("40 02 0009", "70 02 0009", "50 03 0009 80", "40 02 0002", "70 02 0001")
	s.expectAlive(true)
	s.server.Send("40 02 0001", "40 02 0001") // twice: room for one
	s.expectPublish(true, 0x32, 2, "b")
	s.expectAlive(true)
	s.closeWell()
}

// TestInFlightLimitsUnacknowledgedMessages shows FC-08: other packets are not held back
// [MQTT-3.3.4-8]; FC-12: limit of our own on publishes in flight. It keeps out peer 4.37: a server
// that deviates cannot be accommodated.
func TestInFlightLimitsUnacknowledgedMessages(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 5
		withoutDrain(cfg)
	})
	for i := range 8 {
		if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "n", Payload: []byte{byte(i)}, QoS: 1 + mqtt.QoS(i%2)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		p := s.server.Packet()
		if p[len(p)-1] != byte(i) {
			t.Fatalf("% X is not message %d", p, i)
		}
	}
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
	s.server.Expect("82 06 0006 000161 00") // is not held back, and nothing else came
	s.server.Send("90 03 000600", "40 02 346F")
	s.mustWait(subscribed)
	s.server.Send("50 02 0002") // not yet complete: no room
	s.server.Expect("62 02 0002")
	s.server.Send("40 02 0001")
	s.server.Expect("34 06 00016E 0007 05")
	s.server.Send("70 02 0002", "40 02 0003")
	s.server.Expect("32 06 00016E 0008 06", "34 06 00016E 0009 07")
	s.closeWell()
}

func TestPublishCancelledBeforeItIsSentIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 10 }, "")
		for range 3 { // one is being written, two wait
			if _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "a"}, nil); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		ctx, cancel := cancelled(s.ctx)
		calls := []chan error{
			async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) }),
			async(func() error { _, err := s.PublishAsync(ctx, mqtt.Message{Topic: "b"}, nil); return err }),
		}
		synctest.Wait()
		cancel()
		for _, call := range calls {
			if err := <-call; !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
				t.Errorf("got %v", err)
			}
		}
		s.server.Expect("30 03 000161 30 03 000161 30 03 000161")
		s.server.ExpectNothing(time.Second)
	})
}

// TestWithdrawnPublishMakesRoom: what waits behind it gets its room. It shows FC-13: publishes wait
// in order, and can be cancelled.
func TestWithdrawnPublishMakesRoom(t *testing.T) {
	t.Run("in the queue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 1 }, "")
			first := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "a", QoS: 1}) })
			s.server.Expect("32 05 000161 0001")
			ctx, cancel := cancelled(s.ctx)
			withdrawn := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) })
			synctest.Wait()
			behind := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "c"}) }) // may not overtake
			s.server.ExpectNothing(time.Second)
			cancel()
			s.server.Expect("30 03 000163")
			s.mustWait(behind)
			if err := <-withdrawn; !errors.Is(err, mqtt.ErrNotSent) {
				t.Errorf("withdrawn: %v", err)
			}
			s.server.Send("40 02 0001")
			s.mustWait(first)
		})
	})
	t.Run("at the door", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) {
				cfg.Limits.InFlight = 1
				cfg.Limits.SendBytes = 50
			}, "")
			first := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "a", QoS: 1}) })
			s.server.Expect("32 05 000161 0001")
			ctx, cancel := cancelled(s.ctx)
			withdrawn := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", Payload: make([]byte, 100), QoS: 1}) })
			synctest.Wait()
			blocked := async(func() error { _, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "c"}, nil); return err })
			synctest.Wait()
			cancel()
			<-withdrawn
			s.mustWait(blocked)
			s.server.Expect("30 03 000163")
			s.server.Send("40 02 0001")
			s.mustWait(first)
		})
	})
}

// TestPublishCancelledAfterItIsSentIsInDoubt shows P1-13: caller gives up a publish; FC-13:
// publishes wait in order, and can be cancelled. It keeps out peer 4.5: an outcome does not say
// what became of the message; peer 4.13: waits and handlers have no context.
func TestPublishCancelledAfterItIsSentIsInDoubt(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.InFlight = 1 })
	ctx, cancel := cancelled(s.ctx)
	sent := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "a", QoS: 1}) })
	s.server.Expect("32 05 000161 0001")
	waiting := async(func() error { return s.Publish(ctx, mqtt.Message{Topic: "b", QoS: 1}) })
	third, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "c", QoS: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.wait(sent); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, errEnough) {
		t.Errorf("the one that was sent: %v", err)
	}
	if err := s.wait(waiting); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
		t.Errorf("the one that waited: %v", err)
	}
	if err := third.Wait(ctx); !errors.Is(err, mqtt.ErrQueued) || !errors.Is(err, errEnough) {
		t.Errorf("Wait: %v", err)
	}
	if err := s.Publish(ctx, mqtt.Message{Topic: "d"}); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, errEnough) {
		t.Errorf("with a context that has ended: %v", err)
	}
	s.server.Send("40 02 0001") // late, and it makes room
	s.server.Expect("34 05 000163 0002")
	s.server.Send("50 02 0002")
	s.server.Expect("62 02 0002")
	s.server.Send("70 02 0002")
	if err := third.Wait(s.ctx); err != nil {
		t.Error(err)
	}
	s.closeWell()
}

// TestServerLimitsAreKept shows CA-39: Maximum QoS [MQTT-3.2.2-11]; CA-40: retained messages not
// available [MQTT-3.2.2-14]; CA-41: Maximum Packet Size of the server [MQTT-3.2.2-15]; CA-42:
// wildcards, identifiers, shared subscriptions not available; SU-30: request larger than the server
// takes. It keeps out T-A31: what the server lacks is asked for.
func TestServerLimitsAreKept(t *testing.T) {
	server := mqtttest.NewServer(t)
	ctx := ctxFor(t)
	var c *mqtt.Client
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5})
		return err
	})
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 10 0000 0D 2400 2500 270000001E 2800 2A00")
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"Maximum QoS":  c.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}),
		"retained":     c.Publish(ctx, mqtt.Message{Topic: "t", Retain: true}),
		"Maximum Pack": c.Publish(ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 26)}),
		"wildcard":     errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "a/+"})),
		"shared":       errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "$share/g/a"})),
		"several call": errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: strings.Repeat("a", 40)})),
	} {
		if err == nil || !errors.Is(err, mqtt.ErrNotSent) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	published := async(func() error { return c.Publish(ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 24)}) })
	conn.Expect("30 1C 000174 00", strings.Repeat("00", 24))
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	conn.Close()
	_ = c.Close(ctx)
}

// TestFailedRequestsTakeNoIdentifier shows ID-08: failed request frees its identifier; CA-41:
// Maximum Packet Size of the server; SU-30: request larger than the server takes [MQTT-3.2.2-15].
// It keeps out T-A21: packet limits are told and not enforced.
func TestFailedRequestsTakeNoIdentifier(t *testing.T) {
	s := dialV5(t, "270000001E", nil)
	long := strings.Repeat("x", 31)
	for range 70_000 { // more than there are
		if err := s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(long), QoS: 1}); !errors.Is(err, mqtt.ErrNotSent) {
			t.Fatal(err)
		}
	}
	for _, err := range []error{errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: long})), s.Unsubscribe(s.ctx, long)} {
		if !errors.Is(err, mqtt.ErrNotSent) {
			t.Error(err)
		}
	}
	s.publishes(1, strings.Repeat("y", 22))
	s.expectPublish(true, 0x32, 1, strings.Repeat("y", 22)) // 30 bytes
	s.expectAlive(true)
}

// TestPacketIdentifiersWrapAndSkipThoseInUse shows ID-01: identifiers are not 0, and unique over
// all requests [MQTT-4.3.2-1] of 3.1.1; ID-02: identifiers wrap [MQTT-2.3.1-2]; ID-03: the wrap
// passes over identifiers in use; ID-09: very many requests. It keeps out T-A32: an identifier in
// use is given out.
func TestPacketIdentifiersWrapAndSkipThoseInUse(t *testing.T) {
	const total = 66_000
	open := make(map[uint16]bool)
	var seen, last int
	r := &responder{tap: func(p []byte) {
		if p[0]&0xF0 != 0x30 {
			return
		}
		id := uint16(p[5])<<8 | uint16(p[6])
		if id == 0 || open[id] {
			t.Errorf("identifier %d is not free", id)
		}
		if seen == 0 {
			open[id] = true // never acknowledged below
		}
		seen++
		last = int(id)
	}, mute: func(p []byte) bool { return p[0] == 0x32 && p[5] == 0 && p[6] == 1 }}
	c := dialResponder(t, r, func(cfg *mqtt.Config) {
		cfg.Limits.InFlight = 100
		cfg.Limits.Drain = -1 // the first message is never acknowledged
	})
	ctx := ctxFor(t)
	var wg sync.WaitGroup
	wg.Add(total - 1)
	for i := range total {
		done := func(error) { wg.Done() }
		if i == 0 {
			done = nil
		}
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 1}, done); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	<-r.ended
	if seen != total || last != total-65535+1 { // 1 is skipped
		t.Errorf("%d messages, the last identifier is %d", seen, last)
	}
}

// TestWrongAnswersToQoS2 shows P2-06: PUBREC twice [MQTT-4.3.3-6]; P2-08: PUBCOMP before PUBREC
// [MQTT-4.3.3-3]; P2-10: PUBCOMP twice; P2-12: PUBACK for a QoS 2 publish; P2-16: flags of PUBREL
// [MQTT-3.6.1-1].
func TestWrongAnswersToQoS2(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		d := s.publishes(2, "")[0]
		s.expectPublish(five, 0x34, 1, "")
		s.server.Send("70 02 0001") // PUBCOMP before PUBREC
		s.expectAlive(five)
		s.server.Send("50 02 0001", "50 02 0001", "40 02 0001") // PUBREC twice, and PUBACK behind it
		s.server.Expect("62 02 0001", "62 02 0001")
		if d.Answer().Codes != nil {
			s.t.Error("complete before PUBCOMP")
		}
		s.server.Send("70 02 0001", "70 02 0001")
		if err := d.Wait(s.ctx); err != nil {
			s.t.Error(err)
		}
		s.expectAlive(five)
		s.closeWell()
	})
}

// TestPubRelsHaveTheOrderOfPubRecs shows P2-13: PUBRELs in the order of the PUBRECs [MQTT-4.6.0-4].
func TestPubRelsHaveTheOrderOfPubRecs(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		for i := range s.publishes(2, "", "", "") {
			s.expectPublish(five, 0x34, uint16(i+1), "")
		}
		s.server.Send("50 02 0003 50 02 0001 50 02 0002")
		s.server.Expect("62 02 0003 62 02 0001 62 02 0002")
	})
}
