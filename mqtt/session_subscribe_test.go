package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// answers has the server answer the SUBSCRIBE or UNSUBSCRIBE that comes next with
// codes, and returns it.
func (s *lasting) answers(codes ...byte) (packet []byte) {
	s.t.Helper()
	packet = s.server.Packet()
	at := 2
	for packet[at-1] >= 0x80 {
		at++
	}
	body := packet[at : at+2]
	if s.five {
		body = append(bytes.Clone(body), 0)
	} else if packet[0] == 0xA2 {
		codes = nil
	}
	s.server.SendBytes(frame((packet[0]&0xF0)+0x10, append(bytes.Clone(body), codes...)))
	synctest.Wait()
	return packet
}

// subscribed subscribes, and the server grants each its code.
func (s *lasting) subscribed(codes []byte, subs ...mqtt.Subscription) {
	s.t.Helper()
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, subs...)) })
	s.answers(codes...)
	err := s.wait(done)
	if refused := slices.Max(codes) >= 0x80; (err != nil) != refused {
		s.t.Fatalf("subscribe: %v", err)
	}
}

// TestSubscribeGoesOnAcrossALoss: the request is sent again under a new identifier, and the call
// goes on. It shows SR-16: subscribe and unsubscribe go on across a loss.
func TestSubscribeGoesOnAcrossALoss(t *testing.T) {
	for _, session := range []string{"present", "absent"} {
		t.Run(session, func(t *testing.T) {
			eachLasting(t, nil, func(s *lasting) {
				s.subscribed([]byte{0}, s.sub("old", "old"))
				publish := s.publishes(1, "a")
				s.play("> pub 32 2 a")
				subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("new", "t"))) })
				first := s.server.Packet()
				unsubscribed := async(func() error { return s.Unsubscribe(s.ctx, "old") })
				s.server.Packet()
				s.lose(session)
				var packets [][]byte
				if session == "absent" {
					packets = append(packets, s.answers(0)) // the old subscription, which the server may know again
				}
				packets = append(packets, s.answers(0), s.answers(0))
				if session == "present" {
					s.play("> pub 3A 2 a")
				}
				s.mustWait(subscribed)
				s.mustWait(unsubscribed)
				second := packets[len(packets)-2]
				if second[0] != 0x82 || !bytes.Equal(second[len(second)-4:], first[len(first)-4:]) {
					s.t.Errorf("% X, then % X", first, second)
				}
				if last := packets[len(packets)-1]; last[0] != 0xA2 || !bytes.HasSuffix(last, []byte("old")) {
					s.t.Errorf("% X", last)
				}
				s.server.ExpectNothing(time.Second)
				s.server.SendBytes(publishBytes(s.five, 0x30, "t", 0, "x"))
				s.expectEvent("new t=x")
				_ = publish
			})
		})
	}
}

// TestSubscriptionsAreRenewed: each is renewed once, and has its handler. It shows SR-17:
// subscriptions are renewed when the session is lost. It keeps out peer 4.10: subscriptions vanish
// with a connection; peer 4.29: handlers are lost with a connection.
func TestSubscriptionsAreRenewed(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		one := s.sub("one", "t/+")
		one.QoS, one.NoLocal, one.RetainAsPublished, one.RetainHandling = 1, true, true, mqtt.RetainedIfNew
		one.ID, one.UserProperties = 7, []mqtt.UserProperty{{Name: "k", Value: "v"}}
		s.subscribed([]byte{1}, one)
		for range 2 {
			s.lose("absent")
			s.server.Expect("82 12", s.nextID(), "09 0B07 26 00016B 000176 0003 742F2B 1D")
			s.server.SendBytes(frame(0x90, append(mustHex(s.t, s.lastID()), 0, 1)))
			s.server.ExpectNothing(time.Second)
			s.server.SendBytes(publishBytes(true, 0x30, "t/1", 0, "x"))
			s.expectEvent("one t/1=x")
		}
		s.lose("present")
		s.server.ExpectNothing(time.Second) // the server has it
		s.server.SendBytes(publishBytes(true, 0x30, "t/1", 0, "y"))
		s.expectEvent("one t/1=y")
	})
}

