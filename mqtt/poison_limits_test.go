package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestLargePoison: it is thrown away as it comes, with a handler for large messages and without.
func TestLargePoison(t *testing.T) {
	streams := func(cfg *mqtt.Config) {
		small(cfg)
		cfg.OnLargeMessage = func(context.Context, *mqtt.Received, io.Reader) { panic("not for the handler") }
	}
	large := strings.Repeat("61", 1000)
	for _, test := range []struct {
		change    func(*mqtt.Config)
		old, five string
		code      byte
	}{
		{small, "0001 74 ID" + large, "0001 74 ID 00" + large, 0x97},
		{streams, "0003 742F2B ID" + large, "0003 742F2B ID 00" + large, 0x90},
		{streams, "", "0001 74 ID 02 7F01" + large, 0x80},
		{streams, "", "0000 ID 03 230001" + large, 0x80},
	} {
		for qos := range byte(3) {
			eachLasting(t, test.change, func(s *lasting) {
				body := test.old
				if s.five {
					body = test.five
				}
				if body == "" {
					return
				}
				write := func(dup bool) { _, _ = s.server.Write(poison(t, qos, dup, body, 1)) }
				write(false)
				s.expectEnd()
				for _, piece := range poison(t, qos, true, body, 1) {
					s.server.SendBytes([]byte{piece})
				}
				s.expectDiscarded(qos, 1, test.code)
				s.releaseDiscarded(qos, 1)
				s.expectEvent("error: a message to ")
				write(false)
				s.expectDiscarded(qos, 1, test.code)
				s.releaseDiscarded(qos, 1)
				s.expectEvent("error: a message to ")
				s.expectAlive(s.five)
			})
		}
	}
}

// TestLargePoisonInPiecesForgetsNoAlias has a message above the limit come in two pieces, of which the
// first ends before its properties: it gives no alias another topic, so those of others stay.
func TestLargePoisonInPiecesForgetsNoAlias(t *testing.T) {
	dropped := func(cfg *mqtt.Config) { cfg.Poison = mqtt.PoisonDropped }
	lastingV5(t, "", both(small, dropped), func(s *lasting) {
		s.server.Send("30 07 0001 74 03 230001")
		s.expectEvent("message t=")
		large := poison(t, 1, false, "0001 75 ID 03 230002"+strings.Repeat("61", 300), 1)
		for at := range 11 { // the first pieces
			s.server.SendBytes(large[at : at+1])
		}
		s.server.SendBytes(large[11:])
		s.server.Expect("40 03 0001 97")
		s.expectEvent(`error: a message to "u"`)
		s.server.Send("30 06 0000 03 230001", "30 06 0000 03 230002") // the topic of the large one is good
		s.expectEvent("message t=")
		s.expectEvent("message u=")
		s.expectAlive(true)
	})
}

// TestPoisonAndAliases: a message that was thrown away may have given an alias another topic, so
// what comes by it is not delivered to the one before. And once a server has repeated an alias
// that its connection does not know, the next ones are told not to use any.
func TestPoisonAndAliases(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		bad := poison(t, 1, false, "0003 742F2B ID 03 230001 78", 1)
		s.server.SendBytes(bad)
		s.expectEnd()
		s.server.Send("30 07 0001 74 03 230001")
		s.expectEvent("message t=")
		s.server.SendBytes(bad)
		s.server.Expect("40 03 0001 90")
		s.expectEvent("error: ")
		s.server.Send("30 06 0000 03 230001")
		if p := s.server.Packet(); p[0] != 0xE0 {
			t.Fatalf("the client said % X", p)
		}
		s.server.ExpectClosed()
		if connect := s.lose("present"); strings.Contains(string(connect), "\x22\x00\x20") {
			t.Errorf("the client allows aliases: % X", connect)
		}
		s.server.Send("32 08 0000 0001 03 230001")
		s.server.Expect("40 03 0001 80")
		s.expectEvent(`error: a message to ""`)
		s.server.Send("32 09 0001 74 0002 03 230021") // has its topic
		s.server.Expect("40 02 0002")
		s.expectEvent("message t=")
		s.expectAlive(true)
	})
}

