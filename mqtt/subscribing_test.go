package mqtt_test

import (
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// The rows that the tests of subscriptions show in MQTT 3.1.1, in MQTT 5 too.

// noIDs is a CONNACK's word that there are no subscription identifiers.
const noIDs = "2900"

func TestSubscribeSeveralInMQTT5(t *testing.T) { // SU-04..SU-08, RX-01: [MQTT-3.9.3-1]
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

func TestEveryFailureOfSubscribe(t *testing.T) { // SU-09, UN-04
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

func TestMessagesAroundSubAckInMQTT5(t *testing.T) { // SU-17, SU-18, SU-26, UN-07
	s := dialV5(t, noIDs, nil)
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("one", "t"))) })
	s.server.Packet()
	s.server.Send("30 05 0001 74 00 31  90 04 0001 00 00  31 05 0001 74 00 32  31 05 0001 74 00 33")
	s.mustWait(subscribed)
	for _, want := range []string{"one t=1 q0", "one t=2 q0 retain", "one t=3 q0 retain"} {
		s.expectEvent(want)
	}
	again := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("two", "t"))) })
	s.server.Packet()
	s.server.Send("30 05 0001 74 00 34") // there is a handler all the time
	if event := <-s.events; !strings.HasSuffix(event, "t=4 q0") || strings.HasPrefix(event, "message") {
		t.Errorf("got %s", event)
	}
	s.server.Send("90 04 0002 00 00")
	s.mustWait(again)
	unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "t") })
	s.server.Packet()
	s.server.Send("B0 04 0003 00 00")
	s.mustWait(unsubscribed)
	s.sendPublish(true, 0x32, 7, "late")
	s.server.Expect("40 02 0007")
	s.sendPublish(true, 0x34, 8, "late")
	s.server.Expect("50 02 0008")
	s.server.Send("62 02 0008")
	s.server.Expect("70 02 0008")
	s.closeWell()
}

func TestRequestsEndWithTheConnection(t *testing.T) { // SU-28, DC-14, DC-15, DC-16, DC-17
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

func TestLeavingWithMessagesInFlight(t *testing.T) { // DC-05, WL-01: they end in doubt, and the server hears goodbye
	eachVersion(t, hasty, func(s *scripted, five bool) {
		first, second := s.publishes(1, "")[0], s.publishes(2, "")[0]
		s.expectPublish(five, 0x32, 1, "")
		s.expectPublish(five, 0x34, 2, "")
		s.closeWell()
		for _, d := range []*mqtt.Delivery{first, second} {
			if err := d.Err(); !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrClosed) {
				s.t.Errorf("got %v", err)
			}
		}
	})
}

func TestLastWordOfThreeBytes(t *testing.T) { // MF-30: whatever the server's Maximum Packet Size
	s := dialV5(t, "2700000003", nil)
	s.server.Send("C0 00")
	s.server.Expect("E0 01 82")
	s.server.ExpectClosed()
	other := dialV5(t, "2700000003", nil)
	err := other.CloseWith(other.ctx, mqtt.DisconnectOptions{ReasonString: "[MQTT-3.14.2-3]"})
	if !errors.Is(err, mqtt.ErrNotSent) || !other.IsConnected() {
		t.Errorf("got %v", err)
	}
	other.closeWell()
}

func TestWordsOfRequestsAreText(t *testing.T) { // CN-20, UN-02, SU-29: user properties of requests too [MQTT-1.5.7-1]
	s := dialV5(t, noIDs, nil)
	for _, bad := range []mqtt.UserProperty{{Name: "a\x00"}, {Value: "\xED\xA0\x80"}, {Name: strings.Repeat("x", 65536)}} {
		_, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", UserProperties: []mqtt.UserProperty{bad}})
		var arg *mqtt.ArgumentError
		if !errors.As(err, &arg) || len(err.Error()) > 300 {
			t.Errorf("subscribe with %.10q: %.300v", bad, err)
		}
		if _, err := s.UnsubscribeAsync(s.ctx, []string{"a"}, nil, bad); !errors.As(err, &arg) || len(err.Error()) > 300 {
			t.Errorf("unsubscribe with %.10q: %.300v", bad, err)
		}
	}
	s.expectAlive(true)
}
