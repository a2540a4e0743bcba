package mqtt_test

import (
	"context"
	"fmt"
	"testing"

	"dunlin/mqtt"
)

// TestRememberedTopicsFollowTheSubscriptions changes what a topic leads to
// between messages, with more topics than are remembered.
func TestRememberedTopicsFollowTheSubscriptions(t *testing.T) {
	s := dialScripted(t, nil)
	id := 0
	answered := func(call func() error, typ, code string) {
		t.Helper()
		id++
		done := async(call)
		s.server.Packet()
		s.server.Send(fmt.Sprintf("%s %04X %s", typ, id, code))
		s.mustWait(done)
	}
	round := func(want string) {
		t.Helper()
		for range 2 {
			for i := range 100 {
				s.server.Send(fmt.Sprintf("30 05 0003 74%02X%02X", 'a'+i/10, '0'+i%10))
			}
			for i := range 100 {
				s.expectEvent(fmt.Sprintf("%s t%c%c", want, 'a'+i/10, '0'+i%10))
			}
		}
	}
	handler := func(name string) func(context.Context, *mqtt.Received) {
		return func(_ context.Context, m *mqtt.Received) { s.events <- name + " " + m.Topic }
	}
	round("message")
	answered(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "+", Handler: handler("one")}))
	}, "90 03", "00")
	round("one")
	answered(func() error {
		return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "+", Handler: handler("two")}))
	}, "90 03", "00")
	round("two")
	answered(func() error { return s.Unsubscribe(s.ctx, "+") }, "B0 02", "")
	s.server.Send("30 05 0003 746130")
	s.finish()
}
