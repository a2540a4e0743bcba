package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestManualAck shows RX-08: PUBACKs in the order of the messages [MQTT-4.6.0-2]; RX-09:
// acknowledged after the handler [MQTT-4.3.2-4].
func TestManualAck(t *testing.T) {
	var held []*mqtt.Received
	var mu sync.Mutex
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		message := cfg.OnMessage
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
			mu.Lock()
			held = append(held, m)
			mu.Unlock()
			message(ctx, m)
		}
	})
	s.server.Send("32 05 000174 0003", "34 05 000174 0001", "32 05 000174 0002", "30 03 000174")
	for range 4 {
		s.expectEvent("message t=")
	}
	ack := func(i int) {
		if err := held[i].Ack(); err != nil {
			t.Error(err)
		}
	}
	ack(3) // QoS 0: nothing happens
	ack(2)
	s.server.Send("32 05 000178 00FF") // the others still hold its PUBACK back
	s.expectEvent("message x=")
	ack(0)
	s.server.Expect("40 02 0003")
	ack(0) // again: nothing happens
	ack(1)
	s.server.Expect("50 02 0001", "40 02 0002")
	ack(4)
	s.server.Expect("40 02 00FF")
	s.server.Send("32 05 000174 0004")
	s.expectEvent("message t=")
	s.server.Close()
	<-s.Done()
	if err := held[5].Ack(); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestManualAckBesideAHandler: one of two subscriptions acknowledges by hand.
func TestManualAckBesideAHandler(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.ManualAck = true })
	acked := make(chan error, 1)
	first := s.sub("first", "t")
	first.Handler = func(_ context.Context, m *mqtt.Received) {
		go func() { acked <- m.Ack() }() // at once, while the other handler has yet to run
		<-acked
	}
	if err := s.subscribe(1, first); err != nil {
		t.Fatal(err)
	}
	if err := s.subscribe(1, mqtt.Subscription{Filter: "#", QoS: 1}); err != nil {
		t.Fatal(err)
	}
	s.server.Send("32 05 000174 0003")
	s.server.Expect("40 02 0003")
	s.expectEvent("message t=")
	s.closeWell()
}

// TestRejectAnswersWithAReasonCode shows RX-10: message refused by the application [MQTT-3.4.2-1];
// RX-11: refusal with a code that does not exist [MQTT-3.5.2-1]; RX-22: identifier again after a
// refusal [MQTT-4.3.3-9].
func TestRejectAnswersWithAReasonCode(t *testing.T) {
	held := make(chan *mqtt.Received, 10)
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { held <- m }
	})
	s.server.Send("32 06 0001 74 0007 00", "34 06 0001 74 0009 00")
	first, second := <-held, <-held
	for _, code := range []mqtt.ReasonCode{0, 0x10, 0x92, 0xFF} {
		if err := first.Reject(code); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("code %v: %v", code, err)
		}
	}
	if err := first.Reject(0x83); err != nil {
		t.Error(err)
	}
	s.server.Expect("40 03 0007 83")
	if err := second.Reject(0x87); err != nil {
		t.Error(err)
	}
	s.server.Expect("50 03 0009 87")
	s.server.Send("34 06 0001 74 0009 00") // a new message: the flow ended with the refusal
	if m := <-held; m.PacketID != 9 {
		t.Errorf("got %+v", m)
	}
}

func TestSkippedMessageComesAgain(t *testing.T) {
	held := make(chan *mqtt.Received, 10)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.KeepSession = true
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { held <- m }
	})
	s.server.Send("32 05 000174 0007", "34 05 000174 0008", "32 05 000174 0009")
	first, second, third := <-held, <-held, <-held
	for _, settle := range []func() error{third.Ack, second.Skip, first.Skip} {
		must(t, settle())
	}
	s.server.Expect("40 02 0009") // it has waited for the other two
	must(t, first.Ack())          // too late: it is left to the server
	s.closeWell()                 // nothing else was said
	if err := second.Skip(); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestPayloadAcknowledgedBeforeItIsRead reads a payload after the server has acknowledged it. To
