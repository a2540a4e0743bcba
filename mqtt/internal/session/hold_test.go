package session

import (
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestNothingIsSentWhileTheConnectionEnds has messages and a request saved between the moment in
// which the connection is given up and its end: they wait for the next one, as what was never sent.
func TestNothingIsSentWhileTheConnectionEnds(t *testing.T) {
	for qos := range byte(3) {
		s := New(Config{Version: wire.V5, Window: 10, Keep: true, Save: true})
		s.Start(t0, Server{ReceiveMaximum: 10})
		s.Own("c") // something to be saved first
		e := &Entry{}
		if _, err := s.Publish(nil, e, &wire.Publish{Topic: "t", QoS: qos}); err != nil {
			t.Fatal(err)
		}
		s.Hold()
		if out, _ := s.Saved(nil, s.TakeBatch(), nil); len(out) > 0 || e.Sent() {
			t.Errorf("QoS %d: sent % X", qos, out)
		}
		s.Suspend(Loss{Untouched: func(*Entry) bool { return false }})
		s.Start(t0, Server{ReceiveMaximum: 10})
		out, failed := s.Resume(nil, Resumption{Present: true, Now: t0, Fits: func(*Entry) error { return nil }})
		if len(failed) > 0 || len(out) == 0 || out[0] != 0x30|qos<<1 {
			t.Errorf("QoS %d on the next connection: % X, %v", qos, out, failed)
		}
	}
}
