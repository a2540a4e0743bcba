package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"dunlin/mqtt"
)

// largeSizes are those of payloads that come with the buffer, that are read into memory of
// their own, and whose memory grows.
var largeSizes = []int{20 << 10, 200 << 10, 1 << 20}

// TestReleasedMemoryIsUsedAgain: what nobody has any more serves the next payload. Without that each
// takes as much fresh memory as it has bytes.
func TestReleasedMemoryIsUsedAgain(t *testing.T) {
	for _, size := range largeSizes {
		for _, how := range []string{"released", "borrowed", "unwanted"} {
			t.Run(fmt.Sprintf("%s, %d bytes", how, size), func(t *testing.T) {
				done := make(chan struct{}, 1)
				c, conn := dialLoop(t, func(context.Context, *mqtt.Received) { done <- struct{}{} })
				sub := mqtt.Subscription{Filter: "t", ReuseMessage: how == "borrowed", Handler: func(_ context.Context, m *mqtt.Received) {
					if how == "released" {
						m.Release()
					}
				}}
				subscribed, err := c.SubscribeAsync(context.Background(), []mqtt.Subscription{sub}, nil)
				must(t, err)
				conn.push(0x90, 3, 0, 1, 0)
				must(t, subscribed.Wait(ctxFor(t)))
				if how == "unwanted" {
					ended, err := c.UnsubscribeAsync(context.Background(), []string{"t"}, nil)
					must(t, err)
					conn.push(0xB0, 2, 0, 2)
					must(t, ended.Wait(ctxFor(t)))
				}
				packets := publishBytes(false, 0x30, "t", 0, string(make([]byte, size)))
				packets = append(packets, 0x30, 3, 0, 1, 'u')
				if each := allocated(func() { conn.push(packets...); <-done }); each > size/8 {
					t.Errorf("%d bytes of memory for each payload", each)
				}
			})
		}
	}
}

// allocated returns how much memory f allocates, once it has what it needs.
func allocated(f func()) int {
	const runs = 40
	for range runs {
		f()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc-before.TotalAlloc) / runs
}

// keeper has messages, and knows what each must hold.
type keeper struct {
	mu   sync.Mutex
	kept map[*mqtt.Received]byte
	gone []*mqtt.Received
}

// check fails where a message that was not released holds anything else than it did.
func (k *keeper) check(t *rapid.T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for m, want := range k.kept {
		if n := bytes.Count(m.Payload, []byte{want}); n != len(m.Payload) || n == 0 {
			t.Fatalf("of %d bytes %d are what came", len(m.Payload), n)
		}
	}
}

// release releases a message, or one that was released before, from goroutines of their own.
func (k *keeper) release(again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var one *mqtt.Received
	for m := range k.kept {
		one = m
		break
	}
	if again && len(k.gone) > 0 {
		one = k.gone[len(k.gone)/2]
	}
	if one == nil {
		return
	}
	delete(k.kept, one)
	k.gone = append(k.gone, one)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(one.Release)
	}
	wg.Wait()
}

// TestReleasedMemoryIsNobodyElses: whatever is released, when, how often and from where, no
// message shares memory with another that is still in use.
func TestReleasedMemoryIsNobodyElses(t *testing.T) {
	k := &keeper{kept: map[*mqtt.Received]byte{}}
	through := make(chan struct{}, 1)
	_, conn := dialLoop(t, func(_ context.Context, m *mqtt.Received) {
		if len(m.Payload) > 1 {
			k.mu.Lock()
			k.kept[m] = m.Payload[len(m.Payload)/2]
			k.mu.Unlock()
			return
		}
		through <- struct{}{}
	})
	n := byte(0)
	rapid.Check(t, func(t *rapid.T) {
		clear(k.kept)
		t.Repeat(map[string]func(*rapid.T){
			"come": func(t *rapid.T) {
				var packets []byte
				for range rapid.IntRange(1, 3).Draw(t, "messages") {
					n++
					size := rapid.SampledFrom([]int{100, 16 << 10, 40_000, 64 << 10, 66_000, 140_000}).Draw(t, "size")
					packets = append(packets, publishBytes(false, 0x30, "t", 0, string(bytes.Repeat([]byte{n}, size)))...)
				}
				conn.push(append(packets, 0x30, 4, 0, 1, 't', 0)...)
				<-through
			},
			"release":       func(*rapid.T) { k.release(false) },
			"release again": func(*rapid.T) { k.release(true) },
			"":              k.check,
		})
	})
}

// TestReleaseWithoutMemory: it does nothing for what holds none, and after the end.
func TestReleaseWithoutMemory(t *testing.T) {
	new(mqtt.Received).Release()
	got := make(chan *mqtt.Received, 2)
	c, conn := dialLoop(t, func(_ context.Context, m *mqtt.Received) { got <- m })
	conn.push(publishBytes(false, 0x30, "t", 0, "small")...)
	small := <-got
	small.Release()
	if string(small.Payload) != "small" {
		t.Error("a small payload is gone")
	}
	conn.push(publishBytes(false, 0x30, "t", 0, string(make([]byte, 1<<20)))...)
	m := <-got
	other := *m
	must(t, c.Close(context.Background()))
	m.Release()
	m.Release()
	other.Release()
	if m.Payload != nil {
		t.Error("a payload stays after its release")
	}
}

