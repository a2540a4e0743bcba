package session

import (
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

// TestSpeakEncodesAnewWhatIsKept: the next connection is of another version, and all figures are
// those of a session that never knew another.
func TestSpeakEncodesAnewWhatIsKept(t *testing.T) {
	for _, versions := range [][2]wire.Version{{wire.V5, wire.V311}, {wire.V311, wire.V5}} {
		s := &bench{t: t, Session: New(Config{Version: versions[0], Window: 2, Keep: true})}
		server := Server{ReceiveMaximum: 65535}
		s.Start(t0, server)
		released := s.publish(2, "released")
		s.ack(wire.PUBREC, released.ID(), 0)
		s.publish(1, "sent")
		s.publish(1, "waits")
		s.publish(0, "waits, too")
		s.out = nil
		s.Suspend(Loss{Untouched: func(*Entry) bool { return false }})
		held, queued := s.Held(), s.QueueBytes()
		cfg := s.cfg
		cfg.Version = versions[1]
		if failed := s.Speak(cfg); failed != nil {
			t.Fatalf("%v", failed)
		}
		more := 1 // the empty property list
		if versions[1] == wire.V311 {
			more = -1
		}
		if s.Held() != held+3*more || s.QueueBytes() != queued+2*more {
			t.Errorf("%v: holds %d of %d, %d of %d in the queue", versions, s.Held(), held, s.QueueBytes(), queued)
		}
		s.Start(t0, server)
		s.out, _ = s.Resume(s.out, Resumption{Present: true, Fits: func(*Entry) error { return nil }, Now: t0})
		empty := map[wire.Version]string{wire.V311: "", wire.V5: "00"}[versions[1]]
		length := map[wire.Version]string{wire.V311: "09", wire.V5: "0A"}[versions[1]]
		s.sent("3A " + length + " 0001 74 0002" + empty + "73656E74 62 02 0001")
		s.ack(wire.PUBACK, 2, 0)
		s.out = nil
		s.ack(wire.PUBCOMP, 1, 0)
		if s.Held() != 0 && s.Queued() != 0 {
			t.Errorf("holds %d", s.Held())
		}
	}
}

// TestSpeakReturnsWhatTheVersionCannotSay: sent or not, saved or not.
func TestSpeakReturnsWhatTheVersionCannotSay(t *testing.T) {
	s := New(Config{Version: wire.V5, Window: 1, Keep: true})
	s.Start(t0, Server{ReceiveMaximum: 65535})
	for range 2 { // one is sent, one waits
		e := &Entry{Expires: t0.Add(time.Hour).UnixMilli()}
		_, err := s.Publish(nil, e, &wire.Publish{Topic: "t", QoS: 1, Properties: wire.Properties{}.AppendText(wire.ContentType, "x")})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Suspend(Loss{Untouched: func(*Entry) bool { return false }})
	cfg := s.cfg
	cfg.Version = wire.V311
	if failed := s.Speak(cfg); len(failed) != 2 || s.Held() != 0 || s.QueueBytes() != 0 || s.Busy() {
		t.Errorf("%v; holds %d, queue %d", failed, s.Held(), s.QueueBytes())
	}
}
