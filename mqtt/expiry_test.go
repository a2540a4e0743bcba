package mqtt_test

import (
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// publishesFor begins a publish of which the Message Expiry Interval is that long.
func (s *scripted) publishesFor(payload string, qos mqtt.QoS, expiry time.Duration) *mqtt.Delivery {
	s.t.Helper()
	m := mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: qos, Properties: &mqtt.Properties{MessageExpiry: &expiry}}
	d, err := s.PublishAsync(s.ctx, m, nil)
	must(s.t, err)
	return d
}

// returnsAfter is a connection that is lost, and the next one after that time.
func (s *lasting) returnsAfter(away time.Duration, session string) {
	s.t.Helper()
	s.drop()
	s.net.refuses(nobody)
	<-time.After(away)
	s.online(session)
}

func retryingEachSecond(cfg *mqtt.Config) { cfg.Reconnect.MaxDelay = time.Second }

func TestExpiredBeforeItWasWritten(t *testing.T) { // SR-29: also with an identifier
	lastingV5(t, "", retryingEachSecond, func(s *lasting) {
		before := s.publishesFor("a", 1, 2*time.Hour)
		synctest.Wait() // the write waits for the server, and what comes now for the write
		expired := []*mqtt.Delivery{s.publishesFor("b", 1, 5*time.Second), s.publishesFor("c", 2, 5*time.Second)}
		kept := s.publishesFor("d", 1, 2*time.Hour)
		s.returnsAfter(time.Hour, "present")
		for _, want := range []byte{0x3A, 0x32} {
			if p := s.server.Packet(); p[0] != want || p[11] != 0x0E { // of 7200 seconds 3600 are left
				t.Errorf("got % X", p)
			}
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrNotSent, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0001
			< 40 02 0004`)
		s.expectDone(before)
		s.expectDone(kept)
	})
}

func TestExpiredBeforeItWasRepublished(t *testing.T) { // SR-29: it may have arrived before, and is not sent as new
	lastingV5(t, "", func(cfg *mqtt.Config) {
		retryingEachSecond(cfg)
		cfg.Reconnect.Republish = mqtt.RepublishAll
	}, func(s *lasting) {
		expired := []*mqtt.Delivery{s.publishesFor("a", 1, 5*time.Second), s.publishesFor("b", 2, 5*time.Second)}
		kept := s.publishesFor("c", 1, 2*time.Hour)
		for range 3 {
			s.server.Packet()
		}
		s.returnsAfter(time.Hour, "absent")
		if p := s.server.Packet(); p[0] != 0x32 || p[11] != 0x0E {
			t.Errorf("got % X", p)
		}
		for _, d := range expired {
			s.expectDone(d, mqtt.ErrInDoubt, mqtt.ErrExpired)
		}
		s.play(`quiet
			< 40 02 0003`)
		s.expectDone(kept)
	})
}

func TestExpiryOfWhatIsSentAgain(t *testing.T) { // P2-18, SR-29: [MQTT-4.3.3-7] of 5, with what is left, a second at least
	lastingV5(t, "", retryingEachSecond, func(s *lasting) {
		all := []*mqtt.Delivery{s.publishesFor("a", 1, 5*time.Second), s.publishesFor("b", 2, 5*time.Second), s.publishesFor("c", 1, 2*time.Hour)}
		for range 3 {
			s.server.Packet()
		}
		s.returnsAfter(time.Hour, "present")
		s.server.Expect("3A 0C 000174 0001 05 0200000001 61", "3C 0C 000174 0002 05 0200000001 62")
		if p := s.server.Packet(); p[0] != 0x3A || p[11] != 0x0E {
			t.Errorf("got % X", p)
		}
		s.play(`< 40 02 0001
			< 40 02 0003
			< 50 02 0002
			> 62 02 0002
			< 70 02 0002`)
		for _, d := range all {
			s.expectDone(d)
		}
	})
}

func TestExpiredWhileItWasSaved(t *testing.T) { // SR-29: by a store that takes its time
	eachSaving(t, func(s *lasting, w *watched) {
		if !s.five {
			return
		}
		s.play("quiet")
		gate := w.waits()
		expired := s.publishesFor("a", 1, 5*time.Second)
		<-time.After(20 * time.Second)
		close(gate)
		s.expectDone(expired, mqtt.ErrNotSent, mqtt.ErrExpired)
		s.play("quiet")
		if n := len(records(w)); n != 0 {
			t.Errorf("%d records are left", n)
		}
	})
}
