package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestCloseWithAllTheTimeThereIs gives Close a deadline so far away that three times what is left
// is no Duration: publishes get their time all the same.
func TestCloseWithAllTheTimeThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, nil, "")
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		s.server.Expect("32 05 000174 0001")
		ctx, cancel := context.WithTimeout(context.Background(), 150*365*24*time.Hour)
		defer cancel()
		closed := async(func() error { return s.Close(ctx) })
		synctest.Wait()
		s.server.Send("40 02 0001")
		s.mustWait(published)
		s.server.Expect("E0 00")
		s.server.Close()
		s.mustWait(closed)
	})
}