// change it then is allowed, unless PublishNoCopy took it.
func TestPayloadAcknowledgedBeforeItIsRead(t *testing.T) {
	s := dialScripted(t, nil)
	payload := payloadOf(0, 32<<20)
	published := async(func() error {
		return s.Publish(context.Background(), mqtt.Message{Topic: "t", Payload: payload, QoS: 1})
	})
	for done := false; !done; {
		s.server.Send("40 02 0001") // ignored as long as nothing waits for it
		select {
		case err := <-published:
			must(t, err)
			done = true
		default:
		}
	}
	copy(payload, payloadOf(1, len(payload)))
	if b := s.server.Packet(); b[len(b)-1] != 1 {
		t.Errorf("the payload was read after Publish had returned")
	}
}

// TestAckAfterTheEndIsErrClosed: the connection of the message has ended, and so has the client. It
// shows RX-13: acknowledgement of a lost connection. It keeps out peer 4.28: a late acknowledgement
// acknowledges something else.
func TestAckAfterTheEndIsErrClosed(t *testing.T) {
	got := make(chan *mqtt.Received, 1)
	hold := func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
	}
	eachVersion(t, hold, func(s *scripted, five bool) {
		s.sendPublish(five, 0x32, 5, "")
		m := <-got
		s.server.Close()
		<-s.Done()
		if err := m.Ack(); !errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("got %v", err)
		}
		next := dialV5(s.t, "", nil)
		if err := m.Ack(); !errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("got %v", err)
		}
		next.expectAlive(true) // and nothing came before
	})
}

// holding has every message wait for its acknowledgement by the test.
func holding(t *testing.T, f func(s *lasting, got chan *mqtt.Received)) {
	t.Helper()
	got := make(chan *mqtt.Received, 10)
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got = make(chan *mqtt.Received, 10)
				s := newLasting(t, version, func(cfg *mqtt.Config) {
					cfg.ManualAck = true
					cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
				})
				s.connect("absent")
				f(s, got)
				synctest.Wait()
				if len(got) > 0 {
					t.Errorf("delivered again: %s", describe(<-got))
				}
			})
		})
	}
}

// TestAcknowledgementsStayWithTheirConnection shows RX-13: acknowledgement of a lost connection;
// SR-15: acknowledgements are not carried over [MQTT-4.4.0-1] of 5. It keeps out T-A11:
// acknowledgements leave on the wrong connection; peer 4.28: a late acknowledgement acknowledges
// something else.
func TestAcknowledgementsStayWithTheirConnection(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 32 5 a")
		m := <-got
		s.drop()
		checkError(s.t, m.Ack(), mqtt.ErrNotConnected)
		s.acceptNext("present")
		s.play(`quiet
			< pub 3A 5 a
			quiet`)
		old := m
		m = <-got
		checkError(s.t, old.Ack(), mqtt.ErrNotConnected) // of QoS 1 it counts no more
		s.play("quiet")
		must(s.t, m.Ack())
		s.play(`> 40 02 0005
			< pub 34 6 b`)
		m = <-got
		s.lose("present")
		must(s.t, m.Ack()) // on the next one
		s.play(`quiet
			< pub 3C 6 b
			> 50 02 0006
			< pub 34 7 c`)
		m = <-got
		s.lose("present")
		s.play(`< pub 3C 7 c
			quiet`)
		must(s.t, m.Ack()) // after the server has sent it again
		s.play("> 50 02 0007")
	})
}

