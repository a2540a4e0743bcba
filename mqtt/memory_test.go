package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"dunlin/mqtt"
)

// TestMessagesKeepTheirPayload holds on to messages, which share memory, and
// looks at borrowed ones, whose memory is used again, while the next ones come.
func TestMessagesKeepTheirPayload(t *testing.T) {
	const n = 5000
	payload := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%700) }
	for _, borrowed := range []bool{false, true} {
		t.Run(fmt.Sprint("borrowed ", borrowed), func(t *testing.T) {
			s := dialScripted(t, nil)
			var kept []*mqtt.Received
			count := 0
			all := make(chan struct{})
			must(t, s.subscribe(0, mqtt.Subscription{Filter: "t", ReuseMessage: borrowed, Handler: func(_ context.Context, m *mqtt.Received) {
				if !bytes.Equal(m.Payload, payload(count)) || m.Topic != "t" {
					t.Errorf("message %d: %d bytes", count, len(m.Payload))
				}
				if !borrowed {
					kept = append(kept, m)
				}
				if count++; count == n {
					close(all)
				}
			}}))
			var flood []byte
			for i := range n {
				flood = append(flood, publishBytes(false, 0x30, "t", 0, string(payload(i)))...)
			}
			s.server.SendBytes(flood)
			<-all
			for i, m := range kept {
				if !bytes.Equal(m.Payload, payload(i)) {
					t.Fatalf("message %d has changed", i)
				}
				m.Payload = append(m.Payload, "its neighbour's?"...)
			}
			for i, m := range kept {
				if !bytes.HasPrefix(m.Payload, payload(i)) || !bytes.HasSuffix(m.Payload, []byte("?")) {
					t.Fatalf("message %d was written over", i)
				}
			}
		})
	}
}
