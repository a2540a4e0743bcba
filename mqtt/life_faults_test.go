package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// TestAcknowledgingGoesOnAfterTheServersEnd has the server end a connection with many
// messages under way, all of which come again: each is acknowledged, and so are later ones.
func TestAcknowledgingGoesOnAfterTheServersEnd(t *testing.T) {
	for name, end := range map[string]string{"DISCONNECT": "E0 01 8B", "malformed packet": "D0 01 00"} {
		for _, manual := range []bool{false, true} {
			for _, late := range []time.Duration{0, 20 * time.Millisecond} {
				t.Run(fmt.Sprint(name, ", manual ", manual, ", after ", late), func(t *testing.T) {
					acknowledgeAround(t, end, manual, late)
				})
			}
		}
	}
}

func acknowledgeAround(t *testing.T, end string, manual bool, late time.Duration) {
	const messages = 100
	lingering := func(cfg *mqtt.Config) {
		cfg.KeepAlive = -1
		cfg.ManualAck = manual
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) {
			<-time.After(time.Millisecond)
			if err := m.Ack(); err != nil && !errors.Is(err, mqtt.ErrNotConnected) { // it comes again
				t.Errorf("Ack: %v", err)
			}
		}
	}
	lastingV5(t, "", lingering, func(s *lasting) {
		send := func(first byte, done map[uint16]bool) {
			var all []byte
			for id := uint16(1); id <= messages; id++ {
				if !done[id] {
					all = append(all, publishBytes(true, first, "t", id, "")...)
				}
			}
			s.server.SendBytes(all)
		}
		done := make(map[uint16]bool)
		hear := func(until func() bool) {
			for !until() {
				p, err := s.server.TryPacket()
				if err != nil || p[0] == 0xE0 {
					return
				}
				done[uint16(p[2])<<8|uint16(p[3])] = true
			}
		}
		send(0x32, done)
		<-time.After(late)
		s.server.Send(end)
		hear(func() bool { return false })
		s.server.Close()
		s.acceptNext("present")
		send(0x3A, done)
		s.server.SetPatience(time.Minute)
		hear(func() bool { return len(done) == messages })
		if len(done) != messages {
			s.t.Fatalf("%d of %d messages were acknowledged", len(done), messages)
		}
		s.play(`< pub 32 9 later
			> 40 02 0009`)
	})
}

// TestPublishingIsNotOverBeforeTheClientIs publishes and subscribes at a client that leaves
// a server and will find another: ErrClosed would say that this is the end.
func TestPublishingIsNotOverBeforeTheClientIs(t *testing.T) {
	lastingV5(t, "", nil, func(s *lasting) {
		s.server.Send("D0 01 00") // the client leaves, and the server does not read why
		synctest.Wait()
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
		subscribed := async(func() error { _, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "f"}); return err })
		synctest.Wait()
		checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t"}), mqtt.ErrNotSent, mqtt.ErrNotConnected)
		<-time.After(10 * time.Second)
		s.acceptNext("present")
		for range 2 {
			for _, answer := range answerTo(s.t, s.server.Packet()) {
				s.server.SendBytes(answer)
			}
		}
		s.mustWait(published)
		s.mustWait(subscribed)
	})
}

// userProperties returns a property list of n empty user properties, with its length.
func userProperties(n int) []byte {
	list := []byte(strings.Repeat("\x26\x00\x00\x00\x00", n))
	length := frame(0, list)
	return length[1:] // a property list has the length of a packet's kind in front
}

// TestReaderPausesForWhatIsHeld sends what takes little on the wire and much in memory, while
// a handler does not return: the client stops reading once it holds what it may.
func TestReaderPausesForWhatIsHeld(t *testing.T) {
	const properties, most = 20_000, 12 // of 100 KB on the wire, about 640 KB in memory; 4 MiB may be held
	for name, test := range map[string]struct {
		begin  func(s *lasting, i int) // the request that the packet answers
		packet func(i int) []byte
	}{
		"messages": {nil, func(int) []byte {
			return frame(0x30, append([]byte("\x00\x01t"), userProperties(properties)...))
		}},
		"messages of QoS 1": {nil, func(i int) []byte {
			return frame(0x32, append([]byte{0, 1, 't', 0, byte(i + 1)}, userProperties(properties)...))
		}},
		"PUBACK": {
			func(s *lasting, _ int) {
				_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0x40, append([]byte{0, byte(i + 1), 0}, userProperties(properties)...))
			},
		},
		"SUBACK": {
			func(s *lasting, _ int) {
				_, err := s.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "f"}}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0x90, append(append([]byte{0, byte(i + 1)}, userProperties(properties)...), 0))
			},
		},
		"UNSUBACK": {
			func(s *lasting, _ int) {
				_, err := s.UnsubscribeAsync(context.Background(), []string{"f"}, func(error) {})
				must(s.t, err)
			},
			func(i int) []byte {
				return frame(0xB0, append(append([]byte{0, byte(i + 1)}, userProperties(properties)...), 0))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var release chan struct{}
			blocked := func(cfg *mqtt.Config) {
				release = make(chan struct{})
				cfg.KeepAlive = -1
				cfg.OnMessage = func(_ context.Context, _ *mqtt.Received) { <-release }
			}
			lastingV5(t, "", blocked, func(s *lasting) {
				defer close(release)
				s.server.Send("30 04 0001 74 00")
				for i := range 60 {
					if test.begin != nil {
						test.begin(s, i)
						s.server.Packet()
					}
				}
				s.checkPauses(most, test.packet)
			})
		})
	}
}

