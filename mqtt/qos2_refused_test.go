package mqtt_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

// expectTaken checks that d has ended because the server has taken its message at QoS 1.
func (s *lasting) expectTaken(d *mqtt.Delivery) {
	s.t.Helper()
	s.expectDone(d, mqtt.ErrTakenAtQoS1, mqtt.ErrNoQoS2)
	if errors.Is(d.Err(), mqtt.ErrInDoubt) {
		s.t.Errorf("what became of it is known: %v", d.Err())
	}
}

// TestServerWithoutQoS2 has a server answer QoS 2 publishes with PUBACK, as RabbitMQ 3.10.8 does: each ends
// at once with what is known, those that waited are not sent, and later ones are refused. A new
// connection asks again. It shows P2-12: PUBACK for a QoS 2 publish.
func TestServerWithoutQoS2(t *testing.T) {
	two := func(cfg *mqtt.Config) { cfg.Limits.InFlightQoS2 = 2 }
	eachLasting(t, two, func(s *lasting) {
		all := s.publishes(2, "a", "b", "c")
		s.play("> pub 34 1 a")
		s.play("> pub 34 2 b")
		also := s.publishes(1, "d")[0]
		s.play("< 40 02 0001")
		s.play("> pub 32 3 d") // which had waited behind c
		s.expectTaken(all[0])
		s.expectDone(all[2], mqtt.ErrNotSent, mqtt.ErrNoQoS2)
		s.expectOpen(all[1])
		s.play("< 40 02 0002 40 02 0003")
		s.expectTaken(all[1])
		s.expectDone(also)
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 2}), mqtt.ErrNotSent, mqtt.ErrNoQoS2)
		if st := s.Stats(); st.InFlight+st.Queued+st.QueuedBytes > 0 || s.IsQueued() {
			s.t.Errorf("the window is not free: %+v", st)
		}
		s.play("quiet")
		s.lose("present")
		s.play("quiet") // what is complete is not sent again
		again := s.publishes(2, "e")[0]
		s.play(`> pub 34 4 e
			< 50 02 0004
			> 62 02 0004
			< 40 02 0004
			quiet`) // a PUBACK behind PUBREC says nothing
		s.expectOpen(again)
		s.play("< 70 02 0004")
		s.expectDone(again)
		s.expectNoEvent()
	})
}

// TestServerWithoutQoS2RefusesAPublish has an MQTT 5 server refuse a QoS 2 publish with PUBACK: the
// reason counts, and nothing was taken.
func TestServerWithoutQoS2RefusesAPublish(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		d := s.publishes(2, "a")[0]
		s.play(`> pub 34 1 a
			< 40 03 0001 87
			quiet`)
		s.expectDone(d, mqtt.ErrRejected)
		if errors.Is(d.Err(), mqtt.ErrTakenAtQoS1) {
			t.Error(d.Err())
		}
	})
}

// TestLateAnswersOfAServerWithoutQoS2 has the PUBACK come on the next connection, where the
// message went out again, and another server begin the flow of QoS 2 even so: it is ended there.
func TestLateAnswersOfAServerWithoutQoS2(t *testing.T) {
	eachLasting(t, nil, func(s *lasting) {
		d := s.publishes(2, "a")[0]
		s.play("> pub 34 1 a")
		s.lose("present")
		s.play("> pub 3C 1 a")
		s.play("< 40 02 0001")
		s.expectTaken(d)
		s.play("< 50 02 0001")
		if s.five {
			s.play("> 62 03 0001 92")
		} else {
			s.play("> 62 02 0001")
		}
		s.play("quiet")
	})
}

// TestTakenAtQoS1IsForgottenByTheStore: a later process does not send it again, nor what was
// given up because the server has no QoS 2; the program is told of both.
func TestTakenAtQoS1IsForgottenByTheStore(t *testing.T) {
	eachSaving(t, func(s *lasting, w *watched) {
		for range 20 { // one more than before MQTT 5 go out at once
			must(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", QoS: 2}))
		}
		s.server.Packet()
		s.server.Send("40 02 0001")
		synctest.Wait()
		s.expectEvent(`error: publish to "t" (packet 1): taken at QoS 1`)
		sent := 20
		if !s.five {
			sent = 19
			s.expectEvent(`error: publish to "t": not sent: the server has no QoS 2`)
		}
		for id := 2; id <= sent; id++ {
			s.server.Packet()
			s.server.SendBytes([]byte{0x40, 2, 0, byte(id)})
			s.expectEvent(`error: publish to "t" (packet `)
		}
		synctest.Wait()
		if left := records(w); len(left) > 0 {
			s.t.Errorf("the store still has %s", keys(left))
		}
		s.restart(copyOf(w.Memory), "present").play("quiet")
	})
}
