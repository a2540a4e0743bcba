package mqtt_test

import (
	"slices"
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

func TestEachHandlerGetsItsMessages(t *testing.T) { // SU-17, SU-18, SU-25, RX-04
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

func TestMessagesAroundSubAck(t *testing.T) { // SU-17, SU-18
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

func TestSharedSubscriptionIsDispatched(t *testing.T) { // SU-25, peer 4.24
	s := dialScripted(t, nil)
	if err := s.subscribe(0, s.sub("h", "$share/g/a/+")); err != nil {
		t.Fatal(err)
	}
	s.expectOnly("30 05 0003612F78", "h a/x= q0")
	s.closeWell()
}

func TestNewHandlerReplacesTheOld(t *testing.T) { // SU-26
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

func TestRefusedHandlerIsNotCalled(t *testing.T) { // SU-08
	s := dialScripted(t, nil)
	if err := s.subscribe(0x80, s.sub("refused", "t")); err == nil {
		t.Error("refused, but no error")
	}
	s.expectOnly("30 03 000174", "message t= q0")
	s.closeWell()
}

func TestSubscribeTwiceAtOnce(t *testing.T) { // two requests for one filter, each may be refused
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

func TestSubscribeWhileUnsubscribing(t *testing.T) { // the last call counts
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

func TestLateMessages(t *testing.T) { // UN-07
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

func TestUnsubscribeInAResumedSession(t *testing.T) { // the server may hold filters we do not know
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	s.dial(mqtt.Config{ClientID: "c", KeepSession: true}, "20 02 0100")
	s.unsubscribe("t")
	s.expectOnly("30 03 000174", "message t= q0") // it may be for an old "#"
	s.closeWell()
}

func TestRetainedNever(t *testing.T) { // RT-04 before MQTT 5
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