// checkPauses sends packets, of which the client has to read some, and at most so many.
func (s *lasting) checkPauses(most int, packet func(i int) []byte) {
	s.t.Helper()
	read := new(atomic.Int32)
	server := s.server
	go func() {
		for i := range 60 {
			if _, err := server.Write(packet(i)); err != nil {
				return
			}
			read.Add(1)
		}
	}()
	<-time.After(time.Minute)
	if n := int(read.Load()); n < 2 || n > most {
		s.t.Errorf("the client read %d packets before it paused", n)
	}
	server.Close()
	synctest.Wait()
}

// TestNothingFollowsTheLastPacket has the client leave while the server does not read: what
// is asked for from then on is refused or kept for the next connection, at once, and is not
// written behind DISCONNECT [MQTT-3.14.4-1].
func TestNothingFollowsTheLastPacket(t *testing.T) {
	var release chan struct{}
	small := func(cfg *mqtt.Config) {
		release = make(chan struct{})
		cfg.KeepAlive, cfg.Limits.SendBytes = -1, 4
		cfg.OnMessage = func(_ context.Context, _ *mqtt.Received) { <-release }
	}
	lastingV5(t, "", small, func(s *lasting) {
		s.play("< pub 32 9 handled")
		synctest.Wait()
		s.publishes(1, "a") // is being written
		synctest.Wait()
		s.publishes(1, "b") // there is no more room
		now := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
		later := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("c")}) })
		synctest.Wait()
		s.server.Send("D0 01 00")
		begun := elapsed()
		checkError(s.t, <-now, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		if begun() > 0 {
			s.t.Errorf("a publisher waits for room on a connection that is over, for %v", begun())
		}
		close(release) // nobody is told that the message is handled
		synctest.Wait()
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> E0 01 81`)
		s.server.ExpectClosed()
		s.server.Close()
		s.acceptNext("present")
		s.play(`> pub 3A 1 a
			> pub 3A 2 b
			> pub 32 3 c
			< 40 02 0001 40 02 0002 40 02 0003`)
		s.mustWait(later)
	})
}

// halfClosed is a connection that the server may go on to write to after the last packet.
type halfClosed struct{ net.Conn }

func (halfClosed) CloseWrite() error { return nil }

// patient returns a Transport.Dial for such connections.
func patient(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return halfClosed{conn}, err
	}
}

// TestNothingIsAnsweredAfterDisconnect: neither a message for nobody nor a fault, for each
// kind of client.
func TestNothingIsAnsweredAfterDisconnect(t *testing.T) {
	for name, change := range map[string]func(*mqtt.Config){
		"once":       func(cfg *mqtt.Config) { cfg.Reconnect = nil },
		"reconnects": func(*mqtt.Config) {},
		"saves":      func(cfg *mqtt.Config) { cfg.Reconnect, cfg.Store = nil, store.NewMemory() },
		"both":       func(cfg *mqtt.Config) { cfg.Store = store.NewMemory() },
	} {
		for _, packet := range []string{"32 06 0001 74 0001 00", "34 06 0001 74 0001 00", "D0 01 00", "E0 01 8B"} {
			t.Run(name+" "+packet, func(t *testing.T) {
				quiet := func(cfg *mqtt.Config) {
					change(cfg)
					cfg.OnMessage, cfg.Transport.Dial = nil, patient(cfg.Transport.Dial)
				}
				lastingV5(t, "", quiet, func(s *lasting) {
					closed := async(func() error { return s.Close(s.ctx) })
					s.server.Expect("E0 00")
					s.server.Send(packet)
					s.server.ExpectClosed()
					s.mustWait(closed)
					if err := s.Err(); !errors.Is(err, mqtt.ErrClosed) || errors.As(err, new(*mqtt.PacketError)) || errors.As(err, new(*mqtt.DisconnectError)) {
						t.Errorf("ended with %v", err)
					}
				})
			})
		}
	}
}

// TestPacketBeforeConnectOfEachKind: the server speaks first, which it must not; it is left
// without a word.
func TestPacketBeforeConnectOfEachKind(t *testing.T) {
	for _, reconnects := range []bool{false, true} {
		for _, saves := range []bool{false, reconnects} {
			for _, packet := range []string{"20 03 000000", "20 02 0000", "30 04 0001 74 00", "E0 01 8B", "F0 00"} {
				synctest.Test(t, func(t *testing.T) {
					w := walk{t: t, reconnects: reconnects, saves: saves, phase: "opening", event: "answers"}
					w.arrive(nil, nil)
					_, before := w.server.link()
					b, err := mqtttest.ParseHex(packet)
					must(t, err)
					w.server.say(b)
					<-time.After(1500 * time.Millisecond)
					if _, after := w.server.link(); after != before || w.client.IsConnected() {
						t.Errorf("%s: the client answers, or is connected", packet)
					}
					w.settle()
					if reconnects {
						w.checkWorks()
					}
				})
			}
		}
	}
}

// TestUnwrittenQoS0IsTold: of what nobody asks for, the callback tells once.
func TestUnwrittenQoS0IsTold(t *testing.T) {
	eachLasting(t, keepAlive(-1), func(s *lasting) {
		synctest.Wait()
		var told []error
		for range 3 {
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, func(err error) { told = append(told, err) })
			must(s.t, err)
			synctest.Wait()
		}
		s.drop()
		s.acceptNext("present")
		s.play("quiet")
		synctest.Wait()
		if len(told) != 3 {
			s.t.Fatalf("told of %d of 3 publishes", len(told))
		}
		checkError(s.t, told[0], mqtt.ErrInDoubt, mqtt.ErrNotConnected)
		for _, err := range told[1:] {
			checkError(s.t, err, mqtt.ErrNotSent, mqtt.ErrNotConnected)
		}
	})
}
