package packet_test

import (
	"fmt"

	"dunlin/mqtt/mqtttest/packet"
)

// A server in a test reads a SUBSCRIBE and grants what it asks for.
func Example() {
	sent := packet.AppendSubscribe(nil, packet.V5, &packet.Subscribe{
		PacketID: 7, Filters: []packet.Filter{{Topic: "home/#", Options: 1}, {Topic: "garden/#", Options: 2}},
	})

	h, n, err := packet.ParseHeader(sent, packet.V5)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := packet.ParseSubscribe(h, sent[n:], packet.V5)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := packet.SubAck{PacketID: s.PacketID}
	for _, f := range s.Filters {
		answer.Codes = append(answer.Codes, f.Options&3)
	}
	fmt.Printf("% X\n", packet.AppendSubAck(nil, packet.V5, &answer))
	// Output: 90 05 00 07 00 01 02
}
