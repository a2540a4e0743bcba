package mqtt_test

import (
	"testing"

	"dunlin/mqtt"
)

// Some servers give messages new packet identifiers when a session goes on, and set
// DUP: RabbitMQ 3.10.8 does at QoS 1. The client must not take one message for another.

func TestRenumberedQoS1IsHandledAndAcknowledged(t *testing.T) { // RX-07, T-A11
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 32 1 m1
			< pub 32 2 m2
			< pub 32 3 m3
			< pub 32 4 m4`)
		var old []*mqtt.Received
		for range 4 {
			old = append(old, <-got)
		}
		must(s.t, old[0].Ack())
		must(s.t, old[1].Ack())
		s.play(`> 40 02 0001
			> 40 02 0002
			lose present
			< pub 3A 1 m3
			< pub 3A 2 m4
			< pub 3A 3 m5
			< pub 3A 4 m6`)
		checkError(s.t, old[2].Ack(), mqtt.ErrNotConnected) // they say nothing of m5 and m6
		checkError(s.t, old[3].Ack(), mqtt.ErrNotConnected)
		s.play("quiet")
		for _, want := range []string{"m3", "m4", "m5", "m6"} {
			m := <-got
			if string(m.Payload) != want {
				s.t.Fatalf("got %s, want %s", describe(m), want)
			}
			must(s.t, m.Ack())
		}
		s.play(`> 40 02 0001
			> 40 02 0002
			> 40 02 0003
			> 40 02 0004`)
	})
}

func TestRenumberedQoS2IsNotTakenForARepeat(t *testing.T) { // RX-27: the same message is one, another is none
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 34 1 m1
			< pub 34 2 m2
			< pub 34 3 m3`)
		m1, m2 := <-got, <-got
		<-got
		must(s.t, m1.Ack())
		s.play(`> 50 02 0001
			lose present
			< pub 3C 2 m2`) // still the old numbers
		must(s.t, m2.Ack())
		s.play(`> 50 02 0002
			lose present
			< pub 3C 1 m3`) // new ones: m1 was received, m3 was not answered
		m3 := <-got
		must(s.t, m3.Ack())
		s.play(`> 50 02 0001
			< pub 34 3 m4`)
		m4 := <-got
		must(s.t, m4.Ack())
		s.play("> 50 02 0003")
		if string(m3.Payload) != "m3" || string(m4.Payload) != "m4" {
			s.t.Errorf("got %s and %s", describe(m3), describe(m4))
		}
	})
}

func TestRenumberedAcrossTheQualities(t *testing.T) { // RX-26 is for one connection
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 34 1 m1")
		<-got
		s.play(`lose present
			< pub 3A 1 m2`)
		must(s.t, (<-got).Ack())
		s.play("> 40 02 0001")
	})
}

func TestReleaseOfARenumberedMessage(t *testing.T) { // RX-25 is for one connection
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 34 1 m1")
		m := <-got
		s.play(`lose present
			< 62 02 0001`)
		if s.five {
			s.play("> 70 03 0001 92")
		} else {
			s.play("> 70 02 0001")
		}
		must(s.t, m.Ack())
		s.play(`quiet
			< pub 3C 1 m1
			> 50 02 0001`)
	})
}
