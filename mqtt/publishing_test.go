package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

func TestPublishBytesOfBothVersions(t *testing.T) { // P0-02..P0-05, P1-01, P2-01, RT-01, RT-02, ID-05
	eachVersion(t, nil, func(s *scripted, five bool) {
		publish := func(m mqtt.Message) chan error { return async(func() error { return s.Publish(s.ctx, m) }) }
		for _, m := range []struct {
			first   byte
			payload string
			retain  bool
		}{{0x30, "p", false}, {0x30, "", false}, {0x31, "p", true}, {0x31, "", true}} {
			// No DUP and no identifier at QoS 0 [MQTT-3.3.1-2].
			published := publish(mqtt.Message{Topic: "t", Payload: []byte(m.payload), Retain: m.retain})
			s.expectPublish(five, m.first, 0, m.payload)
			s.mustWait(published)
		}
		published := publish(mqtt.Message{Topic: "t", QoS: 1, Retain: true})
		s.expectPublish(five, 0x33, 1, "")
		s.server.Send("40 02 0001")
		s.mustWait(published)
		published = publish(mqtt.Message{Topic: "t", Payload: []byte("p"), QoS: 2})
		s.expectPublish(five, 0x34, 2, "p")
		s.server.Send("50 02 0002")
		s.server.Expect("62 02 0002") // never with another flag [MQTT-3.6.1-1]
		other := s.publishes(1, "x")  // 2 stays in use until PUBCOMP
		s.expectPublish(five, 0x32, 3, "x")
		s.server.Send("70 02 0002", "40 02 0003")
		s.mustWait(published)
		if err := other[0].Wait(s.ctx); err != nil {
			s.t.Error(err)
		}
		s.closeWell()
	})
}

func TestLengthsAreMinimal(t *testing.T) { // P0-06: [MQTT-1.5.5-1]
	eachVersion(t, nil, func(s *scripted, five bool) {
		overhead := len("\x00\x01t")
		if five {
			overhead++
		}
		for length, want := range map[int]string{
			127: "30 7F", 128: "30 8001", 16383: "30 FF7F", 16384: "30 808001", 2097151: "30 FFFF7F", 2097152: "30 80808001",
		} {
			published := async(func() error {
				return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, length-overhead)})
			})
			packet := s.server.Packet()
			header := mustHex(s.t, want)
			if !bytes.HasPrefix(packet, header) || len(packet) != len(header)+length {
				s.t.Errorf("%d bytes % X, want %s", len(packet), packet[:5], want)
			}
			s.mustWait(published)
		}
	})
}

func TestOddTopicsAreSentUnchanged(t *testing.T) { // P0-09, CN-19
	eachVersion(t, nil, func(s *scripted, five bool) {
		for _, topic := range []string{"/", "a//b", " ", "$x", "\uFEFFa", "\U0002A6D4", "a\x01\x7f\uFFFF", strings.Repeat("x", 65535)} {
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: topic}) })
			s.server.Expect(hexOf(publishBytes(five, 0x30, topic, 0, "")))
			s.mustWait(published)
		}
	})
}

func TestMessageIsPassedOn(t *testing.T) { // P0-11, P0-13: DUP, identifiers and subscriptions are not passed on [MQTT-3.3.1-3]
	eachVersion(t, nil, func(s *scripted, five bool) {
		subscribed := async(func() error {
			return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
				m.Topic = "t"
				if _, err := s.PublishAsync(s.ctx, m.Message, nil); err != nil {
					s.t.Error(err)
				}
			}}))
		})
		s.server.Packet()
		in := publishBytes(five, 0x3B, "a", 9, "p")
		if five {
			s.server.Send("90 04 0001 00 01")
			in = mustHex(t, "3B 09 0001 61 0009 02 0B01 70") // [MQTT-3.3.4-6]
		} else {
			s.server.Send("90 03 0001 01")
		}
		s.mustWait(subscribed)
		s.server.SendBytes(in)
		s.expectPublish(five, 0x33, 2, "p")
		s.server.Expect("40 02 0009")
	})
}

func TestPublishWithoutConnection(t *testing.T) { // P0-14: written, or an error
	eachVersion(t, nil, func(s *scripted, _ bool) {
		s.server.Reset()
		<-s.Done()
		for qos := range mqtt.QoS(3) {
			if err := s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: qos}); !errors.Is(err, mqtt.ErrNotSent) || !errors.Is(err, mqtt.ErrClosed) {
				s.t.Errorf("QoS %d: %v", qos, err)
			}
		}
	})
}

// lateWriter is a connection whose writes return late.
type lateWriter struct {
	net.Conn
	hold chan chan struct{} // a write of a PUBLISH that finds one returns when it is closed
}

func (c lateWriter) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if b[0]>>4 != 3 { // the write of CONNECT may return late by itself
		return n, err
	}
	select {
	case release := <-c.hold:
		<-release
	default:
	}
	return n, err
}