// nextID counts the packet identifiers of requests, beginning behind the first.
func (s *lasting) nextID() string {
	s.requests++
	return s.lastID()
}

func (s *lasting) lastID() string { return hexOf([]byte{0, byte(s.requests + 1)}) }

// TestOnlyWhatIsWantedIsRenewed shows SR-18: refused and ended subscriptions are not renewed.
func TestOnlyWhatIsWantedIsRenewed(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		s.subscribed([]byte{0, 0x80, 2}, s.sub("a", "a"), s.sub("no", "no"), s.sub("b", "b"))
		s.subscribed([]byte{1}, s.sub("c", "c"))
		s.subscribed([]byte{1}, s.sub("b2", "b")) // in the place of the other
		gone := async(func() error { return s.Unsubscribe(s.ctx, "a") })
		s.answers(0)
		s.mustWait(gone)
		s.lose("absent")
		packet := s.answers(0, 0)
		text := string(packet)
		if packet[0] != 0x82 || strings.Count(text, "\x00\x01b") != 1 || strings.Count(text, "\x00\x01c") != 1 ||
			strings.Contains(text, "\x00\x01a") || strings.Contains(text, "no") {
			s.t.Errorf("renewed with %q", text)
		}
		s.server.ExpectNothing(time.Second)
		s.server.SendBytes(publishBytes(s.five, 0x30, "b", 0, "x"))
		s.expectEvent("b2 b=x")
		s.expectNoEvent()
	})
}

// TestManySubscriptionsAreRenewedOnce: in packets of a size that the server takes. It shows SR-17:
// subscriptions are renewed when the session is lost.
func TestManySubscriptionsAreRenewedOnce(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		const n = 250
		subs := make([]mqtt.Subscription, n)
		for i := range subs {
			subs[i] = s.sub("x", "filter/"+strings.Repeat("i", i+1)+"/")
		}
		s.subscribed(make([]byte, n), subs...)
		s.lose("absent")
		seen, packets := make(map[string]int), 0
		for len(seen) < n {
			p := s.server.Packet()
			packets++
			for _, f := range strings.Split(string(p), "filter/")[1:] {
				seen[f[:strings.Index(f, "/")]]++
			}
		}
		s.server.ExpectNothing(time.Second)
		for f, times := range seen {
			if times != 1 {
				s.t.Errorf("%s was renewed %d times", f, times)
			}
		}
		if packets > 5 {
			s.t.Errorf("%d packets", packets)
		}
	})
}

// TestRefusedRenewalIsReported: and it is not tried again. It shows SR-17: subscriptions are
// renewed when the session is lost; SR-18: refused and ended subscriptions are not renewed.
func TestRefusedRenewalIsReported(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		s.subscribed([]byte{0}, s.sub("a", "a"))
		s.lose("absent")
		s.answers(0x80)
		s.expectEvent(`error: subscribe "a": 0x80`)
		s.lose("absent")
		s.server.ExpectNothing(time.Second)
		s.expectNoEvent()
	})
}

// TestRenewalAcrossALoss: a renewal that was not answered is made once, too. It shows SR-17:
// subscriptions are renewed when the session is lost.
func TestRenewalAcrossALoss(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		s.subscribed([]byte{0}, s.sub("a", "a"))
		s.lose("absent")
		s.server.Packet()
		s.lose("absent")
		s.answers(0)
		s.server.ExpectNothing(time.Second)
		s.lose("absent")
		s.server.Packet()
		s.lose("present") // the server may or may not have had it
		s.answers(0)
		s.server.ExpectNothing(time.Second)
		s.expectNoEvent()
	})
}

// TestRenewalThatTheServerDoesNotOffer: it is reported. It shows SR-12: other limits that became
// smaller at a reconnect [MQTT-3.2.2-11]; SR-17: subscriptions are renewed when the session is
// lost.
func TestRenewalThatTheServerDoesNotOffer(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		s.subscribed([]byte{0}, s.sub("a", "a/+"))
		s.subscribed([]byte{0}, s.sub("b", "b"))
		s.limits = "2800 2900"
		s.lose("absent")
		s.answers(0)
		s.server.ExpectNothing(time.Second)
		s.expectEvent(`error: subscribe "a/+": not sent`)
		s.expectNoEvent()
	})
}

