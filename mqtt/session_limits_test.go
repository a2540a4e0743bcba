package mqtt_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestSmallerReceiveMaximum: it holds for what is sent again, too. It shows SR-11: smaller Receive
// Maximum at a reconnect [MQTT-3.3.4-7]; FC-09: the window begins anew with each connection. It
// keeps out T-A9: what is sent again exceeds the Receive Maximum.
func TestSmallerReceiveMaximum(t *testing.T) {
	lastingV5(t, "210005", nil, func(s *lasting) {
		s.publishes(1, "a", "b", "c", "d", "e", "f")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 32 3 c
			> pub 32 4 d
			> pub 32 5 e
			quiet`)
		s.limits = "210002"
		s.play(`lose present
			> pub 3A 1 a
			> pub 3A 2 b
			quiet
			< 40 02 0002
			> pub 3A 3 c
			quiet
			< 40 02 0001
			> pub 3A 4 d
			< 40 02 0003 40 02 0004
			> pub 3A 5 e
			> pub 32 6 f
			quiet`)
	})
}

// TestPubRelTakesOnePlaceInFlight: its PUBCOMP frees one place, not two. It shows FC-07: place of a
// PUBREL that is sent again.
func TestPubRelTakesOnePlaceInFlight(t *testing.T) {
	lastingV5(t, "210001", nil, func(s *lasting) {
		s.publishes(2, "a")
		s.publishes(1, "b", "c")
		s.play(`> pub 34 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			quiet
			< 70 02 0001
			> pub 32 2 b
			quiet
			< 70 02 0001
			quiet
			< 40 02 0002
			> pub 32 3 c`)
	})
}

// TestPubRelsBeyondTheReceiveMaximum: all of them are sent, and no PUBLISH until they are complete.
// It shows FC-07: place of a PUBREL that is sent again; FC-09: the window begins anew with each
// connection.
func TestPubRelsBeyondTheReceiveMaximum(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		s.publishes(2, "a", "b", "c")
		s.play(`> pub 34 1 a
			> pub 34 2 b
			> pub 34 3 c
			< 50 02 0001
			> 62 02 0001
			< 50 02 0002
			> 62 02 0002`)
		s.drop()
		s.publishes(1, "d")
		s.limits = "210001"
		s.acceptNext("present")
		s.play(`> 62 02 0001
			> 62 02 0002
			quiet
			< 70 02 0001
			quiet
			< 70 02 0002
			> pub 3C 3 c
			quiet
			< 50 02 0003
			> 62 02 0003
			quiet
			< 70 02 0003
			> pub 32 4 d
			quiet`)
	})
}

// TestLowerLimitsFailWhatNoLongerFits: the other messages are sent. It shows SR-12: other limits
// that became smaller at a reconnect [MQTT-3.2.2-11].
func TestLowerLimitsFailWhatNoLongerFits(t *testing.T) {
	for name, limits := range map[string]string{"Maximum QoS": "2401", "retained": "2500", "Maximum Packet Size": "270000000C"} {
		t.Run(name, func(t *testing.T) {
			lastingV5(t, "", nil, func(s *lasting) {
				publish := func(m mqtt.Message) *mqtt.Delivery {
					m.Topic = "t"
					d, err := s.PublishAsync(s.ctx, m, nil)
					must(t, err)
					return d
				}
				first := publish(mqtt.Message{QoS: 1})
				sent := publish(mqtt.Message{Payload: []byte("123456"), QoS: 2, Retain: true})
				s.play(`> pub 32 1
					> pub 35 2 123456`)
				s.drop()
				waiting := publish(mqtt.Message{Payload: []byte("123456"), QoS: 2, Retain: true})
				last := publish(mqtt.Message{QoS: 1})
				s.limits = limits
				s.acceptNext("present")
				s.play(`> pub 3A 1
					> pub 32 3
					quiet
					< 40 02 0001 40 02 0003`)
				s.expectDone(first)
				s.expectDone(last)
				s.expectDone(sent, mqtt.ErrInDoubt)
				s.expectDone(waiting, mqtt.ErrNotSent)
				for _, d := range []*mqtt.Delivery{sent, waiting} {
					if !strings.Contains(d.Err().Error(), name) {
						t.Errorf("%v does not name the limit", d.Err())
					}
				}
			})
		})
	}
}

// TestPubRelIsSentWhateverTheLimits: the server has the message already. It shows SR-12: other
// limits that became smaller at a reconnect [MQTT-3.2.2-11].
func TestPubRelIsSentWhateverTheLimits(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		d := s.publishes(2, "123456")[0]
		s.play(`> pub 34 1 123456
			< 50 02 0001
			> 62 02 0001`)
		s.limits = "2401 270000000C"
		s.play(`lose present
			> 62 02 0001
			< 70 02 0001`)
		s.expectDone(d)
	})
}

// TestLimitsAreOfOneConnection shows CA-38: limits are those of this connection; FC-09: the window
// begins anew with each connection. It keeps out T-A17: limits of an earlier connection stay.
func TestLimitsAreOfOneConnection(t *testing.T) {
	lastingV5(t, "210001 220005 2400 2500 270000001E 2800 2A00 130005", nil, func(s *lasting) {
		for what, err := range map[string]error{
			"Maximum QoS": s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}),
			"retained":    s.Publish(s.ctx, mqtt.Message{Topic: "t", Retain: true}),
			"Packet Size": s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 26)}),
			"wildcard":    errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a/+"})),
			"shared":      errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "$share/g/a"})),
		} {
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		s.limits = ""
		s.lose("present")
		synctest.Wait() // for the CONNACK to be read
		a := s.ConnAck()
		if a.ReceiveMaximum != 65535 || a.TopicAliasMaximum != 0 || a.MaximumQoS != 2 || !a.RetainAvailable || a.KeepAlive != mqtt.DefaultKeepAlive {
			t.Errorf("%+v", a)
		}
		long := strings.Repeat("t", 40)
		for i := range 3 { // no alias, beyond the old window, and larger than the old limit
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: long, QoS: 2, Retain: true}, nil)
			must(t, err)
			s.server.Expect(hexOf(publishBytes(true, 0x35, long, uint16(i+1), "")))
		}
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "$share/g/a/+"})) })
		s.server.Expect("82 14 0004 02 0B01 000C 2473686172652F672F612F2B 00")
		s.server.Send("90 04 0004 00 00")
		s.mustWait(subscribed)
	})
}

// publishesFor begins a publish of which the Message Expiry Interval is that long.
func (s *scripted) publishesFor(payload string, qos mqtt.QoS, expiry time.Duration) *mqtt.Delivery {
	s.t.Helper()
	m := mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos, Properties: &mqtt.Properties{MessageExpiry: &expiry}}
	d, err := s.PublishAsync(s.ctx, m, nil)
	must(s.t, err)
	return d
}

// returnsAfter is a connection that is lost, and the next one after that time.
func (s *lasting) returnsAfter(away time.Duration, session string) {
	s.t.Helper()
	s.drop()
	s.net.refuses(nobody)
	<-time.After(away)
	s.online(session)
}

func retryingEachSecond(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second }

// TestExpiredBeforeItWasWritten: this holds for messages that have an identifier, too. It shows
// SR-29: queue and message expiry [MQTT-4.3.3-7].
func TestExpiredBeforeItWasWritten(t *testing.T) {
	lastingV5(t, "", retryingEachSecond, func(s *lasting) {
		before := s.publishesFor("a", 1, 2*time.Hour)
		synctest.Wait() // the write waits for the server, and what comes now for the write
		expired := []*mqtt.Delivery{s.publishesFor("b", 1, 5*time.Second), s.publishesFor("c", 2, 5*time.Second)}
		kept := s.publishesFor("d", 1, 2*time.Hour)
		s.returnsAfter(time.Hour, "present")
		for _, want := range []byte{0x3A, 0x32} {
			if p := s.server.Packet(); p[0] != want || p[11] != 0x0E { // of 7200 seconds 3600 are left
				t.Errorf("got % X", p)
			}
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrNotSent, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0001
			< 40 02 0004`)
		s.expectDone(before)
		s.expectDone(kept)
	})
}

