package session

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt/internal/wire"
)

var t0 = time.Unix(1_000_000, 0)

// bench is a session with the packets it has sent.
type bench struct {
	*Session
	t   *testing.T
	out []byte
}

func newBench(t *testing.T, v wire.Version, window int) *bench {
	b := &bench{t: t, Session: New(Config{Version: v, Window: window})}
	b.Start(t0, Server{ReceiveMaximum: 65535, KeepAlive: 10 * time.Second, PingTimeout: 5 * time.Second})
	return b
}

// sent checks what was appended since the last call, in hexadecimal.
func (b *bench) sent(want string) {
	b.t.Helper()
	got := strings.ToUpper(hex.EncodeToString(b.out))
	if want = strings.ReplaceAll(want, " ", ""); got != want {
		b.t.Fatalf("sent %q, want %q", got, want)
	}
	b.out = b.out[:0]
}

func (b *bench) publish(qos byte, payload string) *Entry {
	b.t.Helper()
	e := &Entry{}
	var err error
	b.out, err = b.Publish(b.out, e, &wire.Publish{Topic: "t", Payload: []byte(payload), QoS: qos})
	if err != nil {
		b.t.Fatalf("publish: %v", err)
	}
	return e
}

func (b *bench) ack(typ wire.Type, id uint16, code wire.ReasonCode) (done *Entry, ignored bool) {
	b.t.Helper()
	var err error
	b.out, done, ignored, err = b.HandleAck(b.out, &wire.Ack{Type: typ, PacketID: id, Code: code})
	if err != nil {
		b.t.Fatalf("%v %d: %v", typ, id, err)
	}
	return done, ignored
}

func (b *bench) receive(qos byte, id uint16) (seq uint64, deliver bool) {
	b.t.Helper()
	var err error
	var a Arrival
	b.out, a, err = b.HandlePublish(b.out, &wire.Publish{Topic: "t", QoS: qos, PacketID: id})
	if err != nil {
		b.t.Fatalf("receive: %v", err)
	}
	return a.Seq, a.Deliver
}

// TestQoS1CompletesOnItsOwnAck shows P1-01: QoS 1 is complete with PUBACK [MQTT-4.3.2-2] of 5;
// P1-06: acknowledgements out of order [MQTT-2.3.1-6].
func TestQoS1CompletesOnItsOwnAck(t *testing.T) {
	b := newBench(t, wire.V311, 10)
	e1, e2, e3 := b.publish(1, "p"), b.publish(1, "q"), b.publish(1, "r")
	b.sent("3206000174000170 3206000174000271 3206000174000372")
	for _, want := range []*Entry{e3, e1, e2} {
		if done, _ := b.ack(wire.PUBACK, want.ID(), 0); done != want {
			t.Fatalf("PUBACK %d completed %v", want.ID(), done)
		}
	}
	if b.Busy() {
		t.Error("busy after every acknowledgement")
	}
}

// TestQoS2Steps shows P2-01: QoS 2 is complete after two steps [MQTT-4.3.3-2] of 5; P2-06: PUBREC
// twice [MQTT-4.3.3-6]; P2-08: PUBCOMP before PUBREC [MQTT-4.3.3-3]; P2-10: PUBCOMP twice.
func TestQoS2Steps(t *testing.T) {
	b := newBench(t, wire.V311, 10)
	e := b.publish(2, "p")
	b.sent("3406000174000170")
	if done, ignored := b.ack(wire.PUBCOMP, 1, 0); done != nil || !ignored {
		t.Fatal("PUBCOMP before PUBREC was taken")
	}
	b.sent("")
	for range 2 { // a repeated PUBREC gets PUBREL again
		if done, _ := b.ack(wire.PUBREC, 1, 0); done != nil {
			t.Fatal("PUBREC completed the publish")
		}
		b.sent("62020001")
	}
	if done, ignored := b.ack(wire.PUBACK, 1, 0); done != nil || !ignored {
		t.Fatal("PUBACK behind PUBREC was taken")
	}
	if done, _ := b.ack(wire.PUBCOMP, 1, 0); done != e {
		t.Fatal("PUBCOMP did not complete the publish")
	}
	if done, ignored := b.ack(wire.PUBCOMP, 1, 0); done != nil || !ignored {
		t.Fatal("a second PUBCOMP was taken")
	}
}

