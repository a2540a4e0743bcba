package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestSilenceCountsAfterAPausedConnection has a connection end while its reader waits for room. The
// next one has room, and a server that says nothing there is found dead.
func TestSilenceCountsAfterAPausedConnection(t *testing.T) {
	release := make(chan struct{})
	busy := func(cfg *mqtt.Config) {
		cfg.KeepAlive = 10 * time.Second
		cfg.Limits.ReceiveMessages = 2
		cfg.Transport.ReadBuffer = 16
		cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
	}
	lastingV5(t, "", busy, func(s *lasting) {
		release = make(chan struct{}) // of this bubble
		go func() {
			for range 10 {
				if _, err := s.server.Write(publishBytes(true, 0x30, "t", 0, "")); err != nil {
					return
				}
			}
		}()
		synctest.Wait() // the reader waits for room
		s.server.Close()
		s.acceptNext("present") // a ping that could not be written has told
		close(release)
		s.server.Expect("C0 00")
		s.server.ExpectClosed() // it had no answer
	})
}
