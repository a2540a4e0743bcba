package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// TestSubscribeBytes shows SU-01: SUBSCRIBE at QoS 0; SU-02: SUBSCRIBE at QoS 1; SU-03: SUBSCRIBE
// at QoS 2; SU-04: SUBSCRIBE of MQTT 5; SU-05: SUBSCRIBE: header, identifier, at least one filter
// [MQTT-3.8.1-1]; SU-06: SUBSCRIBE with several filters; SU-07: lower QoS granted than asked for;
// SU-19: option bits of SUBSCRIBE; SU-21: subscribe options of MQTT 5 asked for before it
// [MQTT-3.8.3-4] of 3.1.1; RT-04: retain handling.
func TestSubscribeBytes(t *testing.T) {
	for _, test := range []struct {
		name       string
		change     func(*mqtt.Config)
		subs       []mqtt.Subscription
		want, send string
	}{
		{"QoS 0", nil, []mqtt.Subscription{{Filter: "qos0/test"}}, "82 0E 0001 0009716F73302F74657374 00", "90 03 000100"},
		{"QoS 1", nil, []mqtt.Subscription{{Filter: "a", QoS: 1}}, "82 06 0001 000161 01", "90 03 000101"},
		{"QoS 2", nil, []mqtt.Subscription{{Filter: "a", QoS: 2}}, "82 06 0001 000161 02", "90 03 000102"},
		{"granted less", nil, []mqtt.Subscription{{Filter: "a", QoS: 2}}, "82 06 0001 000161 02", "90 03 000100"},
		{"5", v5, []mqtt.Subscription{{Filter: "a", QoS: 2}}, "82 09 0001 02 0B01 000161 02", "90 04 00010002"},
		{"5, reason string", v5, []mqtt.Subscription{{Filter: "a"}}, "82 09 0001 02 0B01 000161 00", "90 08 0001 04 1F000170 00"},
		{"several", nil, []mqtt.Subscription{{Filter: "a"}, {Filter: "b", QoS: 1}, {Filter: "c", QoS: 2}}, "82 0E 0001 00016100 00016201 00016302", "90 05 0001000102"},
		{"every option", v5, []mqtt.Subscription{{Filter: "a", QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: mqtt.RetainedNever}}, "82 09 0001 02 0B01 000161 2D", "90 04 00010001"},
		{"retained if new", v5, []mqtt.Subscription{{Filter: "a", RetainHandling: mqtt.RetainedIfNew}}, "82 09 0001 02 0B01 000161 10", "90 04 00010000"},
		{"no option before 5", nil, []mqtt.Subscription{{Filter: "a", QoS: 1, RetainHandling: mqtt.RetainedNever}}, "82 06 0001 000161 01", "90 03 000101"},
		{"shared", nil, []mqtt.Subscription{{Filter: "$share/g/a"}}, "82 0F 0001 000A 2473686172652F672F61 00", "90 03 000100"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := dialScripted(t, test.change)
			done := async(func() error { return errorOf(s.Subscribe(s.ctx, test.subs...)) })
			s.server.Expect(test.want)
			s.server.Send(test.send)
			s.mustWait(done)
			s.closeWell()
		})
	}
}

// TestRefusedSubscriptions shows SU-06: SUBSCRIBE with several filters; SU-08: subscription
// refused; SU-09: every failure code of SUBACK; UN-04: every failure code of UNSUBACK. It keeps out
// T-A27: a refused subscription looks like success; peer 0.3: a refused subscription has no error;
// codes too many crash the program; peer 4.6: a refused subscription has no error.
func TestRefusedSubscriptions(t *testing.T) {
	for _, test := range []struct {
		change func(*mqtt.Config)
		op     string
		send   string
		want   string
		code   mqtt.ReasonCode
	}{
		{nil, "subscribe", "90 05 0001 000180", `subscribe "c": 0x80 Unspecified error: rejected by the server`, 0x80},
		{v5, "subscribe", "90 06 0001 00 000187", `subscribe "c": 0x87 Not authorized`, 0x87},
		{v5, "subscribe", "90 06 0001 00 00018F", `subscribe "c": 0x8F`, 0x8F},
		{v5, "subscribe", "90 06 0001 00 000197", `subscribe "c": 0x97`, 0x97},
		{v5, "subscribe", "90 06 0001 00 00019E", `subscribe "c": 0x9E`, 0x9E},
		{v5, "subscribe", "90 0A 0001 04 1F00016E 0001A2", `("n")`, 0xA2},
		{v5, "unsubscribe", "B0 06 0001 00 001187", `unsubscribe "c": 0x87`, 0x87},
	} {
		s := dialScripted(t, test.change)
		done := async(func() error {
			if test.op == "unsubscribe" {
				return s.Unsubscribe(s.ctx, "a", "b", "c")
			}
			return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"}, mqtt.Subscription{Filter: "b", QoS: 1}, mqtt.Subscription{Filter: "c", QoS: 2}))
		})
		s.server.Packet()
		s.server.Send(test.send)
		err := s.wait(done)
		var refused *mqtt.SubscribeError
		if !errors.As(err, &refused) || !errors.Is(err, mqtt.ErrRejected) || len(refused.Codes) != 3 || refused.Codes[2] != test.code {
			t.Errorf("%s: %v", test.send, err)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q lacks %q", err, test.want)
		}
		s.closeWell()
	}
}

