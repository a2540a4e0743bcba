package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// busy is a client whose handlers do not return before release is closed. Two messages fill
// its receive queue.
type busy struct {
	*scripted
	release chan struct{}
	got     atomic.Int32
}

// dialBusy connects a client of MQTT 5 in fake time. Its handlers check the order of what they get.
func dialBusy(t *testing.T, change func(*mqtt.Config)) *busy {
	b := &busy{release: make(chan struct{})}
	b.scripted = dialPipe(t, func(cfg *mqtt.Config) {
		cfg.Version, cfg.Limits.ReceiveMessages, cfg.Transport.ReadBuffer = mqtt.V5, 2, 16
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
			<-b.release
			if want := fmt.Sprintf("%05d", b.got.Add(1)-1); string(m.Payload) != want {
				t.Errorf("got %s, want %s", m.Payload, want)
			}
		}
		if change != nil {
			change(cfg)
		}
	}, "")
	return b
}

// messages returns PUBLISH packets of MQTT 5 with the numbers that handlers of busy expect.
func messages(qos byte, n int) (all []byte) {
	for i := range n {
		all = append(all, publishBytes(true, 0x30|qos<<1, "n", uint16(i+1), fmt.Sprintf("%05d", i))...)
	}
	return all
}

const (
	restarting    = "E0 0A 8B 08 1F 0005 6272656164" // DISCONNECT: Server shutting down, "bread"
	restartingWas = `the server disconnected: 0x8B Server shutting down ("bread")`
)

// checkEnded checks that the client is known to have ended, and why, though a handler blocks.
func (b *busy) checkEnded(want string) {
	b.t.Helper()
	<-time.After(time.Second)
	select {
	case <-b.Done():
	default:
		b.t.Fatal("the end of the connection is not known")
	}
	if got := b.Err(); got == nil || !strings.Contains(got.Error(), want) {
		b.t.Errorf("the client ended with %v, want %s", got, want)
	}
	if n := b.got.Load(); n != 0 {
		b.t.Errorf("%d messages were handled", n)
	}
}

// TestEndBehindUnreadMessages: it is known, with its reason, while a handler still blocks, and
// the handlers get all that came before it. It shows RX-40: slow handler [MQTT-4.9.0-3].
func TestEndBehindUnreadMessages(t *testing.T) {
	for name, test := range map[string]struct {
		end, want string
	}{
		"DISCONNECT":        {restarting, restartingWas},
		"end of the stream": {"", mqtt.ErrServerClosed.Error()},
		"cut in a packet":   {"30 05 00", "the server closed the connection in the middle of a packet"},
	} {
		for _, qos := range []byte{0, 1, 2} {
			t.Run(fmt.Sprintf("%s, QoS %d", name, qos), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := dialBusy(t, nil)
					b.server.SendBytes(messages(qos, 30))
					if test.end != "" {
						b.server.Send(test.end)
					}
					if !strings.HasPrefix(test.end, "E0") {
						b.server.Close()
					}
					b.checkEnded(test.want)
					close(b.release)
					for range 2 { // the events "close" and "disconnect" of the first two, else one
						if event := <-b.events; strings.HasPrefix(event, "disconnect: ") {
							break
						}
					}
					if n := b.got.Load(); n != 30 {
						t.Errorf("%d messages were handled before the end was told, want 30", n)
					}
				})
			})
		}
	}
}

// TestEndIsToldWhileWorkersBlock: OnDisconnect waits for the handlers of Workers no more than it
// does else.
func TestEndIsToldWhileWorkersBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := dialBusy(t, nil)
		release := make(chan struct{})
		b.activate(true, mqtt.Subscription{Filter: "n", Workers: 1, Handler: func(_ context.Context, m *mqtt.Received) {
			<-release
			b.events <- "message " + describe(m)
		}})
		b.server.SendBytes(messages(0, 30))
		b.server.Send(restarting)
		b.expectEvent("close: " + restartingWas)
		b.expectEvent("disconnect: " + restartingWas)
		close(release)
		for i := range 30 {
			b.expectEvent(fmt.Sprintf("message n=%05d", i))
		}
	})
}

// TestReconnectsWhileAHandlerBlocks: the next connection does not wait for the handler.
func TestReconnectsWhileAHandlerBlocks(t *testing.T) {
	release := make(chan struct{})
	slow := func(cfg *mqtt.Config) {
		cfg.Limits.ReceiveMessages = 1
		cfg.OnMessage = func(context.Context, *mqtt.Received) { <-release }
	}
	lastingV5(t, "", slow, func(s *lasting) {
		release = make(chan struct{}) // of this bubble
		defer close(release)
		s.server.SendBytes(messages(0, 3))
		s.server.Send("E0 01 8B")
		since := elapsed()
		s.acceptNext("present")
		if since() > time.Minute {
			s.t.Errorf("it came after %v", since())
		}
	})
}

