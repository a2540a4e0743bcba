package session

import (
	"testing"

	"pgregory.net/rapid"

	"dunlin/mqtt/internal/wire"
)

// flow is what a model knows of one publish.
type flow struct {
	entry    *Entry
	qos      byte
	released bool
}

// TestAnyOrderOfAcks: whatever a server acknowledges, in whatever order and how
// often, a publish completes once and by its own last step, which for one of QoS 2 is a PUBACK, too, if
// no PUBREC came before.
//
// It shows P1-06: acknowledgements out of order [MQTT-2.3.1-6]; P1-07: PUBACK twice [MQTT-2.2.1-5];
// P1-11: other acknowledgements with the identifier of a QoS 1 publish; P2-06: PUBREC twice
// [MQTT-4.3.3-6]; P2-07: PUBREC for an unknown identifier [MQTT-3.6.2-1]; P2-08: PUBCOMP before
// PUBREC [MQTT-4.3.3-3]; P2-09: PUBCOMP for an unknown identifier; P2-10: PUBCOMP twice; P2-11:
// PUBCOMP: identifier not found; P2-12: PUBACK for a QoS 2 publish; ID-01: identifiers are not 0,
// and unique over all requests [MQTT-4.3.2-1] of 3.1.1; ID-05: identifier is free after the last
// acknowledgement only [MQTT-2.3.1-3]; ID-06: wrong acknowledgement frees no identifier.
func TestAnyOrderOfAcks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(Config{Version: wire.V311, Window: 6})
		live := make(map[uint16]*flow)
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				if len(live) == 6 { // the window is full
					return
				}
				f := &flow{entry: &Entry{}, qos: rapid.SampledFrom([]byte{1, 2}).Draw(t, "qos")}
				_, err := s.Publish(nil, f.entry, &wire.Publish{Topic: "t", QoS: f.qos})
				if err != nil || f.entry.ID() == 0 || live[f.entry.ID()] != nil {
					t.Fatalf("identifier %d, %v", f.entry.ID(), err)
				}
				live[f.entry.ID()] = f
			},
			"acknowledge": func(t *rapid.T) {
				a := wire.Ack{
					Type:     rapid.SampledFrom([]wire.Type{wire.PUBACK, wire.PUBREC, wire.PUBCOMP}).Draw(t, "type"),
					PacketID: rapid.Uint16Range(1, 40).Draw(t, "id"),
				}
				out, done, ignored, err := s.HandleAck(nil, &a)
				f := live[a.PacketID]
				known := f != nil && (a.Type == wire.PUBACK) == (f.qos == 1 || !f.released && a.Type == wire.PUBACK)
				last := known && (a.Type == wire.PUBACK || f.released && a.Type == wire.PUBCOMP)
				switch {
				case (done != nil) != last || last && done != f.entry:
					t.Fatalf("%v completed %v", a, done)
				case (err != nil) != (f != nil && f.qos == 1 && a.Type == wire.PUBREC):
					t.Fatalf("%v: %v", a, err)
				case (len(out) > 0) != (a.Type == wire.PUBREC && err == nil): // PUBREL, also for an unknown one
					t.Fatalf("%v was answered with % X", a, out)
				case ignored && (last || known && a.Type == wire.PUBREC):
					t.Fatalf("%v was ignored", a)
				}
				if last {
					delete(live, a.PacketID)
				} else if known && a.Type == wire.PUBREC {
					f.released = true
				}
			},
			"": func(t *rapid.T) {
				if s.Busy() != (len(live) > 0) || len(s.Unfinished()) != len(live) {
					t.Fatalf("%d unfinished, want %d", len(s.Unfinished()), len(live))
				}
			},
		})
	})
}

// TestReceiptsAreBounded: a server of 3.1.1 cannot have more in flight either.
func TestReceiptsAreBounded(t *testing.T) {
	s := New(Config{Version: wire.V311, Window: 1})
	for i := range maxIDs {
		if _, _, err := s.HandlePublish(nil, &wire.Publish{Topic: "t", QoS: 1, PacketID: uint16(i + 1)}); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if _, _, err := s.HandlePublish(nil, &wire.Publish{Topic: "t", QoS: 1, PacketID: 1}); err == nil {
		t.Error("more messages are held than there are identifiers")
	}
}

func TestBurstLeavesNothingBehind(t *testing.T) {
	b := newBench(t, wire.V311, 2000)
	for range 3000 {
		b.publish(1, "p")
	}
	for id := range 3000 {
		b.ack(wire.PUBACK, uint16(id+1), 0)
		b.TakeFreed()
	}
	if b.Busy() || len(b.Session.out.places) > idlePlaces || b.Session.queue.Cap() > idlePlaces || cap(b.Session.freed) > idlePlaces {
		t.Errorf("room for %d entries, %d in the queue and %d freed is kept", len(b.Session.out.places), b.Session.queue.Cap(), cap(b.Session.freed))
	}
}
