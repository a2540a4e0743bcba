package mqtt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// expectOnly sends hex, then a message to "end", and checks what came between.
func (s *scripted) expectOnly(hex string, want ...string) {
	s.t.Helper()
	s.server.Send(hex, "30 05 0003656E64")
	var got []string
	for {
		var e string
		select {
		case e = <-s.events:
		case <-s.ctx.Done():
			s.t.Fatalf("%s: after %q nothing more is handled", hex, got)
		}
		if e == "message end= q0" {
			break
		}
		got = append(got, e)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s was handled as %q, want %q", hex, got, want)
	}
}

// TestEachHandlerGetsItsMessages shows SU-17: message before SUBACK; SU-18: retained messages with
// SUBACK; SU-25: matching of filters; RX-04: message for no handler [MQTT-4.5.0-2].
func TestEachHandlerGetsItsMessages(t *testing.T) {
	s := dialScripted(t, nil)
	for _, sub := range []mqtt.Subscription{s.sub("plus", "+/x"), s.sub("hash", "a/#"), s.sub("exact", "a/x"), {Filter: "d"}} {
		if err := s.subscribe(0, sub); err != nil {
			t.Fatal(err)
		}
	}
	s.expectOnly("30 05 0003612F78", "plus a/x= q0", "hash a/x= q0", "exact a/x= q0") // in order of subscribing, one message
	s.expectOnly("30 03 000161", "hash a= q0")
	s.expectOnly("30 05 0003622F78", "plus b/x= q0")
	s.expectOnly("30 03 000164", "message d= q0")
	s.expectOnly("30 03 00017A", "message z= q0") // no subscription of ours
	s.expectOnly("30 08 0006 24532F782F78", "message $S/x/x= q0")
	s.closeWell()
}

// TestMessagesAroundSubAck shows SU-17: message before SUBACK; SU-18: retained messages with
// SUBACK.
func TestMessagesAroundSubAck(t *testing.T) {
	s := dialScripted(t, nil)
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("h", "t"))) })
	s.server.Packet()
	s.server.Send("30 04 00017431", "90 03 000100", "31 04 00017432", "31 04 00017433")
	s.mustWait(done)
	for _, want := range []string{"h t=1 q0", "h t=2 q0 retain", "h t=3 q0 retain"} {
		s.expectEvent(want)
	}
	s.closeWell()
}