// TestWrongAnswersToSubscribe shows SU-10: reserved codes in SUBACK; SU-11: too few codes in
// SUBACK; SU-12: too many codes in SUBACK; SU-13: no codes in SUBACK; SU-15: malformed SUBACK;
// SU-29: properties of SUBACK; UN-05: wrong number of codes in UNSUBACK; UN-06: bad UNSUBACK. It
// keeps out T-A25: more codes than filters crash the client; peer 0.3: a refused subscription has
// no error; codes too many crash the program.
func TestWrongAnswersToSubscribe(t *testing.T) {
	for _, test := range []struct {
		change func(*mqtt.Config)
		op     string
		send   string
	}{
		{nil, "subscribe", "90 04 0001 0000"},          // too few codes
		{nil, "subscribe", "90 06 0001 00000000"},      // too many
		{nil, "subscribe", "90 02 0001"},               // none
		{nil, "subscribe", "90 05 0001 000003"},        // a reserved code
		{nil, "subscribe", "90 05 0001 0000FF"},        //
		{nil, "subscribe", "90 05 0000 000000"},        // id 0
		{nil, "subscribe", "91 05 0001 000000"},        // flags
		{v5, "subscribe", "90 05 0001 00 0000"},        // too few
		{v5, "subscribe", "90 07 0001 00 00000000"},    // too many
		{v5, "subscribe", "90 03 0001 00"},             // none
		{v5, "subscribe", "90 06 0001 00 000003"},      // reserved
		{v5, "subscribe", "90 08 0001 02 0101 000000"}, // a foreign property
		{v5, "unsubscribe", "B0 03 0001 00"},           // none
		{v5, "unsubscribe", "B0 05 0001 00 0000"},      // too few
		{v5, "unsubscribe", "B0 07 0001 00 00000000"},  // too many
		{nil, "unsubscribe", "B0 03 0001 00"},          // no codes before 5
		{nil, "unsubscribe", "B0 01 01"},               //
		{nil, "unsubscribe", "B1 02 0001"},             // flags
		{nil, "unsubscribe", "B0 02 0000"},             // id 0
	} {
		s := dialScripted(t, test.change)
		done := async(func() error {
			if test.op == "unsubscribe" {
				return s.Unsubscribe(s.ctx, "a", "b", "c")
			}
			return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"}, mqtt.Subscription{Filter: "b"}, mqtt.Subscription{Filter: "c"}))
		})
		s.server.Packet()
		s.server.Send(test.send)
		if test.change != nil {
			s.server.Packet() // DISCONNECT
		}
		s.server.ExpectClosed()
		s.server.Close()
		if err := s.wait(done); !errors.Is(err, mqtt.ErrInDoubt) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", test.send, err)
		}
		s.expectEvent("disconnect: the server broke the protocol: " + strings.ToUpper(test.op)[:3]) // SUBACK or UNSUBACK
		s.finish()
	}
}