func TestAnswerBeforeTheWriteReturned(t *testing.T) { // P1-14
	hold := make(chan chan struct{}, 1)
	eachVersion(t, func(cfg *mqtt.Config) {
		cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return lateWriter{conn, hold}, err
		}
	}, func(s *scripted, five bool) {
		release := make(chan struct{})
		hold <- release
		d := s.publishes(1, "")[0]
		s.expectPublish(five, 0x32, 1, "")
		s.server.Send("40 02 0001")
		if err := d.Wait(s.ctx); err != nil {
			s.t.Error(err)
		}
		close(release)
		s.closeWell()
	})
}

func TestAcknowledgementsInAnyOrder(t *testing.T) { // P1-06, P1-07, P2-10, peer 0.7, peer 4.37
	eachVersion(t, nil, func(s *scripted, five bool) {
		all := s.publishes(1, "1", "2", "3")
		for i := range all {
			s.expectPublish(five, 0x32, uint16(i+1), string(rune('1'+i)))
		}
		for _, id := range []int{3, 1, 2} {
			s.server.SendBytes([]byte{0x40, 2, 0, byte(id)})
			if err := all[id-1].Wait(s.ctx); err != nil {
				s.t.Error(err)
			}
			for other := 1; other < 3 && id == 3; other++ {
				if all[other-1].Answer().Codes != nil {
					s.t.Errorf("%d was completed by the answer to %d", other, id)
				}
			}
		}
		s.server.Send("40 02 0001", "70 02 0002") // a second time, and in the wrong flow
		s.expectAlive(five)
		s.closeWell()
	})
}

func TestNothingIsSentTwice(t *testing.T) { // P1-12, P2-17, SR-26: [MQTT-4.4.0-1] of 5
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		synctest.Test(t, func(t *testing.T) {
			s := dialPipe(t, func(cfg *mqtt.Config) { cfg.Version = version }, "")
			five := version == mqtt.V5
			for i, qos := range []mqtt.QoS{1, 2, 2} {
				s.publishes(qos, "")
				s.expectPublish(five, 0x30|byte(qos)<<1, uint16(i+1), "")
			}
			s.server.Send("50 02 0003")
			s.server.Expect("62 02 0003")
			for range 10 { // minutes
				s.server.Expect("C0 00")
				s.server.Send("D0 00")
			}
			s.server.Send("40 02 0009") // of another identifier
			s.server.ExpectNothing(50 * time.Second)
		})
	}
}

func TestWrongAnswersToQoS2(t *testing.T) { // P2-06, P2-08, P2-10, P2-12, P2-16
	eachVersion(t, nil, func(s *scripted, five bool) {
		d := s.publishes(2, "")[0]
		s.expectPublish(five, 0x34, 1, "")
		s.server.Send("70 02 0001", "40 02 0001") // PUBCOMP before PUBREC, and PUBACK
		s.expectAlive(five)
		s.server.Send("50 02 0001", "50 02 0001") // twice
		s.server.Expect("62 02 0001", "62 02 0001")
		if d.Answer().Codes != nil {
			s.t.Error("complete before PUBCOMP")
		}
		s.server.Send("70 02 0001", "70 02 0001")
		if err := d.Wait(s.ctx); err != nil {
			s.t.Error(err)
		}
		s.expectAlive(five)
		s.closeWell()
	})
}

func TestPubRelsHaveTheOrderOfPubRecs(t *testing.T) { // P2-13: [MQTT-4.6.0-4]
	eachVersion(t, nil, func(s *scripted, five bool) {
		for i := range s.publishes(2, "", "", "") {
			s.expectPublish(five, 0x34, uint16(i+1), "")
		}
		s.server.Send("50 02 0003 50 02 0001 50 02 0002")
		s.server.Expect("62 02 0003 62 02 0001 62 02 0002")
	})
}

func TestReceiveMaximumThree(t *testing.T) { // FC-01: [MQTT-3.3.4-7], [MQTT-4.9.0-1] of 5, [MQTT-4.9.0-2] of 5
	s := dialV5(t, "210003", nil)
	s.publishes(1, "1", "2", "3", "4", "5", "6")
	expect := func(ids ...uint16) {
		t.Helper()
		for _, id := range ids {
			s.expectPublish(true, 0x32, id, string(rune('0'+id)))
		}
		s.expectAlive(true) // and no more
	}
	expect(1, 2, 3)
	s.server.Send("40 02 0001", "40 02 0002")
	expect(4, 5)
	s.server.Send("40 02 0003")
	expect(6)
	s.server.Send("40 02 0004 40 02 0005 40 02 0006")
	s.closeWell()
}

