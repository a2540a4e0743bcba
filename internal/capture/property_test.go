package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/capture"
	"dunlin/internal/pcap/pcaptest"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// TestAnySegmentsGiveTheSameMessages has connections whose bytes are split, doubled, overlapped and captured in whatever order: the
// messages of each direction are those that were sent, in their order.
func TestAnySegmentsGiveTheSameMessages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tr := newTrace()
		want := map[string][]string{}
		var segments []segment
		for i := range rapid.IntRange(1, 3).Draw(rt, "connections") {
			c := tr.open(1001 + i)
			if rapid.Bool().Draw(rt, "six") {
				tr.segments = tr.segments[:len(tr.segments)-3]
				c.client.ip, c.server.ip = "2001:db8::1", "2001:db8::2"
				c.up, c.down = c.up-1, c.down-1
				c.shake()
			}
			v := rapid.SampledFrom([]packet.Version{packet.V31, packet.V311, packet.V5}).Draw(rt, "version")
			id := fmt.Sprint("c", i)
			up, down := stream(rt, v, id+"/up", want), stream(rt, v, id+"/down", want)
			up = append(connect(v, id, true), up...)
			down = append(packet.AppendConnAck(nil, v, &packet.ConnAck{}), down...)
			segments = append(segments, split(rt, up, c.up, c.client, c.server)...)
			segments = append(segments, split(rt, down, c.down, c.server, c.client)...)
		}
		for _, i := range rapid.Permutation(indices(len(segments))).Draw(rt, "order") {
			tr.add(segments[i])
		}
		data := pcaptest.File(frames(tr.segments))
		for _, delivered := range []bool{false, true} {
			got := map[string][]string{}
			o := capture.Options{Delivered: delivered, Each: func(m *mqtt.Received, _ time.Time) error {
				got[m.Topic] = append(got[m.Topic], fmt.Sprintf("%d %v %x", m.QoS, m.Retain, m.Payload))
				return nil
			}}
			sum, err := capture.Import(context.Background(), bytes.NewReader(data), o)
			if err != nil || len(sum.Notes()) > 0 {
				rt.Fatalf("%v, %q", err, sum.Notes())
			}
			for topic, messages := range want {
				if strings.HasSuffix(topic, "/down") == delivered && !slices.Equal(got[topic], messages) {
					rt.Fatalf("%s: %q, not %q", topic, got[topic], messages)
				}
			}
		}
	})
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// stream draws messages to a topic, and returns them as bytes.
func stream(rt *rapid.T, v packet.Version, topic string, want map[string][]string) []byte {
	var b []byte
	for i := range rapid.IntRange(0, 5).Draw(rt, "messages") {
		p := packet.Publish{
			Topic: topic, Payload: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "payload"), QoS: byte(rapid.IntRange(0, 2).Draw(rt, "qos")),
			Retain: rapid.Bool().Draw(rt, "retain"),
		}
		if p.QoS > 0 {
			p.PacketID = uint16(i + 1)
		}
		want[topic] = append(want[topic], fmt.Sprintf("%d %v %x", p.QoS, p.Retain, p.Payload))
		if v == packet.V5 && rapid.Bool().Draw(rt, "aliased") {
			p.Properties = packet.Properties{}.AppendUint(0x23, 1)
			b = packet.AppendPublish(b, v, &p)
			p.Topic, p.PacketID = "", p.PacketID+100*min(p.PacketID, 1)
			want[topic] = append(want[topic], want[topic][len(want[topic])-1])
		}
		b = packet.AppendPublish(b, v, &p)
	}
	return b
}

// split draws segments that have all bytes at least once.
func split(rt *rapid.T, b []byte, seq uint32, from, to end) []segment {
	var list []segment
	add := func(at, length int) {
		length = min(length, len(b)-at)
		list = append(list, segment{from: from, to: to, seq: seq + uint32(at), ackd: true, payload: b[at : at+length]})
	}
	for at := 0; at < len(b); {
		n := rapid.SampledFrom([]int{1, 2, 7, 50, 400}).Draw(rt, "length")
		add(at, n+rapid.IntRange(0, 3).Draw(rt, "overlap"))
		at += n
	}
	for range rapid.IntRange(0, 3).Draw(rt, "again") {
		if len(b) > 0 {
			add(rapid.IntRange(0, len(b)-1).Draw(rt, "at"), rapid.IntRange(1, 60).Draw(rt, "length"))
		}
	}
	return list
}

// FuzzImport reads whatever files: nothing panics, and each message is one that can be published.
func FuzzImport(f *testing.F) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	c.sends(aliased("x", 1, "1"), aliased("", 1, "2"), numbered(1, 7, false, "3"))
	c.gets(publish(packet.V5, "t", "4"), ack(packet.Ack{Type: packet.PUBACK, PacketID: 7}))
	c.loses([]byte("lost"))
	c.sends(publish(packet.V5, "t", "5"))
	f.Add(pcaptest.File(frames(tr.segments)), byte(0))
	f.Add(pcaptest.Blocks(frames(tr.segments)), byte(7))
	tr = newTrace()
	tr.connection(1001).sends(publish(packet.V311, "t", "1"))
	f.Add(pcaptest.File(frames(tr.segments)), byte(4))
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		o := capture.Options{Delivered: how&1 != 0, Resync: how&2 != 0, Each: func(m *mqtt.Received, _ time.Time) error {
			message := m.Message()
			return message.Validate(mqtt.V5)
		}}
		if how&4 != 0 {
			o.Version = mqtt.V5
		}
		sum, err := capture.Import(context.Background(), bytes.NewReader(data), o)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error is more than a line: %q", err)
		}
		for _, note := range sum.Notes() {
			if strings.Contains(note, "\n") {
				t.Errorf("the note is more than a line: %q", note)
			}
		}
	})
}
