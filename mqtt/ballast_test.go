package mqtt_test

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

const ballastSize = 16 << 20

// TestCollectorRunsSeldomForLargePayloads: a program that lets payloads of 64 KiB go without a word
// has no cycle of the garbage collector at each 60 of them.
func TestCollectorRunsSeldomForLargePayloads(t *testing.T) {
	done := make(chan struct{}, 1)
	_, conn := dialLoop(t, func(context.Context, *mqtt.Received) { done <- struct{}{} })
	packet := publishBytes(false, 0x30, "t", 0, string(make([]byte, 64<<10)))
	one := func() { conn.push(packet...); <-done }
	for range 500 {
		one()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const runs = 2000
	for range runs {
		one()
	}
	runtime.ReadMemStats(&after)
	if cycles := after.NumGC - before.NumGC; cycles > runs/150 {
		t.Errorf("%d cycles for %d payloads", cycles, runs)
	}
}

// TestBallastIsHeldWhileItHelps: not where a limit for memory is set, for it counts there, not for a
// program that gives payloads back, and not by a client at rest, or one that has ended.
func TestBallastIsHeldWhileItHelps(t *testing.T) {
	for _, test := range []struct {
		name     string
		limit    int64
		releases bool
		ends     bool
		held     bool
	}{
		{"kept", math.MaxInt64, false, false, true},
		{"kept, and the client ends", math.MaxInt64, false, true, true},
		{"released", math.MaxInt64, true, false, false},
		{"kept, with a limit for memory", 4 << 30, false, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(test.limit))
			defer debug.SetGCPercent(debug.SetGCPercent(20)) // what other tests hold does not make a large heap
			synctest.Test(t, func(t *testing.T) {
				s := dialPipe(t, func(cfg *mqtt.Config) {
					cfg.KeepAlive = -1
					cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
						if test.releases {
							m.Release()
						}
					}
				}, "")
				before := heapNow()
				for range 20 {
					s.sendPublish(false, 0x30, 0, string(make([]byte, 1<<20)))
				}
				synctest.Wait()
				if held := heapNow() - before; (held >= ballastSize) != test.held {
					t.Errorf("%d bytes are held while large payloads come", held)
				}
				if test.ends {
					s.server.Close()
				}
				<-time.After(3 * time.Second)
				synctest.Wait()
				if held := heapNow() - before; held > ballastSize/2 {
					t.Errorf("%d bytes are held at rest", held)
				}
			})
		})
	}
}
