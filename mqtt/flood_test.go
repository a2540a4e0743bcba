package mqtt_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestRetainedFlood has a server send a million retained messages at once, and a
// handler that takes none: what the client holds is bounded, and so is what it
// reads.
func TestRetainedFlood(t *testing.T) { // fault 28, fault 12, MF-28
	eachLasting(t, func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveBytes = 100_000
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) { <-ctx.Done() }
	}, func(s *lasting) {
		synctest.Wait()
		message := publishBytes(s.five, 0x31, "t", 0, string(make([]byte, 1000)))
		server := s.server
		var taken atomic.Int64
		flood := async(func() error {
			for range 1_000_000 {
				n, err := server.Write(message)
				taken.Add(int64(n))
				if err != nil {
					return err
				}
			}
			return nil
		})
		<-time.After(10 * time.Second)
		synctest.Wait()
		if n := taken.Load(); n < 50_000 || n > 250_000 {
			s.t.Errorf("%d bytes were read", n)
		}
		if st := s.Stats(); st.Received < 50 || st.Received > 200 {
			s.t.Errorf("%+v", st)
		}
		server.Close()
		if err := <-flood; err == nil {
			s.t.Error("all of it was read")
		}
	})
}
