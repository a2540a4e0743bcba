package mqtt_test

import (
	"testing"

	"dunlin/mqtt"
)

// TestNothingIsQueuedAfterTheLastAnswer asks in the callbacks, which may run
// before the write loop has noted that its write returned.
func TestNothingIsQueuedAfterTheLastAnswer(t *testing.T) {
	c := dialResponder(t, &responder{}, nil)
	ctx := ctxFor(t)
	for range 500 {
		queued := make(chan bool, 1)
		if _, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 2}, func(error) { queued <- c.IsQueued() }); err != nil {
			t.Fatal(err)
		}
		if <-queued {
			t.Fatal("queued though the last answer has come")
		}
	}
}