// TestAcknowledgementOfALostSessionIsNotSent: another message of the next session may have its
// identifier. It shows RX-13: acknowledgement of a lost connection. It keeps out T-A11:
// acknowledgements leave on the wrong connection.
func TestAcknowledgementOfALostSessionIsNotSent(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 32 5 a
			< pub 34 6 b`)
		old := []*mqtt.Received{<-got, <-got}
		s.play(`lose absent
			< pub 32 5 c
			< pub 34 6 d`)
		fresh := []*mqtt.Received{<-got, <-got}
		for _, m := range old {
			checkError(s.t, m.Ack(), mqtt.ErrNotConnected)
		}
		s.play("quiet")
		for _, m := range fresh {
			must(s.t, m.Ack())
		}
		s.play(`> 40 02 0005
			> 50 02 0006`)
	})
}

// TestOldAckIsNotForANewMessageOfItsIdentifier: an old acknowledgement is not that of another
// message. It shows RX-13: acknowledgement of a lost connection. It keeps out T-A11:
// acknowledgements leave on the wrong connection.
func TestOldAckIsNotForANewMessageOfItsIdentifier(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 32 5 a")
		old := <-got
		s.play(`lose present
			< pub 32 5 b`)
		fresh := <-got
		checkError(s.t, old.Ack(), mqtt.ErrNotConnected)
		s.play("quiet")
		must(s.t, fresh.Ack())
		s.play("> 40 02 0005")
	})
}

// TestAcknowledgingGoesOnAfterTheServersEnd has the server end a connection with many
// messages under way, all of which come again: each is acknowledged, and so are later ones.
func TestAcknowledgingGoesOnAfterTheServersEnd(t *testing.T) {
	for name, end := range map[string]string{"DISCONNECT": "E0 01 8B", "malformed packet": "D0 01 00"} {
		for _, manual := range []bool{false, true} {
			for _, late := range []time.Duration{0, 20 * time.Millisecond} {
				t.Run(fmt.Sprint(name, ", manual ", manual, ", after ", late), func(t *testing.T) {
					acknowledgeAround(t, end, manual, late)
				})
			}
		}
	}
}

func acknowledgeAround(t *testing.T, end string, manual bool, late time.Duration) {
	const messages = 100
	lingering := func(cfg *mqtt.Config) {
		cfg.KeepAlive = -1
		cfg.ManualAck = manual
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
			<-time.After(time.Millisecond)
			if err := m.Ack(); err != nil && !errors.Is(err, mqtt.ErrNotConnected) { // it comes again
				t.Errorf("Ack: %v", err)
			}
		}
	}
	lastingV5(t, "", lingering, func(s *lasting) {
		send := func(first byte, done map[uint16]bool) {
			var all []byte
			for id := uint16(1); id <= messages; id++ {
				if !done[id] {
					all = append(all, publishBytes(true, first, "t", id, "")...)
				}
			}
			s.server.SendBytes(all)
		}
		done := make(map[uint16]bool)
		hear := func(until func() bool) {
			for !until() {
				p, err := s.server.TryPacket()
				if err != nil || p[0] == 0xE0 {
					return
				}
				done[uint16(p[2])<<8|uint16(p[3])] = true
			}
		}
		send(0x32, done)
		<-time.After(late)
		s.server.Send(end)
		hear(func() bool { return false })
		s.server.Close()
		s.acceptNext("present")
		send(0x3A, done)
		s.server.SetPatience(time.Minute)
		hear(func() bool { return len(done) == messages })
		if len(done) != messages {
			s.t.Fatalf("%d of %d messages were acknowledged", len(done), messages)
		}
		s.play(`< pub 32 9 later
			> 40 02 0009`)
	})
}

// TestCloseWaitsForAcknowledgements: Close gives what is in flight some time. It shows DC-05:
// disconnecting with publishes in flight.
func TestCloseWaitsForAcknowledgements(t *testing.T) {
	s := dialScripted(t, nil)
	d := s.publishes(1, "a")[0]
	s.expectPublish(false, 0x32, 1, "a")
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.ExpectNothing(50 * time.Millisecond)
	if err := s.Publish(s.ctx, mqtt.Message{Topic: "late", QoS: 1}); !errors.Is(err, mqtt.ErrClosed) || !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("a publish while the client is being closed: %v", err)
	}
	s.server.Send("40 02 0001")
	s.server.Expect("E0 00")
	s.server.Close()
	s.mustWait(closed)
	if err := d.Err(); err != nil {
		t.Errorf("the publish that was waited for: %v", err)
	}
}

// TestCloseDoesNotAcknowledgeWhatNobodySaw: such a message comes again. It shows DC-05:
// disconnecting with publishes in flight; RX-13: acknowledgement of a lost connection.
func TestCloseDoesNotAcknowledgeWhatNobodySaw(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.KeepSession = true })
	s.publishes(1, "a")
	s.expectPublish(false, 0x32, 1, "a")
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.ExpectNothing(50 * time.Millisecond)
	s.server.Send("32 06 0001 74 0009 70")
	s.server.ExpectNothing(50 * time.Millisecond)
	s.server.Send("40 02 0001")
	s.server.Expect("E0 00")
	s.server.Close()
	s.mustWait(closed)
}
