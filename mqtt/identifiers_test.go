package mqtt_test

import (
	"context"
	"strings"
	"testing"

	"dunlin/mqtt"
)

func TestDispatchByIdentifier(t *testing.T) { // SU-22, SU-23, RX-31
	s := dialV5(t, "", nil)
	handler := func(name string) func(context.Context, *mqtt.Received) {
		return func(_ context.Context, m *mqtt.Received) { s.events <- name + " " + string(m.Payload) }
	}
	subscribe := func(want, answer string, subs ...mqtt.Subscription) {
		t.Helper()
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, subs...)) })
		s.server.Expect(want)
		s.server.Send(answer)
		s.mustWait(subscribed)
	}
	subscribe("82 09 0001 02 0B01 0001 23 00", "90 04 0001 00 00", mqtt.Subscription{Filter: "#", Handler: handler("all")})
	subscribe("82 0D 0002 02 0B02 0001 61 00 0001 62 00", "90 05 0002 00 00 00",
		mqtt.Subscription{Filter: "a", Handler: handler("a")}, mqtt.Subscription{Filter: "b", Handler: handler("b")})

	s.server.Send("30 07 0001 61 02 0B01 31") // a server that sends a copy for each subscription
	s.expectEvent("all 1")
	s.server.Send("30 07 0001 61 02 0B02 32")
	s.expectEvent("a 2")
	s.server.Send("30 09 0001 62 04 0B02 0B01 33") // one message for both
	s.expectEvent("b 3")
	s.expectEvent("all 3")
	s.server.Send("30 05 0001 61 00 34") // without an identifier the topic decides
	s.expectEvent("all 4")
	s.expectEvent("a 4")
	s.server.Send("30 07 0001 61 02 0B63 35") // of a session that this client does not know
	s.expectEvent("all 5")
	s.expectEvent("a 5")

	// A new subscription to the same filter takes the place of the old one.
	subscribe("82 09 0003 02 0B03 0001 61 01", "90 04 0003 00 01", mqtt.Subscription{Filter: "a", QoS: 1, Handler: handler("new")})
	s.server.Send("30 07 0001 61 02 0B03 36")
	s.expectEvent("new 6")
	s.server.Send("30 09 0001 61 04 0B02 0B01 37")
	s.expectEvent("all 7")
	s.closeWell()
}

func TestGivenIdentifiers(t *testing.T) { // SU-22
	for id, want := range map[uint32]string{1: "0B01", 127: "0B7F", 128: "0B8001", 268435455: "0BFFFFFF7F"} {
		s := dialV5(t, "", nil)
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", ID: id})) })
		packet := hexOf(s.server.Packet())
		if !strings.Contains(strings.ToUpper(packet), want) {
			t.Errorf("SUBSCRIBE %s has no %s", packet, want)
		}
		s.server.Send("90 04 0001 00 00")
		s.mustWait(subscribed)
	}
}

func TestIdentifierFaults(t *testing.T) { // SU-20, SU-21, SU-22, CA-42
	sub := func(subs ...mqtt.Subscription) []mqtt.Subscription { return subs }
	for name, test := range map[string]struct {
		subs    []mqtt.Subscription
		connAck string
		version mqtt.Version
	}{
		"too large":      {sub(mqtt.Subscription{Filter: "a", ID: 268435456}), "", mqtt.V5},
		"two of one":     {sub(mqtt.Subscription{Filter: "a", ID: 1}, mqtt.Subscription{Filter: "b", ID: 2}), "", mqtt.V5},
		"server has not": {sub(mqtt.Subscription{Filter: "a", ID: 1}), "2900", mqtt.V5},
		"3.1.1":          {sub(mqtt.Subscription{Filter: "a", ID: 1}), "", mqtt.V311},
		"no local":       {sub(mqtt.Subscription{Filter: "a", NoLocal: true}), "", mqtt.V311},
		"shared":         {sub(mqtt.Subscription{Filter: "$share/g/a", NoLocal: true}), "", mqtt.V5},
	} {
		t.Run(name, func(t *testing.T) {
			var s *scripted
			if test.version == mqtt.V5 {
				s = dialV5(t, test.connAck, nil)
			} else {
				s = dialScripted(t, nil)
			}
			_, err := s.Subscribe(s.ctx, test.subs...)
			if _, ok := err.(*mqtt.ArgumentError); !ok { //nolint:errorlint // it is not to be wrapped
				t.Errorf("got %v", err)
			}
			s.closeWell()
		})
	}
}

func TestServerWithoutIdentifiers(t *testing.T) {
	s := dialV5(t, "2900", nil)
	subscribed := async(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", NoLocal: true, RetainAsPublished: true, RetainHandling: mqtt.RetainedNever, QoS: 1}))
	})
	s.server.Expect("82 07 0001 00 0001 61 2D") // SU-19
	s.server.Send("90 04 0001 00 01")
	s.mustWait(subscribed)
}

func TestUserPropertiesOfSubscribeAndUnsubscribe(t *testing.T) { // UN-02, UN-03, SU-29
	s := dialV5(t, "2900", nil)
	one := mqtt.UserProperty{Name: "k", Value: "1"}
	d, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "a", QoS: 2, UserProperties: []mqtt.UserProperty{one}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Expect("82 0E 0001 07 26 00016B 000131 0001 61 02")
	s.server.Send("90 0F 0001 0B 1F0001 72 26 00016B 000132 01")
	if err := d.Wait(s.ctx); err != nil {
		t.Fatal(err)
	}
	a := d.Answer()
	if len(a.Codes) != 1 || a.Codes[0] != 1 || a.ReasonString != "r" || len(a.UserProperties) != 1 || a.UserProperties[0].Value != "2" {
		t.Errorf("answer %+v", a)
	}
	d, err = s.UnsubscribeAsync(s.ctx, []string{"a", "no"}, nil, one)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Expect("A2 11 0002 07 26 00016B 000131 0001 61 0002 6E6F")
	s.server.Send("B0 05 0002 00 00 11")
	if err := d.Wait(s.ctx); err != nil { // 0x11 No subscription existed is no failure
		t.Fatal(err)
	}
	if a := d.Answer(); len(a.Codes) != 2 || a.Codes[1] != 0x11 {
		t.Errorf("answer %+v", a)
	}
}
