package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestConnectTooLateSaysSo calls Connect, with authentication and no time left, on a client that
// has ended: no other authentication is in its way.
func TestConnectTooLateSaysSo(t *testing.T) {
	server := mqtttest.NewServer(t)
	opened, err := mqtt.Open(ctxFor(t), server.URL(), mqtt.Config{})
	must(t, err)
	server.Accept().Close()
	<-opened.Done()
	ctx, cancel := context.WithCancel(ctxFor(t))
	cancel()
	for range 50 { // it was a matter of chance
		err := opened.Connect(ctx, mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: &gatedAuth{}})
		if !errors.Is(err, mqtt.ErrClosed) || strings.Contains(err.Error(), "another") {
			t.Fatal(err)
		}
	}
}