// TestAnswersEndOnlyTheirOwnRequest shows SU-14: SUBACK for an unknown identifier; SU-16: SUBACK
// for an UNSUBSCRIBE; UN-06: bad UNSUBACK; P1-11: other acknowledgements with the identifier of a
// QoS 1 publish; ID-06: wrong acknowledgement frees no identifier. It keeps out T-A30: answers are
// not told apart by their requests.
func TestAnswersEndOnlyTheirOwnRequest(t *testing.T) {
	s := dialScripted(t, nil)
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
	s.server.Expect("82 06 0001 000161 00")
	unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "b") })
	s.server.Expect("A2 05 0002 000162")
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
	s.server.Expect("32 05 000174 0003")
	// an unknown id, and each answer with the ids of the others
	s.server.Send("90 03 346F00 B0 02 346F", "90 03 000200 B0 02 0001", "40 02 0001 40 02 0002", "90 03 000300 B0 02 0003 70 02 0003")
	s.server.Send("32 05 000178 FFFF")
	s.server.Expect("40 02 FFFF")
	s.expectEvent("message x=")
	for _, c := range []chan error{subscribed, unsubscribed, published} {
		select {
		case err := <-c:
			t.Errorf("a foreign answer ended a call: %v", err)
		default:
		}
	}
	s.server.Send("40 02 0003", "B0 02 0002", "90 03 000100")
	s.mustWait(subscribed)
	s.mustWait(unsubscribed)
	s.mustWait(published)
	s.closeWell()
}

// TestFaultyFiltersSendNothing shows SU-05: SUBSCRIBE: header, identifier, at least one filter
// [MQTT-3.8.1-1]; SU-20: no local on a shared subscription [MQTT-3.8.3-4] of 5; SU-21: subscribe
// options of MQTT 5 asked for before it; SU-24: syntax of filters [MQTT-3.10.3-1]; UN-08: nothing
// to unsubscribe [MQTT-3.10.3-2].
func TestFaultyFiltersSendNothing(t *testing.T) {
	s := dialScripted(t, nil)
	long := strings.Repeat("x", 65536)
	for _, filter := range []string{
		"", "a#", "a/#/b", "a+", "+a", "#/", "$share/", "$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a",
		"a\x00", "a\xff", "\xed\xa0\x80", long,
	} {
		var arg *mqtt.ArgumentError
		if _, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "ok"}, mqtt.Subscription{Filter: filter}); !errors.As(err, &arg) || len(err.Error()) > 300 {
			t.Errorf("subscribe %.20q: %.300v", filter, err)
		}
		if err := s.Unsubscribe(s.ctx, "ok", filter); !errors.As(err, &arg) || len(err.Error()) > 300 {
			t.Errorf("unsubscribe %.20q: %.300v", filter, err)
		}
	}
	for _, sub := range []mqtt.Subscription{
		{Filter: "a", QoS: 3},
		{Filter: "a", RetainHandling: 3},
		{Filter: "a", RetainHandling: mqtt.RetainedIfNew},
		{Filter: "a", NoLocal: true},
		{Filter: "a", RetainAsPublished: true},
	} {
		var arg *mqtt.ArgumentError
		if _, err := s.Subscribe(s.ctx, sub); !errors.As(err, &arg) {
			t.Errorf("subscribe %+v: %v", sub, err)
		}
	}
	for _, err := range []error{errorOf(s.Subscribe(s.ctx)), s.Unsubscribe(s.ctx)} {
		if !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("no filter: %v", err)
		}
	}
	s.closeWell()

	five := dialScripted(t, v5)
	if _, err := five.Subscribe(five.ctx, mqtt.Subscription{Filter: "$share/g/t", NoLocal: true}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("NoLocal and shared: %v", err)
	}
	five.closeWell()
}

// TestCancelledSubscribe shows SU-27: caller gives up a subscribe; SU-28: connection lost during a
// subscribe.
func TestCancelledSubscribe(t *testing.T) {
	s := dialScripted(t, nil)
	ctx, cancel := context.WithCancelCause(s.ctx)
	done := async(func() error { return errorOf(s.Subscribe(ctx, mqtt.Subscription{Filter: "a"})) })
	s.server.Expect("82 06 0001 000161 00")
	enough := errors.New("enough")
	cancel(enough)
	if err := s.wait(done); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, enough) {
		t.Errorf("cancelled: %v", err)
	}
	again := async(func() error { return s.Unsubscribe(s.ctx, "a") }) // the id is still taken
	s.server.Expect("A2 05 0002 000161")
	s.server.Send("90 03 000100", "B0 02 0002")
	s.mustWait(again)
	if _, err := s.Subscribe(ctx, mqtt.Subscription{Filter: "a"}); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, enough) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if err := s.Unsubscribe(ctx, "a"); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, enough) {
		t.Errorf("with a context that has ended: %v", err)
	}
	lost := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
	s.server.Expect("82 06 0003 000161 00")
	s.server.Close()
	if err := s.wait(lost); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrServerClosed) {
		t.Errorf("lost: %v", err)
	}
}

