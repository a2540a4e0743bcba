package mqtt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// TestLoopReads: while it waits for a message and the client has nothing else to do, on its own
// goroutine, with a trace too; of the client's only the write loop is left.
func TestLoopReads(t *testing.T) {
	for name, change := range map[string]func(*mqtt.Config){
		"plain":    nil,
		"OnPacket": func(cfg *mqtt.Config) { cfg.OnPacket = func(mqtt.TracedPacket) {} },
	} {
		t.Run(name, func(t *testing.T) {
			eachCarrier(t, change, func(p *pulling) {
				l := p.loop(p.ctx, p.subscribe("t"), nil)
				for range 5 {
					l.reads("t")
					p.expectAck()
				}
			})
		})
	}
}

// TestLoopGetsAllInOrder: 100,000 messages of any QoS, of 5 bytes to 3,000, in writes of any size and with
// pauses between them. Each comes once and is acknowledged, all in order.
func TestLoopGetsAllInOrder(t *testing.T) {
	const sent = 100_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	eachCarrier(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveMessages = 100 }, func(p *pulling) {
		random := rand.New(rand.NewPCG(seed, 0))
		n := sent / len(carriers)
		room := make(chan struct{}, 10_000) // messages that are not acknowledged
		acks := make(chan int, sent)
		p.server.answers(func(packet []byte) ([]byte, bool) {
			if packet[0] == 0x40 || packet[0] == 0x50 {
				acks <- int(packet[2])<<8 | int(packet[3])
				<-room
			}
			return nil, false
		})
		l := p.loop(p.ctx, p.subscribe("t"), nil)
		want := make(chan int, n)
		padding := strings.Repeat("x", 3000)
		go func() {
			defer close(want)
			var chunk []byte
			for i := range n {
				qos, size := byte(random.IntN(3)), 0
				if random.IntN(8) == 0 {
					size = random.IntN(3000)
				}
				if qos > 0 {
					room <- struct{}{}
				}
				if p.id == 60_000 {
					p.id = 0
				}
				chunk = append(chunk, p.message(qos, "t", fmt.Sprintf("%05d", i)+padding[:size])...)
				if qos > 0 {
					want <- int(p.id)
				}
				if random.IntN(30) == 0 || len(room) == cap(room) || i == n-1 {
					p.server.say(chunk)
					chunk = nil
					for range random.IntN(20) {
						runtime.Gosched()
					}
				}
			}
		}()
		for i := range n {
			select {
			case got := <-l.got:
				if got[:5] != fmt.Sprintf("%05d", i) {
					p.t.Fatalf("message %s, want %d", got[:5], i)
				}
			case <-p.ctx.Done():
				p.t.Fatalf("message %d does not come", i)
			}
		}
		for id := range want {
			select {
			case got := <-acks:
				if got != id {
					p.t.Fatalf("acknowledged %d, want %d", got, id)
				}
			case <-p.ctx.Done():
				p.t.Fatalf("%d is not acknowledged", id)
			}
		}
	})
}

// TestLoopThatIsLeftIsGoneOnWith: after each message another loop begins, and none is lost or comes twice.
func TestLoopThatIsLeftIsGoneOnWith(t *testing.T) {
	eachCarrier(t, nil, func(p *pulling) {
		a := p.subscribe("t")
		for i := range 500 {
			if i%2 == 0 { // now they come together, now one by one
				p.server.say(append(p.message(1, "t", fmt.Sprint(i)), p.message(1, "t", fmt.Sprint(i+1))...))
			}
			l := p.loop(p.ctx, a, func(string) bool { return false })
			l.expect(fmt.Sprint(i))
			l.ended()
		}
		p.expectAck()
		p.say("unwanted", "") // somebody reads on
		p.expectAck()
	})
}

// TestContextsThatEndAtAnyMoment: of short loops, one after another, while messages come. None is lost, comes
// twice or is left without its acknowledgement, and the connection stands.
func TestContextsThatEndAtAnyMoment(t *testing.T) {
	p := pullTCP(t, nil)
	a := p.subscribe("t")
	next := 0
	rapid.Check(t, func(t *rapid.T) {
		pauses := rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 20).Draw(t, "moments at which loops end")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 500), 0, 20).Draw(t, "pauses between messages")
		first := next
		said := make(chan struct{})
		go func() {
			defer close(said)
			for i, gap := range gaps {
				spin(gap)
				p.say("t", fmt.Sprint(first+i))
			}
		}()
		take := func(ctx context.Context) {
			for m, err := range a.All(ctx) {
				if err != nil {
					if ctx.Err() == nil {
						p.t.Fatal(err)
					}
					return
				}
				if string(m.Payload) != fmt.Sprint(next) {
					p.t.Fatalf("message %s, want %d", m.Payload, next)
				}
				if next++; next == first+len(gaps) && ctx == p.ctx {
					return
				}
			}
		}
		for _, pause := range pauses {
			ctx, cancel := context.WithCancel(p.ctx)
			ended := make(chan struct{})
			go func() {
				spin(pause)
				cancel()
				close(ended)
			}()
			take(ctx)
			<-ended
		}
		if next < first+len(gaps) {
			take(p.ctx)
		}
		if <-said; len(gaps) > 0 {
			p.expectAck()
		}
	})
}

// spin lets some time pass, in which others run.
func spin(n int) {
	for range n {
		runtime.Gosched()
	}
}

// TestLoopOverWhatIsNoSocket: the read of a WebSocket cannot be called off, so another goroutine reads, and
// all else is as on a socket.
func TestLoopOverWhatIsNoSocket(t *testing.T) {
	test := func(t *testing.T, p *pulling) {
		a := p.subscribe("t")
		ctx, cancel := context.WithCancel(p.ctx)
		l := p.loop(ctx, a, nil)
		for i := range 100 {
			p.say("t", fmt.Sprint(i))
			l.expect(fmt.Sprint(i))
			p.expectAck()
			if here, _ := readers(); here > 0 {
				t.Fatal("the loop reads")
			}
		}
		cancel()
		l.ended(context.Canceled)
		l = p.loop(p.ctx, a, nil)
		p.say("t", "later")
		l.expect("later")
		p.expectAck()
	}
	t.Run("WebSocket", func(t *testing.T) {
		p := newPulling(t)
		p.dial(p.server.webSocket())
		test(t, p)
	})
	t.Run("around a socket", func(t *testing.T) {
		test(t, pullTCP(t, func(cfg *mqtt.Config) { cfg.Transport.Dial = patient(cfg.Transport.Dial) }))
	})
}

// TestTraceSeesWhatALoopReads, and what it is answered with.
func TestTraceSeesWhatALoopReads(t *testing.T) {
	var in, out atomic.Int32
	p := pullTCP(t, func(cfg *mqtt.Config) {
		cfg.OnPacket = func(e mqtt.TracedPacket) {
			switch wire.Type(e.Bytes[0] >> 4) {
			case wire.PUBLISH:
				in.Add(1)
			case wire.PUBACK:
				out.Add(1)
			}
		}
	})
	l := p.loop(p.ctx, p.subscribe("t"), nil)
	for i := range 100 {
		p.say("t", fmt.Sprint(i))
		l.expect(fmt.Sprint(i))
		p.expectAck()
	}
	if in.Load() != 100 || out.Load() != 100 {
		t.Errorf("seen: %d messages, %d acknowledgements", in.Load(), out.Load())
	}
}