// TestSessionThatOnlyTheServerKnows: a server that has a session of which this process knows
// nothing. The session may be known and empty, so it goes on; what it holds comes
// to the Message handler.
//
// It shows CA-13: session present that the client does not know [MQTT-3.2.2-4] of 5.
func TestSessionThatOnlyTheServerKnows(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, version, nil)
			s.connect("present")
			if !s.ConnAck().SessionPresent {
				t.Error("nobody is told")
			}
			s.play(`quiet
				< pub 32 5 a
				> 40 02 0005
				got t=a
				< 50 02 0009`)
			if s.five {
				s.play("> 62 03 0009 92") // not ours: let the server end it
			} else {
				s.play("> 62 02 0009")
			}
			s.play("< 40 02 0009 70 02 0009")
			s.publishes(1, "b")
			s.play("> pub 32 1 b")
		})
	}
}

// TestCancelledSubscribeIsNotSentLater: what waits for a connection when its context ends is never
// sent, and what was in force before is again.
func TestCancelledSubscribeIsNotSentLater(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		must(s.t, s.subscribeHere(s.sub("old", "f")))
		s.net.refuses(nobody)
		s.drop()
		ctx, cancel := context.WithTimeout(s.ctx, time.Second)
		defer cancel()
		calls := []chan error{
			async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "f")); return err }),
			async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "g")); return err }),
			async(func() error { return s.Unsubscribe(ctx, "f") }),
		}
		for _, call := range calls {
			err := <-call
			checkError(s.t, err, mqtt.ErrNotSent, context.DeadlineExceeded)
			if errors.Is(err, mqtt.ErrInDoubt) {
				s.t.Errorf("%v", err)
			}
		}
		s.online("present")
		s.play("quiet")
		s.server.SendBytes(publishBytes(s.five, 0x30, "f", 0, ""))
		s.expectEvent("old f=")
		s.lose("absent")
		if p := s.server.Packet(); !bytes.Contains(p, []byte("\x00\x01f")) || bytes.Contains(p, []byte("\x00\x01g")) {
			s.t.Errorf("renewed with % X", p)
		}
		s.play("quiet")
	})
}

// TestCancelledSubscribeThatWasSentIsInDoubt: one that waits for an answer, and then for another
// connection.
func TestCancelledSubscribeThatWasSentIsInDoubt(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second)
		defer cancel()
		call := async(func() error { _, err := s.Subscribe(ctx, s.sub("new", "f")); return err })
		s.server.Packet()
		s.net.refuses(nobody)
		s.drop()
		checkError(s.t, <-call, mqtt.ErrInDoubt, context.DeadlineExceeded)
		s.online("present")
		s.play("quiet") // nobody waits for it any more
	})
}

// TestRequestsKeepTheirOrderOverAConnection has an unsubscribe wait for the next connection
// while the subscribe before it has no answer: the server is to hear of them in the order of the
// calls, or it goes on with a subscription that the application has ended.
func TestRequestsKeepTheirOrderOverAConnection(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		subscribed, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "f"}}, nil)
		must(t, err)
		s.play("> 82 09 0001 02 0B01 000166 00")
		s.server.Send("D0 01 00") // the client leaves, and the server does not read why
		synctest.Wait()
		unsubscribed, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, nil)
		must(t, err)
		<-time.After(10 * time.Second)
		s.acceptNext("present")
		s.play(`> 82 09 0002 02 0B02 000166 00
			> A2 06 0003 00 000166
			< 90 04 0002 00 00
			< B0 04 0003 00 00`)
		s.expectDone(subscribed)
		s.expectDone(unsubscribed)
	})
}

// TestRefusedRequestThatWasSentIsInDoubt has a subscribe without an answer meet a server that does
// not take it: the one before may have, so it is not told that nothing was sent.
func TestRefusedRequestThatWasSentIsInDoubt(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		d, err := s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "+"}}, nil)
		must(t, err)
		s.play("> 82 09 0001 02 0B01 00012B 00")
		s.limits = "28 00" // no wildcards
		s.lose("present")
		s.expectDone(d, mqtt.ErrInDoubt)
		if errors.Is(d.Err(), mqtt.ErrNotSent) {
			t.Error(d.Err())
		}
	})
}