// TestSubscribeSeveralInMQTT5 shows SU-04: SUBSCRIBE of MQTT 5; SU-05: SUBSCRIBE: header,
// identifier, at least one filter [MQTT-3.8.1-1]; SU-06: SUBSCRIBE with several filters; SU-07:
// lower QoS granted than asked for; SU-08: subscription refused; RX-01: message received at QoS 0
// [MQTT-3.3.4-1], [MQTT-3.9.3-1].
func TestSubscribeSeveralInMQTT5(t *testing.T) {
	s := dialV5(t, noIDs, nil)
	subs := []mqtt.Subscription{{Filter: "a"}, {Filter: "b", QoS: 1}, {Filter: "c", QoS: 2}}
	d, err := s.SubscribeAsync(s.ctx, subs, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Expect("82 0F 0001 00 0001 61 00 0001 62 01 0001 63 02")
	s.server.Send("90 06 0001 00 00 00 80")
	var refused *mqtt.SubscribeError
	if err := d.Wait(s.ctx); !errors.As(err, &refused) || len(refused.Codes) != 3 || refused.Codes[1] != 0 || refused.Codes[2] != 0x80 {
		t.Errorf("got %v", err)
	}
	d, err = s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "a", QoS: 2}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Expect("82 07 0002 00 0001 61 02")
	s.server.Send("90 04 0002 00 01")
	if err := d.Wait(s.ctx); err != nil || d.Answer().Codes[0] != 1 {
		t.Errorf("%v, answer %v", err, d.Answer())
	}
	s.closeWell()
}

// The rows that the tests of subscriptions show in MQTT 3.1.1, in MQTT 5 too.

// noIDs is the property of CONNACK that says that there are no subscription identifiers.
const noIDs = "2900"

// TestEveryFailureCodeOfSubscribe shows SU-09: every failure code of SUBACK; UN-04: every failure
// code of UNSUBACK.
func TestEveryFailureCodeOfSubscribe(t *testing.T) {
	s := dialV5(t, noIDs, nil)
	for _, code := range []byte{0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2} {
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
		p := s.server.Packet()
		s.server.SendBytes([]byte{0x90, 4, p[2], p[3], 0, code})
		var refused *mqtt.SubscribeError
		if err := s.wait(subscribed); !errors.As(err, &refused) || byte(refused.Codes[0]) != code {
			t.Errorf("%#x: %v", code, err)
		}
		if code == 0x97 || code >= 0x9E {
			continue // UNSUBACK does not have it
		}
		unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "a") })
		p = s.server.Packet()
		s.server.SendBytes([]byte{0xB0, 4, p[2], p[3], 0, code})
		if err := s.wait(unsubscribed); !errors.As(err, &refused) || byte(refused.Codes[0]) != code {
			t.Errorf("%#x: %v", code, err)
		}
	}
}

// TestSubscribeEndsWithTheConnection shows SU-28: connection lost during a subscribe; DC-14: server
// ends the stream; DC-15: connection reset; DC-16: connection half closed; DC-17: end of the stream
// within a packet.
func TestSubscribeEndsWithTheConnection(t *testing.T) {
	ends := map[string]func(*scripted){
		"closed":       func(s *scripted) { s.server.Close() },
		"reset":        func(s *scripted) { s.server.Reset() },
		"half closed":  func(s *scripted) { s.server.HalfClose() },
		"cut a packet": func(s *scripted) { s.server.Send("30 7F 0001"); s.server.Close() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			eachVersion(t, nil, func(s *scripted, _ bool) {
				subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a"})) })
				s.server.Packet()
				unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "a") })
				s.server.Packet()
				published := s.publishes(2, "p")[0]
				s.server.Packet()
				end(s)
				for _, err := range []error{s.wait(subscribed), s.wait(unsubscribed), published.Wait(s.ctx)} {
					if !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrClosed) {
						s.t.Errorf("got %v", err)
					}
				}
				for event := ""; !strings.HasPrefix(event, "disconnect: "); {
					event = <-s.events
				}
				s.finish() // it was told once
			})
		})
	}
}