// TestFarEndWaitsForHandlers: a server that ends one connection after the other behind messages
// does not fill the memory. The client reads up to sixteen times its limits for an end, no more.
func TestFarEndWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := dialBusy(t, func(cfg *mqtt.Config) { cfg.KeepAlive = -1 })
		b.server.SendBytes(messages(0, 100))
		b.server.Send(restarting)
		<-time.After(time.Hour)
		if !b.IsConnected() {
			t.Error("100 messages were queued, the limit is 2")
		}
		close(b.release)
		b.expectEvent("close: " + restartingWas)
		if n := b.got.Load(); n != 100 {
			t.Errorf("%d messages were handled, want 100", n)
		}
	})
}

// TestEndAtEveryFault breaks the input after each byte, and reads a byte at a time: what came
// whole is handled, however little of the rest came.
func TestEndAtEveryFault(t *testing.T) {
	sent := messages(0, 8)
	for cut := len(sent) / 8; cut <= len(sent); cut++ {
		for fault, want := range map[mqtttest.Fault]string{mqtttest.Cut: "the server closed the connection", mqtttest.Break: "reset by peer"} {
			synctest.Test(t, func(t *testing.T) {
				b := dialBusy(t, func(cfg *mqtt.Config) {
					dial := cfg.Transport.Dial
					cfg.Transport.Dial = faulty(dial, mqtttest.Faults{MaxRead: 1, OnRead: fault, ReadBytes: len("\x20\x03\x00\x00\x00") + cut})
				})
				_, _ = b.server.Write(sent) // the fault may end it
				b.checkEnded(want)
				close(b.release)
				<-b.events
				if n := int(b.got.Load()); n != 8*cut/len(sent) {
					t.Errorf("cut after %d bytes: %d messages were handled", cut, n)
				}
			})
		}
	}
}

// TestSilenceCountsWhileReadingAhead: a dead connection is found though a handler blocks. Where
// what is read ahead has reached its bound, nobody reads, and silence proves nothing.
func TestSilenceCountsWhileReadingAhead(t *testing.T) {
	for _, full := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := dialBusy(t, func(cfg *mqtt.Config) {
				cfg.KeepAlive = 10 * time.Second
				cfg.Limits.ReceiveBytes = 400
			})
			b.server.SendBytes(messages(0, 3))
			if full {
				go func() { _, _ = b.server.Write(messages(0, 100)[3*12:]) }() // the end of the test ends it
			}
			b.expectPing(9*time.Second - time.Millisecond) // the handler had to be seen to block before the rest was read
			if !full {
				b.server.Send("D0 00")
				b.expectPing(9 * time.Second)
				since := elapsed()
				b.server.ExpectClosed()
				if since() != 5*time.Second {
					t.Errorf("found dead after %v", since())
				}
			} else {
				for range 20 {
					b.expectPing(9 * time.Second)
				}
			}
			close(b.release)
			b.server.Close()
		})
	}
}

// TestReadAheadLeavesBackPressure: the server can write what Limits.ReceiveBytes allow, and no
// more before handlers return. Then all comes, in order.
func TestReadAheadLeavesBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := dialBusy(t, func(cfg *mqtt.Config) {
			cfg.KeepAlive, cfg.Limits.ReceiveBytes = -1, 2000
		})
		var written atomic.Int32
		done := async(func() error {
			all := messages(0, 1000)
			for size := len(all) / 1000; len(all) > 0; all = all[size:] {
				if _, err := b.server.Write(all[:size]); err != nil {
					return err
				}
				written.Add(int32(size))
			}
			return nil
		})
		<-time.After(time.Hour)
		if n := written.Load(); n < 2000 || n > 2100 {
			t.Errorf("the server wrote %d bytes", n)
		}
		close(b.release)
		b.mustWait(done)
		synctest.Wait()
		if n := b.got.Load(); n != 1000 {
			t.Errorf("%d messages were handled", n)
		}
	})
}

// TestWhoWaitsIsServedBehindWhatWasReadAhead: an answer that waits in the link is found when
// somebody begins to wait for it, although the reader has paused for long.
func TestWhoWaitsIsServedBehindWhatWasReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := dialBusy(t, nil)
		published, err := b.PublishAsync(b.ctx, mqtt.Message{Topic: "t", QoS: 1}, func(error) {})
		must(t, err)
		b.server.Packet()
		b.server.SendBytes(messages(0, 20))
		b.server.Send("40 02 0001")
		<-time.After(time.Minute)
		since := elapsed()
		must(t, published.Wait(b.ctx))
		if since() != 0 {
			t.Errorf("after %v", since())
		}
		close(b.release)
		synctest.Wait()
		if n := b.got.Load(); n != 20 {
			t.Errorf("%d messages were handled", n)
		}
	})
}

// faulty is dial with faults in the connections that it makes.
func faulty(dial func(context.Context, string, string) (net.Conn, error), f mqtttest.Faults) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return mqtttest.NewFaulty(conn, f), nil
	}
}