// TestPubRecErrorEndsTheFlow shows P2-03: QoS 2 publish refused by the server [MQTT-4.3.3-4];
// FC-04: refused PUBREC frees the place in the window.
func TestPubRecErrorEndsTheFlow(t *testing.T) {
	b := newBench(t, wire.V5, 1)
	e1, e2 := b.publish(2, "p"), b.publish(2, "q")
	b.sent("340700017400010070")
	done, _ := b.ack(wire.PUBREC, 1, wire.UnspecifiedError)
	if done != e1 {
		t.Fatal("PUBREC with an error did not complete the publish")
	}
	b.sent("340700017400020071")
	if e2.ID() != 2 {
		t.Errorf("second publish has id %d", e2.ID())
	}
}

// TestPubRecForWrongFlowIsAnError shows P1-10: PUBREC for a QoS 1 publish.
func TestPubRecForWrongFlowIsAnError(t *testing.T) {
	b := newBench(t, wire.V311, 10)
	b.publish(1, "p")
	_, _, _, err := b.HandleAck(nil, &wire.Ack{Type: wire.PUBREC, PacketID: 1})
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.ProtocolError {
		t.Fatalf("got %v", err)
	}
}

// TestUnknownAcks shows P1-08: PUBACK for an unknown identifier; P2-07: PUBREC for an unknown
// identifier [MQTT-3.6.2-1]; P2-09: PUBCOMP for an unknown identifier; FC-06: unknown
// acknowledgement frees no place in the window [MQTT-3.3.4-7].
func TestUnknownAcks(t *testing.T) {
	b := newBench(t, wire.V5, 1)
	b.publish(1, "p")
	b.publish(1, "q")
	b.sent("320700017400010070")
	for _, typ := range []wire.Type{wire.PUBACK, wire.PUBCOMP} {
		if done, ignored := b.ack(typ, 9, 0); done != nil || !ignored {
			t.Errorf("%v for an unknown id was taken", typ)
		}
	}
	b.sent("") // no quota came of it
	b.ack(wire.PUBREC, 9, 0)
	b.sent("6203000992")

	old := newBench(t, wire.V311, 1)
	old.ack(wire.PUBREC, 9, 0)
	old.sent("62020009")
}

// TestWindowHoldsBackInOrder shows FC-01: Receive Maximum 3 at QoS 1 [MQTT-4.9.0-1]; FC-12: limit
// of our own on publishes in flight; FC-13: publishes wait in order, and can be cancelled.
func TestWindowHoldsBackInOrder(t *testing.T) {
	b := newBench(t, wire.V311, 2)
	b.publish(1, "a")
	b.publish(2, "b")
	c := b.publish(1, "c")
	d := b.publish(0, "d") // order of sending is order of calling
	b.publish(1, "e")
	b.sent("3206000174000161 3406000174000262")
	if b.QueueBytes() != 8+6+8 {
		t.Errorf("QueueBytes %d", b.QueueBytes())
	}
	b.ack(wire.PUBACK, 1, 0)
	b.sent("3206000174000363 300400017464")
	freed := b.TakeFreed()
	if len(freed) != 2 || freed[0].Entry != c || freed[0].End != 8 || freed[1].Entry != d || freed[1].End != 14 {
		t.Errorf("freed %+v", freed)
	}
	b.ack(wire.PUBREC, 2, 0)
	b.sent("62020002") // still in the window
	b.ack(wire.PUBCOMP, 2, 0)
	b.sent("3206000174000465")
	if b.QueueBytes() != 0 {
		t.Errorf("QueueBytes %d", b.QueueBytes())
	}
}

// TestWindowOfQoS2: a server before MQTT 5 may take fewer of QoS 2. It shows FC-12: limit of our
// own on publishes in flight.
func TestWindowOfQoS2(t *testing.T) {
	b := newBench(t, wire.V311, 100)
	b.window2 = 1
	b.publish(2, "a")
	b.publish(1, "b")
	b.sent("3406000174000161 3206000174000262")
	b.publish(2, "c")
	b.publish(1, "d")
	b.sent("")
	b.ack(wire.PUBACK, 2, 0)
	b.sent("")
	b.ack(wire.PUBREC, 1, 0)
	b.sent("62020001")
	b.ack(wire.PUBCOMP, 1, 0)
	b.sent("3406000174000363 3206000174000464")
}

