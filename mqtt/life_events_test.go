package mqtt_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestEventsThatWaitAreBounded has a server end, or refuse, one connection after the other
// with many words while a handler does not return: what the events hold is bounded, too.
func TestEventsThatWaitAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		refuses bool
		words   []byte
	}{
		"DISCONNECT": {false, frame(0xE0, append([]byte{0x8B}, userProperties(20_000)...))},
		"CONNACK":    {true, frame(0x20, append([]byte{0, 0x88}, userProperties(20_000)...))},
	} {
		t.Run(name, func(t *testing.T) {
			var release chan struct{}
			ends, retries := 0, 0
			blocked := func(cfg *mqtt.Config) {
				release = make(chan struct{})
				cfg.KeepAlive, cfg.Reconnect.MaxDelay, cfg.Limits.ReceiveBytes = -1, time.Second, 256<<10
				cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
				cfg.OnDisconnect = func(error) { ends++ }
				cfg.OnRetry = func(mqtt.Retry) { retries++ }
			}
			lastingV5(t, "", blocked, func(s *lasting) {
				s.server.Send("30 04 0001 74 00")
				before := heapNow()
				connections := 1
				for connections < 60 && s.endWith(test.refuses, test.words) {
					connections++
				}
				if held := heapNow() - before; held > 12<<20 {
					s.t.Errorf("%d MiB are held after %d connections", held>>20, connections)
				}
				close(release)
				<-time.After(time.Minute)
				synctest.Wait()
				if ends == 0 || retries == 0 || test.refuses != (connections == 60) {
					s.t.Errorf("%d ends and %d retries of %d connections were told", ends, retries, connections)
				}
			})
		})
	}
}

// endWith ends the connection with words and accepts the next one, or lets it be refused
// with the same words. It reports false when the client does not read them.
func (s *lasting) endWith(refuses bool, words []byte) bool {
	read := async(func() error { _, err := s.server.Write(words); return err })
	select {
	case <-read:
	case <-time.After(time.Minute):
		return false
	}
	s.server.Close()
	s.server = s.net.accept()
	s.server.Packet()
	if !refuses {
		s.server.Send(s.connAck("present"))
	}
	synctest.Wait()
	return true
}

func heapNow() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
