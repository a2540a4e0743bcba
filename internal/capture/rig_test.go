package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dunlin/internal/capture"
	"dunlin/internal/pcap"
	"dunlin/internal/pcap/pcaptest"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// segment is one of TCP, at a time.
type segment struct {
	at        time.Time
	from, to  end
	seq, ack  uint32
	syn, ackd bool
	payload   []byte
	kept      int // bytes of the frame; 0: all
}

// end is an end of a connection.
type end struct {
	ip   string
	port uint16
}

// trace is what is captured.
type trace struct {
	segments []segment
	now      time.Time
	begun    uint32 // connections
}

func newTrace() *trace { return &trace{now: noon} }

// tick is between what is captured.
const tick = time.Millisecond

func (tr *trace) add(s segment) {
	tr.now = tr.now.Add(tick)
	s.at = tr.now
	tr.segments = append(tr.segments, s)
}

// connection is one whose segments are captured.
type connection struct {
	tr             *trace
	client, server end
	up, down       uint32 // next sequence numbers
}

// connection begins one that is not captured from its beginning.
func (tr *trace) connection(port int) *connection {
	tr.begun++
	return &connection{
		tr: tr, client: end{"192.0.2.1", uint16(port)}, server: end{"192.0.2.2", 1883},
		up: 0xFFFFFFF0 - tr.begun, down: 0xFFFFFFE0 - tr.begun, // the numbers begin again soon
	}
}

// open makes one with a handshake.
func (tr *trace) open(port int) *connection {
	c := tr.connection(port)
	c.shake()
	return c
}

func (c *connection) shake() {
	c.tr.add(segment{from: c.client, to: c.server, seq: c.up, syn: true})
	c.up++
	c.tr.add(segment{from: c.server, to: c.client, seq: c.down, syn: true, ackd: true, ack: c.up})
	c.down++
	c.tr.add(segment{from: c.client, to: c.server, seq: c.up, ackd: true, ack: c.down})
}

// sends sends bytes to the server, as one segment.
func (c *connection) sends(b ...[]byte) *segment {
	all := bytes.Join(b, nil)
	c.tr.add(segment{from: c.client, to: c.server, seq: c.up, ackd: true, ack: c.down, payload: all})
	c.up += uint32(len(all))
	return &c.tr.segments[len(c.tr.segments)-1]
}

// gets has the server send bytes.
func (c *connection) gets(b ...[]byte) {
	all := bytes.Join(b, nil)
	c.tr.add(segment{from: c.server, to: c.client, seq: c.down, ackd: true, ack: c.up, payload: all})
	c.down += uint32(len(all))
}

// loses has the client send bytes that are not captured.
func (c *connection) loses(b ...[]byte) { c.up += uint32(len(bytes.Join(b, nil))) }

// five begins with MQTT 5.
func (c *connection) five(id string) *connection { return c.begins(packet.V5, id, true) }

func (c *connection) begins(v packet.Version, id string, clean bool) *connection {
	c.sends(connect(v, id, clean))
	c.gets(packet.AppendConnAck(nil, v, &packet.ConnAck{}))
	return c
}

func connect(v packet.Version, id string, clean bool) []byte {
	return packet.AppendConnect(nil, &packet.Connect{Version: v, ClientID: id, CleanStart: clean, KeepAlive: 60})
}

// publish returns a PUBLISH of QoS 0.
func publish(v packet.Version, topic, payload string) []byte {
	return packet.AppendPublish(nil, v, &packet.Publish{Topic: topic, Payload: []byte(payload)})
}

// aliased returns one with a topic alias.
func aliased(topic string, alias int, payload string) []byte {
	return packet.AppendPublish(nil, packet.V5, &packet.Publish{
		Topic: topic, Payload: []byte(payload), Properties: packet.Properties{}.AppendUint(0x23, uint32(alias)),
	})
}

// numbered returns one of QoS 1 or 2.
func numbered(qos byte, id uint16, dup bool, payload string) []byte {
	return packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: "n", Payload: []byte(payload), QoS: qos, PacketID: id, Dup: dup})
}

func ack(kind packet.Ack) []byte { return packet.AppendAck(nil, packet.V5, &kind) }

// frames returns segments as frames of Ethernet.
func frames(segments []segment) []pcap.Frame {
	list := make([]pcap.Frame, len(segments))
	for i, s := range segments {
		p := pcaptest.Segment{From: s.from.addr(), To: s.to.addr(), Seq: s.seq, Ack: s.ack, Payload: s.payload}
		if s.syn {
			p.Flags |= pcaptest.Syn
		}
		if s.ackd {
			p.Flags |= pcaptest.Ack
		}
		data := p.Ethernet()
		list[i] = pcap.Frame{Time: s.at, Data: data, Size: len(data)}
		if s.kept > 0 {
			list[i].Data = data[:s.kept]
		}
	}
	return list
}

func (e end) addr() netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(e.ip), e.port) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// imported reads segments, and returns the messages as lines.
func imported(t testing.TB, segments []segment, o capture.Options) ([]string, *capture.Summary) {
	t.Helper()
	return read(t, pcaptest.File(frames(segments)), o)
}

func read(t testing.TB, data []byte, o capture.Options) ([]string, *capture.Summary) {
	t.Helper()
	var lines []string
	o.Each = func(m *mqtt.Received, at time.Time) error {
		lines = append(lines, fmt.Sprintf("%v q%d %s=%s", at.Sub(noon), m.QoS, m.Topic, m.Payload))
		return nil
	}
	sum, err := capture.Import(context.Background(), bytes.NewReader(data), o)
	must(t, err)
	return lines, sum
}

// wants checks messages, without their times, and that each of these texts stands in the notes, and no more notes are there.
func wants(t *testing.T, segments []segment, o capture.Options, messages string, notes ...string) {
	t.Helper()
	lines, sum := imported(t, segments, o)
	for i, line := range lines {
		_, lines[i], _ = strings.Cut(line, " ")
	}
	if got := strings.Join(lines, ", "); got != messages {
		t.Errorf("the messages are %q, not %q", got, messages)
	}
	got := sum.Notes()
	if len(got) != len(notes) {
		t.Errorf("the notes are %q", got)
	}
	for i := range min(len(got), len(notes)) {
		if !strings.Contains(got[i], notes[i]) {
			t.Errorf("note %d is %q, without %q", i, got[i], notes[i])
		}
	}
}
