package session

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestReceiptsEndWithTheirConnection: a message whose handler says nothing any more holds nothing
// up. It shows RX-13: acknowledgement of a lost connection.
func TestReceiptsEndWithTheirConnection(t *testing.T) {
	b := newBench(t, wire.V5, 1)
	first, _ := b.receive(1, 1)
	second, _ := b.receive(2, 2)
	b.Suspend(Loss{Untouched: func(*Entry) bool { return true }})
	b.Start(t0, Server{ReceiveMaximum: 10})
	_, again, err := b.HandlePublish(nil, &wire.Publish{Topic: "t", QoS: 1, PacketID: 1, Dup: true})
	if err != nil || !again.Deliver {
		t.Fatalf("a QoS 1 message was taken for a repeat, %v", err)
	}
	later, _ := b.receive(1, 3)
	b.out, _ = b.Ack(b.out, later, 0)
	b.out, _ = b.Ack(b.out, again.Seq, 0)
	b.sent("40020001 40020003") // though nobody said anything of the first two
	if _, ok := b.Ack(nil, first, 0); ok {
		t.Error("an acknowledgement of an earlier connection was taken")
	}
	if _, ok := b.Drop(nil, first); ok {
		t.Error("and dropped")
	}
	if out, ok := b.Ack(nil, second, 0); !ok || len(out) > 0 {
		t.Errorf("of QoS 2: %t, sent % X", ok, out)
	}
	if _, deliver := b.receive(2, 2); deliver {
		t.Error("a QoS 2 message was delivered twice")
	}
	b.sent("50020002")
}

// TestReceiveMaximumIsOfOneConnection shows FC-11: QoS 2 holds its place until PUBCOMP
// [MQTT-3.3.4-9].
func TestReceiveMaximumIsOfOneConnection(t *testing.T) {
	s := New(Config{Version: wire.V5, Window: 1, ReceiveMaximum: 2})
	receive := func(id uint16, topic string) error {
		_, _, err := s.HandlePublish(nil, &wire.Publish{Topic: topic, QoS: 2, PacketID: id})
		return err
	}
	for id := range uint16(2) {
		if err := receive(id+1, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if receive(3, "a") == nil {
		t.Error("a third one was taken")
	}
	s.Suspend(Loss{Untouched: func(*Entry) bool { return true }})
	for id := range uint16(2) { // none of the first two
		if err := receive(id+3, "b"); err != nil {
			t.Error(err)
		}
	}
	if receive(1, "a") == nil {
		t.Error("a third one was taken on the next connection")
	}
}

// saved has the session save all that is staged, to records.
func saved(t *testing.T, s *Session, records map[uint64][]byte) {
	t.Helper()
	for b := s.TakeBatch(); b != nil; b = s.TakeBatch() {
		apply(records, b.Changes)
		if _, r := s.Saved(nil, b, nil); len(r.Failed) > 0 {
			t.Fatal("not saved")
		}
	}
}

func apply(records map[uint64][]byte, changes []Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(records, c.Key)
		} else {
			records[c.Key] = slices.Clone(c.Value)
		}
	}
}

// loaded is a session of a process that begins with records.
func loaded(t *testing.T, records map[uint64][]byte) *bench {
	t.Helper()
	b := &bench{t: t, Session: New(Config{Version: wire.V311, Window: 10, Keep: true, Save: true})}
	l := b.NewLoader()
	for _, key := range slices.Sorted(maps.Keys(records)) {
		if err := l.Load(key, records[key]); err != nil {
			t.Error(err)
		}
	}
	l.Finish(func(e Entry, _ string) *Entry { return &e })
	b.Start(t0, Server{ReceiveMaximum: 65535})
	b.out, _ = b.Resume(b.out, Resumption{Present: true, Now: t0, Fits: func(*Entry) error { return nil }})
	return b
}

// TestTornRemoval has a message complete and its removal saved in part, in each of
// the parts. What comes after it is a message of its own.
//
// Killed during recovery as well.
func TestTornRemoval(t *testing.T) {
	for part := range 3 {
		records := make(map[uint64][]byte)
		first := loaded(t, records)
		first.publish(2, "a")
		saved(t, first.Session, records)
		first.ack(wire.PUBREC, 1, 0)
		saved(t, first.Session, records)
		first.ack(wire.PUBCOMP, 1, 0)
		if b := first.TakeBatch(); len(b.Changes) != 2 {
			t.Fatalf("%d changes", len(b.Changes))
		} else {
			apply(records, b.Changes[:part])
		}
		second := loaded(t, records)
		if second.Busy() { // the server ends the flow again
			second.sent("62020001")
			second.ack(wire.PUBCOMP, 1, 0)
		}
		torn := maps.Clone(records)
		b := second.publish(2, "b")
		saved(t, second.Session, torn)
		third := loaded(t, torn)
		third.sent(fmt.Sprintf("3C06 0001 74 %04X 62", b.ID()))
		third.ack(wire.PUBREC, b.ID(), 0)
		saved(t, third.Session, torn)
		third.ack(wire.PUBCOMP, b.ID(), 0)
		saved(t, third.Session, torn)
		if len(torn) > 0 {
			t.Errorf("part %d: left are %x", part, torn)
		}
	}
}

// TestTornQuarantine: a message is either put aside or sent.
func TestTornQuarantine(t *testing.T) {
	records := make(map[uint64][]byte)
	b := loaded(t, records)
	b.publish(1, "a")
	saved(t, b.Session, records)
	key := slices.Sorted(maps.Keys(records))[0]
	records[keyAside|key&^keyKind] = records[key] // and not removed yet
	b = loaded(t, records)
	b.sent("")
	saved(t, b.Session, records)
	if _, aside := records[keyAside|key&^keyKind]; len(records) != 1 || !aside || b.Held() != 0 {
		t.Errorf("left are %x, %d bytes held", records, b.Held())
	}
}