// TestCancelTakesOnlyWhatWaits shows P1-13: caller gives up a publish; FC-13: publishes wait in
// order, and can be cancelled.
func TestCancelTakesOnlyWhatWaits(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	first, second, third := b.publish(1, "a"), b.publish(1, "b"), b.publish(1, "c")
	if b.Cancel(first) {
		t.Error("took back what was sent")
	}
	if !b.Cancel(second) || b.Cancel(second) {
		t.Error("did not take back what waits, once")
	}
	b.sent("3206000174000161")
	b.ack(wire.PUBACK, 1, 0)
	b.sent("3206000174000263")
	if got := b.Unfinished(); !slices.Equal(got, []*Entry{third}) {
		t.Errorf("unfinished %v", got)
	}
}

func TestReceiveMaximumCounts(t *testing.T) {
	s := New(Config{Version: wire.V5, Window: 100})
	s.Start(t0, Server{ReceiveMaximum: 1})
	e1, e2 := &Entry{}, &Entry{}
	p := &wire.Publish{Topic: "t", QoS: 1}
	out, _ := s.Publish(nil, e1, p)
	n := len(out)
	if out, _ = s.Publish(out, e2, p); len(out) != n || e2.Sent() {
		t.Error("the second publish exceeds the Receive Maximum of 1")
	}
}

// TestIDsWrapAndSkip shows ID-01: identifiers are not 0, and unique over all requests
// [MQTT-4.3.2-1] of 3.1.1; ID-02: identifiers wrap [MQTT-2.3.1-2]; ID-03: the wrap passes over
// identifiers in use; ID-05: identifier is free after the last acknowledgement only [MQTT-2.3.1-3].
func TestIDsWrapAndSkip(t *testing.T) {
	b := newBench(t, wire.V311, 65535)
	b.publish(2, "stays") // id 1
	b.ack(wire.PUBREC, 1, 0)
	for want := uint16(2); want != 0; want++ {
		if e := b.publish(1, ""); e.ID() != want {
			t.Fatalf("id %d, want %d", e.ID(), want)
		}
		b.ack(wire.PUBACK, want, 0)
		b.out = b.out[:0]
	}
	if e := b.publish(1, ""); e.ID() != 2 {
		t.Errorf("after the wrap id %d, want 2: 0 is no id and 1 is in use", e.ID())
	}
}

// TestAllIDsInUse shows ID-04: all identifiers in use.
func TestAllIDsInUse(t *testing.T) {
	b := newBench(t, wire.V311, 65535)
	for range 65535 {
		b.publish(1, "")
	}
	waiting := b.publish(1, "")
	if waiting.Sent() {
		t.Fatal("sent a publish without a free identifier")
	}
	if _, err := b.Subscribe(nil, &Entry{}, &wire.Subscribe{Filters: []wire.Filter{{Topic: "t"}}}); !errors.Is(err, ErrNoID) {
		t.Fatalf("subscribe: %v", err)
	}
	b.ack(wire.PUBACK, 777, 0)
	if !waiting.Sent() || waiting.ID() != 777 {
		t.Errorf("waiting has id %d", waiting.ID())
	}
}

func TestUnfinishedKeepsTheOrderAcrossTheWrap(t *testing.T) {
	b := newBench(t, wire.V311, 65535)
	b.lastID = 65533
	var want []*Entry
	for range 40 {
		want = append(want, b.publish(1, ""))
	}
	if got := b.Unfinished(); !slices.Equal(got, want) {
		t.Error("not in the order of sending")
	}
}