// TestSharedSubscriptionIsDispatched shows SU-25: matching of filters. It keeps out peer 4.24:
// messages of shared subscriptions reach no handler.
func TestSharedSubscriptionIsDispatched(t *testing.T) {
	s := dialScripted(t, nil)
	if err := s.subscribe(0, s.sub("h", "$share/g/a/+")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("30 05 0003612F78", "h a/x= q0")
	s.closeWell()
}

// TestNewHandlerReplacesTheOld shows SU-26: same filter subscribed again.
func TestNewHandlerReplacesTheOld(t *testing.T) {
	s := dialScripted(t, nil)
	if err := s.subscribe(0, s.sub("one", "t")); err != nil {
		t.Fatal(err)
	}
	if err := s.subscribe(1, s.sub("two", "t")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("30 03 000174", "two t= q0")
	if err := s.subscribe(0x80, s.sub("three", "t")); err == nil {
		t.Error("refused, but no error")
	}
	s.expectOnly("30 03 000174", "two t= q0") // what was in force stays
	s.closeWell()
}

// TestRefusedHandlerIsNotCalled shows SU-08: subscription refused.
func TestRefusedHandlerIsNotCalled(t *testing.T) {
	s := dialScripted(t, nil)
	if err := s.subscribe(0x80, s.sub("refused", "t")); err == nil {
		t.Error("refused, but no error")
	}
	s.expectOnly("30 03 000174", "message t= q0")
	s.closeWell()
}

// TestTwoSubscribesOfOneFilterAtOnce: each of the two requests may be refused.
func TestTwoSubscribesOfOneFilterAtOnce(t *testing.T) {
	for _, test := range []struct {
		codes [2]byte
		want  string
	}{
		{[2]byte{0, 0}, "two t= q0"},
		{[2]byte{0x80, 0}, "two t= q0"},
		{[2]byte{0, 0x80}, "one t= q0"},
		{[2]byte{0x80, 0x80}, "message t= q0"},
	} {
		s := dialScripted(t, nil)
		for _, name := range []string{"one", "two"} {
			if _, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{s.sub(name, "t")}, nil); err != nil {
				t.Fatal(err)
			}
			s.server.Packet()
		}
		s.server.SendBytes([]byte{0x90, 3, 0, 1, test.codes[0], 0x90, 3, 0, 2, test.codes[1]})
		s.expectOnly("30 03 000174", test.want)
		s.closeWell()
	}
}

// TestRetainedNeverBeforeMQTT5: before MQTT 5 the client itself drops retained messages. It shows
// RT-04: retain handling.
func TestRetainedNeverBeforeMQTT5(t *testing.T) {
	never := func(s *scripted, name, filter string) mqtt.Subscription {
		sub := s.sub(name, filter)
		sub.RetainHandling = mqtt.RetainedNever
		return sub
	}
	s := dialScripted(t, nil)
	if err := s.subscribe(1, never(s, "never", "a/#")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("31 05 0003612F62")
	s.expectOnly("33 07 0003612F62 0005") // dropped, but acknowledged
	s.server.Expect("40 02 0005")
	s.expectOnly("30 05 0003612F62", "never a/b= q0")
	if err := s.subscribe(1, s.sub("always", "a/b")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("31 05 0003612F62", "always a/b= q0 retain") // for the one that wants it
	s.expectOnly("30 05 0003612F62", "never a/b= q0", "always a/b= q0")
	s.closeWell()

	five := dialScripted(t, v5) // the server does it; a retain flag may mean retain as published
	done := async(func() error { return errorOf(five.Subscribe(five.ctx, never(five, "never", "t"))) })
	five.server.Packet()
	five.server.Send("90 04 00010000", "31 04 00017400")
	five.mustWait(done)
	five.expectEvent("never t= q0 retain")
	five.closeWell()
}

// TestMessagesAroundSubAckInMQTT5 shows SU-17: message before SUBACK; SU-18: retained messages with
// SUBACK; SU-26: same filter subscribed again; UN-07: message after UNSUBACK [MQTT-4.5.0-2].
func TestMessagesAroundSubAckInMQTT5(t *testing.T) {
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

// TestMessagesAreDispatchedBySubscriptionIdentifier shows SU-22: subscription identifiers; SU-23:
// dispatch by identifier; RX-31: several subscription identifiers.
func TestMessagesAreDispatchedBySubscriptionIdentifier(t *testing.T) {
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

// TestSubscriptionIdentifierIsEncoded shows SU-22: subscription identifiers.
func TestSubscriptionIdentifierIsEncoded(t *testing.T) {
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

// TestSubscriptionOptionsThatAreRefused shows SU-20: no local on a shared subscription
// [MQTT-3.8.3-4] of 5; SU-21: subscribe options of MQTT 5 asked for before it; SU-22: subscription
// identifiers; CA-42: wildcards, identifiers, shared subscriptions not available.
func TestSubscriptionOptionsThatAreRefused(t *testing.T) {
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

func TestSubscribeAtAServerWithoutSubscriptionIdentifiers(t *testing.T) {
	s := dialV5(t, "2900", nil)
	subscribed := async(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", NoLocal: true, RetainAsPublished: true, RetainHandling: mqtt.RetainedNever, QoS: 1}))
	})
	s.server.Expect("82 07 0001 00 0001 61 2D") // SU-19: option bits
	s.server.Send("90 04 0001 00 01")
	s.mustWait(subscribed)
}

// TestRememberedTopicsFollowTheSubscriptions changes what a topic leads to
// between messages, with more topics than are remembered.
func TestRememberedTopicsFollowTheSubscriptions(t *testing.T) {
	s := dialScripted(t, nil)
	id := 0
	answered := func(call func() error, typ, code string) {
		t.Helper()
		id++
		done := async(call)
		s.server.Packet()
		s.server.Send(fmt.Sprintf("%s %04X %s", typ, id, code))
		s.mustWait(done)
	}
	round := func(want string) {
		t.Helper()
		for range 2 {
			for i := range 100 {
				s.server.Send(fmt.Sprintf("30 05 0003 74%02X%02X", 'a'+i/10, '0'+i%10))
			}
			for i := range 100 {
				s.expectEvent(fmt.Sprintf("%s t%c%c", want, 'a'+i/10, '0'+i%10))
			}
		}
	}
	handler := func(name string) func(context.Context, *mqtt.Received) {
		return func(_ context.Context, m *mqtt.Received) { s.events <- name + " " + m.Topic }
	}
	round("message")
	answered(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "+", Handler: handler("one")}))
	}, "90 03", "00")
	round("one")
	answered(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "+", Handler: handler("two")}))
	}, "90 03", "00")
	round("two")
	answered(func() error { return s.Unsubscribe(s.ctx, "+") }, "B0 02", "")
	s.server.Send("30 05 0003 746130")
	s.finish()
}
