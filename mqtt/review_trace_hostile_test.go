package mqtt_test

import (
	"sync/atomic"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestTraceOfAMalformedPropertyLength has a server announce properties with a length that no
// int holds: OnPacket sees the packet, and the client refuses it.
func TestTraceOfAMalformedPropertyLength(t *testing.T) {
	for name, connAck := range map[string]string{
		"more than 32 bits": "20 08 00 00 FF FF FF FF FF 7F",
		"more than 64 bits": "20 0D 00 00 FF FF FF FF FF FF FF FF FF FF 7F",
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			var seen atomic.Int32
			cfg := mqtt.Config{ClientID: "c", Version: mqtt.V5, OnPacket: func(p mqtt.TracedPacket) {
				if !p.Sent && p.Size == len(p.Bytes) {
					seen.Add(1)
				}
			}}
			dialed := async(func() error { return errorOf(mqtt.Dial(ctxFor(t), server.URL(), cfg)) })
			conn := server.Accept()
			conn.Packet()
			conn.Send(connAck)
			conn.Packet() // DISCONNECT
			conn.Close()
			if err := <-dialed; err == nil {
				t.Error("the CONNACK was taken")
			}
			if seen.Load() != 1 {
				t.Errorf("OnPacket saw %d packets of the server", seen.Load())
			}
		})
	}
}
