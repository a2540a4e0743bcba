package mqtt_test

import (
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// TestUnsubscribeBytes shows UN-01: UNSUBSCRIBE of one filter [MQTT-3.10.1-1]; UN-02: UNSUBSCRIBE
// with a user property; UN-03: UNSUBSCRIBE of several filters.
func TestUnsubscribeBytes(t *testing.T) {
	for _, test := range []struct {
		change     func(*mqtt.Config)
		filters    []string
		want, send string
	}{
		{nil, []string{"unsubscribe/test"}, "A2 14 0001 0010756E7375627363726962652F74657374", "B0 02 0001"},
		{nil, []string{"a", "b"}, "A2 08 0001 000161 000162", "B0 02 0001"},
		{v5, []string{"a", "b"}, "A2 09 0001 00 000161 000162", "B0 05 0001 00 0011"},
	} {
		s := dialScripted(t, test.change)
		done := async(func() error { return s.Unsubscribe(s.ctx, test.filters...) })
		s.server.Expect(test.want)
		s.server.Send(test.send)
		s.mustWait(done)
		s.closeWell()
	}
}

// TestUserPropertiesOfSubscribeAndUnsubscribe shows UN-02: UNSUBSCRIBE with a user property
// [MQTT-3.10.1-1]; UN-03: UNSUBSCRIBE of several filters; SU-29: properties of SUBACK.
func TestUserPropertiesOfSubscribeAndUnsubscribe(t *testing.T) {
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

// TestUserPropertiesOfRequestsAreText shows CN-20: identifier or user name that is no text
// [MQTT-3.1.3-11] of 3.1.1; UN-02: UNSUBSCRIBE with a user property [MQTT-3.10.1-1]; SU-29:
// properties of SUBACK [MQTT-1.5.7-1].
func TestUserPropertiesOfRequestsAreText(t *testing.T) {
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

// TestMessagesAfterUnsubscribeAreAcknowledged shows UN-07: message after UNSUBACK [MQTT-4.5.0-2].
func TestMessagesAfterUnsubscribeAreAcknowledged(t *testing.T) {
	s := dialScripted(t, nil)
	if err := s.subscribe(2, s.sub("h", "t")); err != nil {
		t.Fatal(err)
	}
	unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "t") })
	s.server.Packet()
	s.expectOnly("30 03 000174", "h t= q0") // until UNSUBACK they come
	s.server.Send("B0 02 0002")
	s.mustWait(unsubscribed)
	s.expectOnly("32 05 000174 0007 34 05 000174 0008") // acknowledged, not handled
	s.server.Expect("40 02 0007", "50 02 0008")
	s.server.Send("62 02 0008")
	s.server.Expect("70 02 0008")
	if err := s.subscribe(0, s.sub("again", "t")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("30 03 000174", "again t= q0")
	s.closeWell()
}

// TestLaterSubscribeWinsOverUnsubscribe: the last call counts.
func TestLaterSubscribeWinsOverUnsubscribe(t *testing.T) {
	for _, test := range []struct {
		code byte
		want []string
	}{
		{0, []string{"two t= q0"}},
		{0x80, []string{"message t= q0"}}, // the old one must not come back
	} {
		s := dialScripted(t, nil)
		if err := s.subscribe(0, s.sub("one", "t")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UnsubscribeAsync(s.ctx, []string{"t"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{s.sub("two", "t")}, nil); err != nil {
			t.Fatal(err)
		}
		s.server.Packet()
		s.server.Packet()
		s.server.Send("B0 02 0002")
		s.server.SendBytes([]byte{0x90, 3, 0, 3, test.code})
		s.expectOnly("30 03 000174", test.want...)
		s.closeWell()
	}
}

func TestUnsubscribeLeavesOthers(t *testing.T) {
	s := dialScripted(t, nil)
	for _, sub := range []mqtt.Subscription{s.sub("one", "a/b"), s.sub("all", "#")} {
		if err := s.subscribe(0, sub); err != nil {
			t.Fatal(err)
		}
	}
	s.unsubscribe("a/b")
	s.unsubscribe("never/subscribed")
	s.server.Send("30 05 0003612F62")
	s.expectEvent("all a/b= q0")
	s.closeWell()
}

// TestUnsubscribeInAResumedSessionLeavesOtherFilters: the server may hold filters that the client
// does not know.
func TestUnsubscribeInAResumedSessionLeavesOtherFilters(t *testing.T) {
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	s.dial(mqtt.Config{ClientID: "c", KeepSession: true}, "20 02 0100")
	s.unsubscribe("t")
	s.expectOnly("30 03 000174", "message t= q0") // it may be for an old "#"
	s.closeWell()
}