// TestExpiredBeforeItWasRepublished: the message may have arrived in the lost session, and is not
// sent as a new one. It shows SR-29: queue and message expiry [MQTT-4.3.3-7].
func TestExpiredBeforeItWasRepublished(t *testing.T) {
	lastingV5(t, "", func(cfg *mqtt.Config) {
		retryingEachSecond(cfg)
		cfg.Reconnect.Republish = mqtt.RepublishAll
	}, func(s *lasting) {
		expired := []*mqtt.Delivery{s.publishesFor("a", 1, 5*time.Second), s.publishesFor("b", 2, 5*time.Second)}
		kept := s.publishesFor("c", 1, 2*time.Hour)
		for range 3 {
			s.server.Packet()
		}
		s.returnsAfter(time.Hour, "absent")
		if p := s.server.Packet(); p[0] != 0x32 || p[11] != 0x0E {
			t.Errorf("got % X", p)
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0003`)
		s.expectDone(kept)
	})
}

// TestExpiryOfWhatIsSentAgain: it goes out with the time that is left, a second at least
// [MQTT-4.3.3-7] of 5. It shows P2-18: expiry does not end an exchange; SR-29: queue and message
// expiry.
func TestExpiryOfWhatIsSentAgain(t *testing.T) {
	lastingV5(t, "", retryingEachSecond, func(s *lasting) {
		all := []*mqtt.Delivery{s.publishesFor("a", 1, 5*time.Second), s.publishesFor("b", 2, 5*time.Second), s.publishesFor("c", 1, 2*time.Hour)}
		for range 3 {
			s.server.Packet()
		}
		s.returnsAfter(time.Hour, "present")
		s.server.Expect("3A 0C 000174 0001 05 0200000001 61", "3C 0C 000174 0002 05 0200000001 62")
		if p := s.server.Packet(); p[0] != 0x3A || p[11] != 0x0E {
			t.Errorf("got % X", p)
		}
		s.play(`< 40 02 0001
			< 40 02 0003
			< 50 02 0002
			> 62 02 0002
			< 70 02 0002`)
		for _, d := range all {
			s.expectDone(d)
		}
	})
}

// TestExpiredWhileItWasSaved: the store takes its time. It shows SR-29: queue and message expiry
// [MQTT-4.3.3-7].
func TestExpiredWhileItWasSaved(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		if !s.five {
			return
		}
		s.play("quiet")
		gate := w.waits()
		expired := s.publishesFor("a", 1, 5*time.Second)
		<-time.After(20 * time.Second)
		close(gate)
		s.expectDone(expired, mqtt.ErrNotSent, mqtt.ErrExpired)
		s.play("quiet")
		if n := len(records(w)); n != 0 {
			t.Errorf("%d records are left", n)
		}
	})
}

// TestMessagesExpireInTheQueue shows SR-29: queue and message expiry [MQTT-4.3.3-7].
func TestMessagesExpireInTheQueue(t *testing.T) {
	publish := func(s *lasting, payload string, qos mqtt.QoS, seconds int) *mqtt.Delivery {
		expiry := time.Duration(seconds) * time.Second
		m := mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos, Properties: &mqtt.Properties{MessageExpiry: &expiry}}
		d, err := s.PublishAsync(s.ctx, m, nil)
		must(s.t, err)
		return d
	}
	lastingV5(t, "", func(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second }, func(s *lasting) {
		publish(s, "a", 1, 1)
		publish(s, "b", 2, 1)
		s.server.Expect("32 0C 000174 0001 05 0200000001 61", "34 0C 000174 0002 05 0200000001 62")
		s.drop()
		s.net.refuses(nobody)
		since := elapsed()
		late := publish(s, "c", 1, 100)
		expired := []*mqtt.Delivery{publish(s, "d", 1, 3), publish(s, "e", 2, 3)}
		<-time.After(40 * time.Second)
		s.online("present")
		s.server.Expect("3A 0C 000174 0001 05 0200000001 61", "3C 0C 000174 0002 05 0200000001 62") // were sent: go on, however late
		left := 100 - int(since()/time.Second)
		if p := s.server.Packet(); p[0] != 0x32 || p[6] != 3 || int(p[12]) > left || int(p[12]) < left-1 {
			t.Errorf("got % X, with %d seconds left", p, left)
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrNotSent, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0003`)
		s.expectDone(late)
	})
}

// TestExpiryDoesNotEndAnExchange shows P2-18: expiry does not end an exchange [MQTT-4.3.3-7] of 5.
func TestExpiryDoesNotEndAnExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, v5, "")
		second := time.Second
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 2, Properties: &mqtt.Properties{MessageExpiry: &second}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.server.Expect("34 0B 0001 74 0001 05 0200000001")
		s.server.ExpectNothing(3 * time.Second)
		s.server.Send("50 02 0001")
		s.server.Expect("62 02 0001")
		s.server.ExpectNothing(3 * time.Second)
		s.server.Send("70 02 0001")
		if err := d.Wait(s.ctx); err != nil {
			t.Error(err)
		}
	})
}

// TestExhaustedIdentifiersAcrossALoss: no identifier is used twice, and there is no deadlock.
func TestExhaustedIdentifiersAcrossALoss(t *testing.T) {
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
