package session

import (
	"encoding/hex"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestRecordsOfEarlierBuilds has the record of a QoS 2 message as builds before this one have
// written it: the message is known again, and another one under its identifier is not taken for it.
func TestRecordsOfEarlierBuilds(t *testing.T) {
	known := wire.Properties{}.AppendText(wire.ContentType, "text/plain").AppendPair(wire.UserProperty, "unit", "kWh")
	for record, properties := range map[string]wire.Properties{
		"0101000000000000000159faecf06fb809ab": nil,
		"01010000000000000001daa3c14d50d90721": known,
	} {
		value, err := hex.DecodeString(record)
		if err != nil {
			t.Fatal(err)
		}
		for payload, want := range map[string]bool{"42 kWh": false, "43 kWh": true} {
			s := New(Config{Version: wire.V5, Window: 1, Keep: true, Save: true})
			if err := s.NewLoader().Load(keyInbound|5, value); err != nil {
				t.Fatal(err)
			}
			s.Start(t0, Server{ReceiveMaximum: 1})
			p := wire.Publish{Topic: "meter/1", Payload: []byte(payload), QoS: 2, PacketID: 5, Dup: true, Properties: properties}
			if _, a, err := s.HandlePublish(nil, &p); err != nil || a.Deliver != want {
				t.Errorf("%s with %q: delivered %t, %v", record, payload, a.Deliver, err)
			}
		}
	}
}

// TestReceivingQoS2DoesNotAllocate: once there is room, a QoS 2 message costs no memory, also while
// the server does not end the flow of another one.
func TestReceivingQoS2DoesNotAllocate(t *testing.T) {
	b := newBench(t, wire.V311, 10)
	b.out = make([]byte, 0, 100)
	id := uint16(1)
	p, rel := wire.Publish{Topic: "t", Payload: []byte("p"), QoS: 2, PacketID: id}, wire.Ack{Type: wire.PUBREL}
	receive := func() {
		out, a, err := b.HandlePublish(b.out[:0], &p)
		if err != nil || !a.Deliver {
			t.Fatal(a, err)
		}
		b.out, _ = b.Ack(out, a.Seq, wire.Success)
	}
	receive()
	allocs := testing.AllocsPerRun(2*maxIDs, func() {
		id = max(id+1, 2)
		p.PacketID, rel.PacketID = id, id
		receive()
		if _, _, _, err := b.HandleAck(b.out, &rel); err != nil {
			t.Fatal(err)
		}
	})
	if room := len(b.in.flows.places); allocs > 0 || room > idlePlaces {
		t.Errorf("%v allocations a message, and room for %d flows", allocs, room)
	}
}

// TestFlowsAreLetGo: a burst of QoS 2 messages holds no memory beyond its connection.
func TestFlowsAreLetGo(t *testing.T) {
	b := newBench(t, wire.V311, 10)
	for id := range uint16(3000) {
		seq, _ := b.receive(2, id+1)
		b.out, _ = b.Ack(b.out, seq, wire.Success)
		if id%2 == 0 {
			continue
		}
		b.ack(wire.PUBREL, id, 0)
	}
	for id := uint16(2); id <= 3000; id += 2 {
		b.ack(wire.PUBREL, id, 0)
	}
	b.Suspend(Loss{})
	if kept := len(b.in.flows.places); b.in.flows.n > 0 || kept > idlePlaces {
		t.Errorf("%d flows, and room for %d", b.in.flows.n, kept)
	}
}
