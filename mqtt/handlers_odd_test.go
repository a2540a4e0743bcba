package mqtt_test

import (
	"context"
	"runtime"
	"testing"

	"dunlin/mqtt"
)

func TestHandlerThatChangesItsMessage(t *testing.T) { // the message belongs to it
	done := make(chan struct{})
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveBytes = 20_000
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
			if m.Topic == "n" {
				close(done)
			}
			*m = mqtt.Received{}
		}
	})
	for range 30 { // far more than the limit, if it were not counted off
		s.server.SendBytes(bigPublish(3000))
	}
	s.server.SendBytes(numbered(0, 0, 1))
	<-done
	s.closeWell()
}

func TestHandlerThatEndsItsGoroutine(t *testing.T) { // TR-13: as testing's FailNow does
	s := dialScripted(t, nil)
	exit := mqtt.Subscription{Filter: "exit", QoS: 1, Handler: func(context.Context, *mqtt.Received) { runtime.Goexit() }}
	must(t, s.subscribe(1, exit))
	s.server.Send("32 08 0004 65786974 0001", "30 06 0004 65786974", "32 05 000174 0002")
	s.expectEvent("error: a handler panicked: it called runtime.Goexit")
	s.expectEvent("error: a handler panicked: it called runtime.Goexit")
	s.expectEvent("message t= q1 id2")
	s.server.Expect("40 02 0002")
	closed := make(chan error, 1)
	_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, func(error) { closed <- s.Close(s.ctx) }) // still knows its own goroutine
	must(t, err)
	s.server.Expect("30 03 000174", "E0 00")
	s.server.Close()
	s.mustWait(closed)
	s.finish()
}