// TestReleaseIsNotForOtherHandlers: where more than one has the message, one does not speak
// for all.
func TestReleaseIsNotForOtherHandlers(t *testing.T) {
	s := dialScripted(t, nil)
	want := bytes.Repeat([]byte("x"), 100<<10)
	kept := make(chan *mqtt.Received, 10)
	s.activate(false,
		mqtt.Subscription{Filter: "t", Handler: func(_ context.Context, m *mqtt.Received) { m.Release() }},
		mqtt.Subscription{Filter: "#", Handler: func(_ context.Context, m *mqtt.Received) { kept <- m }})
	s.sendPublish(false, 0x30, 0, string(want))
	first := <-kept
	s.sendPublish(false, 0x30, 0, string(bytes.Repeat([]byte("y"), len(want))))
	<-kept
	if !bytes.Equal(first.Payload, want) {
		t.Error("the other handler's payload has changed")
	}
	s.closeWell()
}

// TestReleaseIsNotForOtherHandlersThatBorrow: all of them get the payload, whatever the first one says,
// and whether it came with the buffer or in memory of its own.
func TestReleaseIsNotForOtherHandlersThatBorrow(t *testing.T) {
	for _, size := range largeSizes {
		s := dialScripted(t, nil)
		want := bytes.Repeat([]byte("x"), size)
		got := make(chan bool, 10)
		look := func(m *mqtt.Received) {
			got <- bytes.Equal(m.Payload, want)
			m.Release()
		}
		s.activate(false,
			mqtt.Subscription{Filter: "t", ReuseMessage: true, Handler: func(_ context.Context, m *mqtt.Received) { look(m) }},
			mqtt.Subscription{Filter: "#", BatchHandler: func(_ context.Context, messages []*mqtt.Received) { look(messages[0]) }})
		s.sendPublish(false, 0x30, 0, string(want))
		if first, second := <-got, <-got; !first || !second {
			t.Errorf("%d bytes: the first handler found what came: %v, the second one: %v", size, first, second)
		}
		s.closeWell()
	}
}

// TestReleasedMemoryGoesAtRest: a client keeps it for a second or two after a burst, also when small
// messages go on to come, or handlers take their time, and what is released later is not kept at all.
func TestReleasedMemoryGoesAtRest(t *testing.T) {
	t.Run("nothing comes", func(t *testing.T) { testReleasedMemoryGoes(t, false, 0) })
	t.Run("small messages come", func(t *testing.T) { testReleasedMemoryGoes(t, true, 0) })
	t.Run("slow handlers", func(t *testing.T) { testReleasedMemoryGoes(t, false, 10*time.Millisecond) })
	t.Run("very slow handlers", func(t *testing.T) { testReleasedMemoryGoes(t, false, 700*time.Millisecond) })
}

func testReleasedMemoryGoes(t *testing.T, smallOnesCome bool, handling time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		var late []*mqtt.Received
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive = -1
			cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
				<-time.After(handling)
				if late = append(late, m); len(late) > 3 {
					m.Release()
					late = late[:3]
				}
			}
		}, "")
		rest := func() {
			for range 30 {
				<-time.After(100 * time.Millisecond)
				if smallOnesCome {
					s.sendPublish(false, 0x30, 0, "small")
				}
			}
			synctest.Wait()
		}
		before := heapNow()
		for range 6 {
			s.sendPublish(false, 0x30, 0, string(make([]byte, size)))
		}
		synctest.Wait()
		s.sendPublish(false, 0x30, 0, "small") // nothing else tells that there was much to do
		<-time.After(8 * handling)
		synctest.Wait()
		rest()
		if held := heapNow() - before; held > 3*size+size/2 {
			t.Errorf("%d bytes are held with three messages of %d", held, size)
		}
		for _, m := range late {
			m.Release()
		}
		rest()
		if held := heapNow() - before; held > size/2 {
			t.Errorf("%d bytes are held by a client at rest", held)
		}
		runtime.KeepAlive(late)
	})
}

// TestMemoryOfARepeatGoes: also when nothing of what came is for a handler.
func TestMemoryOfARepeatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		s := dialPipe(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive = -1
			cfg.OnMessage = func(context.Context, *mqtt.Received) {}
		}, "")
		before := heapNow()
		for _, first := range []byte{0x34, 0x3C} {
			s.sendPublish(false, first, 1, string(make([]byte, size)))
			s.server.Expect("50 02 0001")
			<-time.After(3 * time.Second)
			synctest.Wait()
		}
		if held := heapNow() - before; held > size/2 {
			t.Errorf("%d bytes are held by a client at rest", held)
		}
	})
}

// TestAnnouncedLengthCostsNoMemory: who announces a payload of 15 MiB and sends little of it
// has the client hold little. It shows MF-04: announced length costs no memory.
func TestAnnouncedLengthCostsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sent = 2000
		s := dialPipe(t, func(cfg *mqtt.Config) { cfg.KeepAlive = -1 }, "")
		before := heapNow()
		s.server.SendBytes(publishBytes(false, 0x30, "t", 0, string(make([]byte, 15<<20)))[:sent])
		synctest.Wait()
		if held := heapNow() - before; held > 200<<10 {
			t.Errorf("%d bytes are held for %d that came", held, sent)
		}
	})
}
