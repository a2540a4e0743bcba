package cli_test

import (
	"net/netip"
	"time"

	"dunlin/internal/pcap"
	"dunlin/internal/pcap/pcaptest"
	"dunlin/mqtt/mqtttest/packet"
)

// fieldCapture is a capture in the form pcapng of a client that publishes two messages and gets one, and of a connection that began before.
func fieldCapture() []byte {
	var frames []pcap.Frame
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	next := map[uint16]uint32{}
	send := func(from, to uint16, syn bool, payload []byte) {
		at = at.Add(250 * time.Millisecond)
		host := netip.MustParseAddr("192.0.2.1")
		s := pcaptest.Segment{From: netip.AddrPortFrom(host, from), To: netip.AddrPortFrom(host, to), Seq: next[from], Payload: payload}
		next[from] += uint32(len(payload))
		if syn {
			s.Flags |= pcaptest.Syn
			next[from]++
		}
		if !syn || from == 1883 {
			s.Flags |= pcaptest.Ack
			s.Ack = next[to]
		}
		data := s.Ethernet()
		frames = append(frames, pcap.Frame{Time: at, Data: data, Size: len(data)})
	}
	send(40001, 1883, true, nil)
	send(1883, 40001, true, nil)
	send(40001, 1883, false, packet.AppendConnect(nil, &packet.Connect{Version: packet.V5, ClientID: "meter", CleanStart: true}))
	send(1883, 40001, false, packet.AppendConnAck(nil, packet.V5, &packet.ConnAck{}))
	send(40001, 1883, false, packet.AppendPublish(nil, packet.V5, &packet.Publish{
		Topic: "field/temp", Payload: []byte("21.5"), QoS: 1, PacketID: 1, Retain: true, Properties: packet.Properties{}.AppendText(0x03, "text/plain"),
	}))
	send(40001, 1883, false, packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: "field/raw", Payload: []byte{0xFF, 0, 'x'}}))
	send(1883, 40001, false, packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: "field/set", Payload: []byte("on")}))
	next[1883] = 0
	send(40002, 1883, false, packet.AppendPublish(nil, packet.V5, &packet.Publish{Topic: "field/late", Payload: []byte("1")}))
	return pcaptest.Blocks(frames)
}