func TestReceiveMaximumAtQoS2(t *testing.T) { // FC-02, FC-03, P2-14
	for _, most := range []int{1, 2} {
		s := dialV5(t, "21000"+string(rune('0'+most)), nil)
		s.publishes(2, "1", "2", "3", "4", "5")
		for first := 1; first <= 5; first += most {
			ids := []byte{byte(first)}
			if most == 2 && first < 5 {
				ids = append(ids, byte(first+1))
			}
			for _, step := range []struct{ want, send byte }{{0x34, 0x50}, {0x62, 0x70}} {
				for _, id := range ids {
					if step.want == 0x34 {
						s.expectPublish(true, 0x34, uint16(id), string(rune('0'+id)))
					} else {
						s.server.Expect(hexOf([]byte{0x62, 2, 0, id}))
					}
				}
				s.expectAlive(true)
				for _, id := range ids {
					s.server.SendBytes([]byte{step.send, 2, 0, id})
				}
			}
		}
		s.closeWell()
	}
}

func TestFailuresFreeTheirPlace(t *testing.T) { // FC-04, FC-05, P1-04, P2-03, P2-11, T-A6, T-A7, T-A28: [MQTT-4.4.0-2] of 5
	s := dialV5(t, "210001", nil)
	all := append(s.publishes(1, ""), s.publishes(2, "", "", "")...)
	s.expectPublish(true, 0x32, 1, "")
	s.server.Send("40 03 000187")
	s.expectPublish(true, 0x34, 2, "")
	s.server.Send("50 03 000297")
	s.expectPublish(true, 0x34, 3, "")
	s.server.Send("50 03 000310")
	s.server.Expect("62 02 0003")
	s.server.Send("70 03 000392")
	s.expectPublish(true, 0x34, 4, "")
	for i, code := range []mqtt.ReasonCode{0x87, 0x97, 0x92} {
		err := all[i].Wait(s.ctx)
		if a := all[i].Answer(); len(a.Codes) != 1 || a.Codes[0] != code || errors.Is(err, mqtt.ErrRejected) != (code != 0x92) {
			t.Errorf("%v: %v, answer %v", code, err, a)
		}
	}
}

func TestUnknownAnswersMakeNoRoom(t *testing.T) { // FC-06, FC-08, T-A8, peer 4.31
	s := dialV5(t, "210001", hasty)
	s.publishes(1, "a", "b", "c")
	s.expectPublish(true, 0x32, 1, "a")
	s.server.Send("40 02 0009", "70 02 0009", "50 03 0009 80", "40 02 0002", "70 02 0001")
	s.expectAlive(true)
	s.server.Send("40 02 0001", "40 02 0001") // twice: room for one
	s.expectPublish(true, 0x32, 2, "b")
	s.expectAlive(true)
	s.closeWell()
}

func TestExpiryDoesNotEndAnExchange(t *testing.T) { // P2-18: [MQTT-4.3.3-7] of 5
	synctest.Test(t, func(t *testing.T) {
		s := dialPipe(t, v5, "")
		second := time.Second
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 2, Properties: &mqtt.Properties{MessageExpiry: &second}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.server.Expect("34 0B 0001 74 0001 05 0200000001")
		s.server.ExpectNothing(3 * time.Second)
		s.server.Send("50 02 0001")
		s.server.Expect("62 02 0001")
		s.server.ExpectNothing(3 * time.Second)
		s.server.Send("70 02 0001")
		if err := d.Wait(s.ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedRequestsTakeNoIdentifier(t *testing.T) { // ID-08, CA-41, SU-30, T-A21: [MQTT-3.2.2-15]
	s := dialV5(t, "270000001E", nil)
	long := strings.Repeat("x", 31)
	for range 70_000 { // more than there are
		if err := s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(long), QoS: 1}); !errors.Is(err, mqtt.ErrNotSent) {
			t.Fatal(err)
		}
	}
	for _, err := range []error{errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: long})), s.Unsubscribe(s.ctx, long)} {
		if !errors.Is(err, mqtt.ErrNotSent) {
			t.Error(err)
		}
	}
	s.publishes(1, strings.Repeat("y", 22))
	s.expectPublish(true, 0x32, 1, strings.Repeat("y", 22)) // 30 bytes
	s.expectAlive(true)
}

// countedWrites is a connection that counts them.
type countedWrites struct {
	net.Conn
	n *atomic.Int32
}

func (c countedWrites) Write(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(b)
}

func TestOneWriteAPacket(t *testing.T) { // FR-08
	var n atomic.Int32
	eachVersion(t, func(cfg *mqtt.Config) {
		cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return countedWrites{conn, &n}, err
		}
	}, func(s *scripted, _ bool) {
		n.Store(0)
		for i := range int32(10) {
			s.mustWait(async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 5000)}) }))
			if got := n.Load(); got != i+1 {
				s.t.Fatalf("%d writes for %d messages", got, i+1)
			}
		}
	})
}
