package ui

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestSubscriptionsOfTheCommandWaitForTheBroker, however long it takes, and the page is told meanwhile.
func TestSubscriptionsOfTheCommandWaitForTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		h, err := newHub(ctx, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		go func() {
			_, _ = io.ReadFull(there, make([]byte, 14)) // CONNECT
			_, _ = there.Write([]byte{0x20, 2, 0, 0})
			_, _ = io.ReadFull(there, make([]byte, 8))   // SUBSCRIBE
			time.Sleep(patience + 10*time.Second)        //nolint:forbidigo // fake time
			_, _ = there.Write([]byte{0x90, 3, 0, 1, 1}) // SUBACK
			_, _ = io.Copy(io.Discard, there)
		}()
		cfg := mqtt.Config{Version: mqtt.V311}
		cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
		client, err := mqtt.Dial(ctx, "mqtt://localhost", cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.mu.Lock()
		c := h.newConnection(kindBroker, "test", "")
		h.mu.Unlock()
		c.broker.Subscriptions = []mqtt.Subscription{{Filter: "a", QoS: mqtt.AtLeastOnce}}
		go c.subscribeAll(client)
		time.Sleep(patience + time.Second) //nolint:forbidigo // fake time
		if f := c.shown(time.Now()).Filters; len(f) != 1 || !strings.Contains(f[0].Error, "has not answered within 30 s") {
			t.Errorf("after 31 s: %+v", f)
		}
		time.Sleep(10 * time.Second) //nolint:forbidigo // fake time
		if f := c.shown(time.Now()).Filters; len(f) != 1 || f[0].Error != "" || f[0].QoS != 1 {
			t.Errorf("after 41 s: %+v", f)
		}
		_ = client.Close(ctx)
		_ = there.Close()
	})
}
