package session

import (
	"fmt"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// lane is a session with so many messages in flight, as a benchmark has it.
type lane struct {
	*Session
	b       *testing.B
	n       int
	dst     []byte
	entries []Entry
	ids     []uint16 // of the messages in flight
	seqs    []uint64
	p       wire.Publish
}

func benchmarkLanes(b *testing.B, qos byte, run func(*lane)) {
	for _, n := range []int{20, 100, 1000} {
		b.Run(fmt.Sprintf("inFlight=%d", n), func(b *testing.B) {
			l := &lane{
				Session: New(Config{Version: wire.V311, Window: n}), b: b, n: n,
				entries: make([]Entry, n), ids: make([]uint16, n), seqs: make([]uint64, n),
				p: wire.Publish{Topic: "bench/dunlin/topic", Payload: make([]byte, 64), QoS: qos},
			}
			l.Start(t0, Server{ReceiveMaximum: maxIDs})
			b.ReportAllocs()
			for i := 0; i < b.N; i += n {
				l.dst = l.dst[:0]
				run(l)
			}
		})
	}
}

// arrivals has the next messages come, and the handlers of all of them return.
func (l *lane) arrivals() {
	for i := range l.n {
		l.p.PacketID = max(l.p.PacketID+1, 1)
		l.ids[i] = l.p.PacketID
		var a Arrival
		var err error
		if l.dst, a, err = l.HandlePublish(l.dst, &l.p); err != nil || !a.Deliver {
			l.b.Fatal(a, err)
		}
		l.seqs[i] = a.Seq
	}
	for _, seq := range l.seqs {
		l.dst, _ = l.Ack(l.dst, seq, wire.Success)
	}
}

// publishes sends the next messages.
func (l *lane) publishes() {
	for i := range l.entries {
		l.entries[i] = Entry{}
		var err error
		if l.dst, err = l.Publish(l.dst, &l.entries[i], &l.p); err != nil {
			l.b.Fatal(err)
		}
		l.ids[i] = l.entries[i].ID()
	}
}

// acks has a packet of that type come for each of the last messages.
func (l *lane) acks(t wire.Type) {
	for _, id := range l.ids {
		var err error
		if l.dst, _, _, err = l.HandleAck(l.dst, &wire.Ack{Type: t, PacketID: id}); err != nil {
			l.b.Fatal(err)
		}
	}
}

func BenchmarkReceiveQoS1(b *testing.B) { benchmarkLanes(b, 1, (*lane).arrivals) }

func BenchmarkReceiveQoS2(b *testing.B) {
	benchmarkLanes(b, 2, func(l *lane) {
		l.arrivals()
		l.acks(wire.PUBREL)
	})
}

func BenchmarkPublishQoS1(b *testing.B) {
	benchmarkLanes(b, 1, func(l *lane) {
		l.publishes()
		l.acks(wire.PUBACK)
	})
}

func BenchmarkPublishQoS2(b *testing.B) {
	benchmarkLanes(b, 2, func(l *lane) {
		l.publishes()
		l.acks(wire.PUBREC)
		l.acks(wire.PUBCOMP)
	})
}