// TestReportsOfPoisonAreBounded: while nobody takes them, reading pauses, as it does for messages;
// none is left out.
func TestReportsOfPoisonAreBounded(t *testing.T) {
	const n, chunk = 20_000, 20
	synctest.Test(t, func(t *testing.T) {
		release, reports := make(chan struct{}), 0
		slow := func(cfg *mqtt.Config) {
			cfg.Poison, cfg.Limits.ReceiveBytes = mqtt.PoisonDropped, 100_000
			cfg.OnError = func(error) {
				<-release
				reports++
			}
		}
		s := dialPipe(t, slow, "")
		var taken atomic.Int32
		done := async(func() error {
			for range n / chunk {
				if _, err := s.server.Write(bytes.Repeat(poison(t, 0, false, "0002 742B 78", 0), chunk)); err != nil {
					return err
				}
				taken.Add(chunk)
			}
			return nil
		})
		synctest.Wait()
		if n := taken.Load(); n == 0 || n > 5000 {
			t.Errorf("%d were taken while nobody took the reports", n)
		}
		close(release)
		s.mustWait(done)
		synctest.Wait()
		if got := s.Stats().Poison; reports != n || got != n {
			t.Errorf("%d reported, %d counted, want %d", reports, got, n)
		}
		s.expectAlive(false)
	})
}

// TestReportsOfPoisonAreBoundedWhileAHandlerWaits has a handler wait for an answer of the server, which
// sends poison in its place: reading goes on, the poison is acknowledged, and what cannot be told
// any more is counted.
func TestReportsOfPoisonAreBoundedWhileAHandlerWaits(t *testing.T) {
	const n = 60_000
	for qos := range byte(3) {
		synctest.Test(t, func(t *testing.T) {
			var reports, dropped atomic.Int32
			ctx, cancel := context.WithCancel(t.Context())
			s := dialPipe(t, func(cfg *mqtt.Config) {
				cfg.Poison, cfg.Limits.ReceiveBytes = mqtt.PoisonDropped, 10_000
				cfg.OnError = func(err error) {
					var lost *mqtt.DroppedError
					if errors.As(err, &lost) {
						dropped.Add(1)
						return
					}
					reports.Add(1)
				}
			}, "")
			wait := func(context.Context, *mqtt.Received) {
				_ = s.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}) // ends with ctx
			}
			must(t, errorOf(s.SubscribeAsync(t.Context(), []mqtt.Subscription{{Filter: "wait", Handler: wait}}, nil)))
			s.server.Packet()
			s.server.Send("90 03 0001 00", "30 06 0004 77616974")
			s.server.Packet() // PUBLISH
			go readAll(s.server)
			sendPoison(t, s.server, qos, n)
			<-time.After(time.Minute)
			cancel()
			synctest.Wait()
			if got := s.Stats().Poison; got != n || reports.Load() > n/10 || dropped.Load() == 0 {
				t.Errorf("QoS %d: %d reported, %d counted, %d times told of those left out", qos, reports.Load(), got, dropped.Load())
			}
		})
	}
}

// readAll has conn take all that comes.
func readAll(conn *mqtttest.Conn) {
	for err := error(nil); err == nil; {
		_, err = conn.TryPacket()
	}
}

// sendPoison sends n messages that break the protocol.
func sendPoison(t *testing.T, conn *mqtttest.Conn, qos byte, n int) {
	t.Helper()
	var all []byte
	for i := range n {
		all = append(all, poison(t, qos, false, "0002 742B ID 78", uint16(i+1))...)
	}
	if _, err := conn.Write(all); err != nil {
		t.Fatal(err)
	}
}