// TestSubscribeFlow shows SU-01: SUBSCRIBE at QoS 0; SU-14: SUBACK for an unknown identifier;
// SU-16: SUBACK for an UNSUBSCRIBE; ID-06: wrong acknowledgement frees no identifier; FC-08: other
// packets are not held back [MQTT-3.3.4-8].
func TestSubscribeFlow(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	b.publish(1, "")
	b.sent("32050001740001")
	sub, unsub := &Entry{}, &Entry{}
	b.out, _ = b.Subscribe(b.out, sub, &wire.Subscribe{Filters: []wire.Filter{{Topic: "a", Options: 1}}})
	b.out, _ = b.Unsubscribe(b.out, unsub, &wire.Unsubscribe{Filters: []string{"a"}})
	b.sent("8206 0002 0001 61 01 A205 0003 0001 61")
	if b.HandleUnsubAck(2) != nil || b.HandleSubAck(3) != nil || b.HandleSubAck(1) != nil || b.HandleSubAck(99) != nil {
		t.Error("an answer of the wrong kind was taken")
	}
	if done, ignored := b.ack(wire.PUBACK, 2, 0); done != nil || !ignored {
		t.Error("PUBACK for a SUBSCRIBE was taken")
	}
	if b.HandleSubAck(2) != sub || b.HandleUnsubAck(3) != unsub {
		t.Error("the right answers were not taken")
	}
}

// TestAcksLeaveInTheOrderOfArrival shows RX-08: PUBACKs in the order of the messages
// [MQTT-4.6.0-2]; RX-05: message received at QoS 1 [MQTT-4.3.2-2] of 3.1.1; RX-15: message received
// at QoS 2 [MQTT-4.3.3-8].
func TestAcksLeaveInTheOrderOfArrival(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	s3, _ := b.receive(1, 3)
	s1, _ := b.receive(2, 1)
	s2, _ := b.receive(1, 2)
	ack := func(seq uint64) bool {
		var ok bool
		b.out, ok = b.Ack(b.out, seq, 0)
		return ok
	}
	ack(s2)
	ack(s1)
	b.sent("")
	ack(s3)
	b.sent("40020003 50020001 40020002")
	if ack(s3) || ack(s2+1) || ack(0) {
		t.Error("acknowledged what is not pending")
	}
	b.sent("")
}

func TestDropLetsTheNextPass(t *testing.T) {
	b := newBench(t, wire.V311, 1)
	s1, _ := b.receive(2, 1)
	s2, _ := b.receive(1, 2)
	b.out, _ = b.Ack(b.out, s2, 0)
	b.out, _ = b.Drop(b.out, s1)
	b.sent("40020002")
	if _, deliver := b.receive(2, 1); !deliver {
		t.Error("a message that was skipped is not delivered when it comes again")
	}
}

// TestInboundQoS2IsDeliveredOnce shows RX-17: QoS 2 repeated before PUBREL, with DUP [MQTT-4.1.0-2]
// of 3.1.1; RX-18: QoS 2 repeated before PUBREL, without DUP [MQTT-4.3.3-10]; RX-19: PUBREL for an
// unknown identifier [MQTT-3.7.2-1]; RX-20: PUBREL twice; RX-21: identifier again after PUBCOMP
// [MQTT-4.3.3-12]; RX-25: PUBREL before our PUBREC; RX-26: one identifier at QoS 1 and 2.
func TestInboundQoS2IsDeliveredOnce(t *testing.T) {
	b := newBench(t, wire.V5, 1)
	seq, deliver := b.receive(2, 9)
	if !deliver {
		t.Fatal("not delivered")
	}
	if _, again := b.receive(2, 9); again {
		t.Fatal("delivered twice before PUBREC")
	}
	b.sent("")
	if _, _, _, err := b.HandleAck(nil, &wire.Ack{Type: wire.PUBREL, PacketID: 9}); err == nil {
		t.Error("PUBREL before PUBREC was taken")
	}
	if _, _, err := b.HandlePublish(nil, &wire.Publish{QoS: 1, PacketID: 9}); err == nil {
		t.Error("QoS 1 with the identifier of an unfinished QoS 2 message was taken")
	}
	b.out, _ = b.Ack(b.out, seq, 0)
	b.sent("50020009")
	if _, again := b.receive(2, 9); again {
		t.Fatal("delivered twice after PUBREC")
	}
	b.sent("50020009")
	b.ack(wire.PUBREL, 9, 0)
	b.sent("70020009")
	b.ack(wire.PUBREL, 9, 0) // its PUBCOMP was lost
	b.sent("7003000992")
	if _, again := b.receive(2, 9); !again {
		t.Error("a new message with a free identifier is not delivered")
	}
}
