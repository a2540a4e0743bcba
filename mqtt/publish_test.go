package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// TestPublishPacketsAtEachQoS shows P0-01: plain PUBLISH at QoS 0 [MQTT-3.3.2-1]; P0-02: PUBLISH
// without payload; P0-04: retained PUBLISH; P1-01: QoS 1 is complete with PUBACK [MQTT-4.3.2-2] of
// 5; P2-01: QoS 2 is complete after two steps [MQTT-4.3.3-2] of 5; RT-01: retained at each QoS;
// RT-02: retained message deleted.
func TestPublishPacketsAtEachQoS(t *testing.T) {
	s := dialScripted(t, nil)
	published := async(func() error {
		for _, m := range []mqtt.Message{
			{Topic: "pub/qos0/test", Payload: []byte("message")},
			{Topic: "t"},
			{Topic: "t", Retain: true},
			{Topic: "t", Payload: []byte("p"), QoS: 1},
			{Topic: "t", Payload: []byte("p"), QoS: 2, Retain: true},
		} {
			if err := s.Publish(s.ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	s.server.Expect("30 16 000D7075622F716F73302F746573746D657373616765")
	s.server.Expect("30 03 000174", "31 03 000174")
	s.server.Expect("32 06 000174000170")
	if !s.IsQueued() {
		t.Error("not queued though not acknowledged")
	}
	s.server.Send("40 02 0001")
	s.server.Expect("35 06 000174000270")
	s.server.Send("50 02 0002")
	s.server.Expect("62 02 0002")
	s.server.Send("70 02 0002")
	s.mustWait(published)
	for s.IsQueued() { // until the write of PUBREL has returned
		if s.ctx.Err() != nil {
			t.Fatal("queued though all is complete")
		}
		runtime.Gosched()
	}
}

// TestPublishExchangesOfBothVersions shows P0-02: PUBLISH without payload; P0-03: PUBLISH with an
// empty property list [MQTT-2.2.2-1] of 5; P0-04: retained PUBLISH; P0-05: neither DUP nor
// identifier at QoS 0 [MQTT-2.3.1-5]; P1-01: QoS 1 is complete with PUBACK [MQTT-4.3.2-2] of 5;
// P2-01: QoS 2 is complete after two steps [MQTT-4.3.3-2] of 5; RT-01: retained at each QoS; RT-02:
// retained message deleted; ID-05: identifier is free after the last acknowledgement only
// [MQTT-2.3.1-3].
func TestPublishExchangesOfBothVersions(t *testing.T) {
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

// TestRemainingLengthsAreMinimal shows P0-06: bounds of the remaining length [MQTT-1.5.5-1].
func TestRemainingLengthsAreMinimal(t *testing.T) {
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

// TestOddTopicsAreSentUnchanged shows P0-09: odd but legal topics [MQTT-1.5.3-3]; CN-19: long and
// non-ASCII identifiers, byte order mark kept.
func TestOddTopicsAreSentUnchanged(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		for _, topic := range []string{"/", "a//b", " ", "$x", "\uFEFFa", "\U0002A6D4", "a\x01\x7f\uFFFF", strings.Repeat("x", 65535)} {
			published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: topic}) })
			s.server.Expect(hexOf(publishBytes(five, 0x30, topic, 0, "")))
			s.mustWait(published)
		}
	})
}

// TestReceivedMessageCanBePublished: DUP, packet identifier and subscription identifiers are not
// passed on [MQTT-3.3.1-3]. It shows P0-11: no subscription identifier from a client
// [MQTT-3.3.4-6]; P0-13: message passed on: flags and identifier are new.
func TestReceivedMessageCanBePublished(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		subscribed := async(func() error {
			return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
				m.Topic = "t"
				if _, err := s.PublishAsync(s.ctx, m.Message(), nil); err != nil {
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

// TestPublishFaultsSendNothing shows P0-07: publish above the largest packet; P0-08: topic that
// cannot be sent [MQTT-3.3.2-1]. It keeps out peer 4.34: a topic that cannot be sent breaks the
// client.
func TestPublishFaultsSendNothing(t *testing.T) {
	s := dialScripted(t, nil)
	messages := []mqtt.Message{
		{Topic: ""},
		{Topic: "a/+"},
		{Topic: "#"},
		{Topic: "a\x00b"},
		{Topic: "a\xed\xa0\x80"},
		{Topic: strings.Repeat("x", 65536)},
		{Topic: "t", QoS: 3},
		{Topic: "t", Payload: make([]byte, 268_435_455)},
		{Topic: "t", Properties: &mqtt.Properties{ContentType: "x"}},
	}
	for range 2 { // the second time after a good message to t
		for i := range 2 * len(messages) {
			m := messages[i/2] // each twice: one that was refused is not remembered as good
			err := s.Publish(s.ctx, m)
			var arg *mqtt.ArgumentError
			if !errors.As(err, &arg) || len(err.Error()) > 300 {
				t.Errorf("topic %.20q: %.400v", m.Topic, err)
			}
		}
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
		s.server.Expect("30 03 000174")
		s.mustWait(published)
	}
}

// TestPublishPropertiesBothWays shows P0-10: every property of PUBLISH [MQTT-3.3.2-19]; P0-12:
// response topic that cannot be sent [MQTT-3.3.2-13]; RX-30: every property of a received message.
func TestPublishPropertiesBothWays(t *testing.T) {
	expiry := 3 * time.Second
	p := &mqtt.Properties{
		PayloadIsText: true, MessageExpiry: &expiry, ContentType: "c", ResponseTopic: "r", CorrelationData: []byte{0, 0xFF},
		UserProperties: []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: ""}},
	}
	got := make(chan *mqtt.Received, 1)
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
	})
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("p"), Properties: p}) })
	packet := s.server.Packet()
	s.mustWait(published)
	s.server.SendBytes(packet)
	m := <-got
	if q := m.Properties; q == nil || !q.PayloadIsText || *q.MessageExpiry != expiry || q.ContentType != "c" || q.ResponseTopic != "r" ||
		string(q.CorrelationData) != "\x00\xff" || len(q.UserProperties) != 3 || q.UserProperties[1] != p.UserProperties[1] || q.UserProperties[2] != p.UserProperties[2] {
		t.Errorf("got %+v", m.Properties)
	}
	for name, p := range map[string]mqtt.Properties{
		"response topic with wildcard": {ResponseTopic: "a/#"},
		"NUL in content type":          {ContentType: "\x00"},
		"ill-formed user property":     {UserProperties: []mqtt.UserProperty{{Name: "\xff"}}},
	} {
		if err := s.Publish(context.Background(), mqtt.Message{Topic: "t", Properties: &p}); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPublishAtAnEndedConnectionFails shows P0-14: QoS 0 is complete when written, else an error.
func TestPublishAtAnEndedConnectionFails(t *testing.T) {
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

// TestAnswersOfPublishes shows P1-02: all forms of PUBACK; P1-03: no matching subscribers is a
// success; P1-17: properties of PUBACK; P2-02: all forms of PUBREC and PUBCOMP; P2-04: no matching
// subscribers is a success at QoS 2.
func TestAnswersOfPublishes(t *testing.T) {
	s := dialV5(t, "", nil)
	for _, test := range []struct {
		qos    mqtt.QoS
		answer []string
		code   mqtt.ReasonCode
		reason string
	}{
		{1, []string{"40 02 0001"}, 0, ""},
		{1, []string{"40 03 0002 10"}, 0x10, ""},
		{1, []string{"40 08 0003 00 04 1F0001 70"}, 0, "p"},
		{2, []string{"50 04 0004 10 00", "70 04 0004 00 00"}, 0, ""},
		{2, []string{"50 02 0005", "70 03 0005 92"}, 0x92, ""},
	} {
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: test.qos}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := d.Answer(); a.Codes != nil {
			t.Errorf("an answer before it came: %+v", a)
		}
		s.server.Packet()
		s.server.Send(test.answer[0])
		if test.qos == 2 {
			s.server.Packet() // PUBREL
			s.server.Send(test.answer[1])
		}
		if err := d.Wait(s.ctx); err != nil {
			t.Fatal(err)
		}
		if a := d.Answer(); len(a.Codes) != 1 || a.Codes[0] != test.code || a.ReasonString != test.reason {
			t.Errorf("%v: answer %+v", test.answer, a)
		}
	}
}

// TestRefusedPublishIsTyped shows P1-03: no matching subscribers is a success; P1-04: QoS 1 publish
// refused by the server [MQTT-4.4.0-2]; P2-03: QoS 2 publish refused by the server [MQTT-4.3.3-4].
func TestRefusedPublishIsTyped(t *testing.T) {
	s := dialScripted(t, v5)
	for _, step := range []struct {
		qos        mqtt.QoS
		send, want string
	}{
		{1, "40 0A 0001 87 06 1F0003 6E6F21", `0x87 Not authorized ("no!")`},
		{1, "40 03 000297", "0x97 Quota exceeded"},
		{2, "50 03 000390", "0x90 Topic Name invalid"},
	} {
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: step.qos}) })
		s.server.Packet()
		s.server.Send(step.send)
		err := s.wait(published)
		var rejected *mqtt.PublishError
		if !errors.As(err, &rejected) || !errors.Is(err, mqtt.ErrRejected) || !strings.Contains(err.Error(), step.want) {
			t.Errorf("got %v, want %s", err, step.want)
		}
	}
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
	s.server.Packet()
	s.server.Send("40 03 000410") // no matching subscribers is a success
	s.mustWait(published)
}

// TestAnswerBeforeTheWriteReturned shows P1-14: acknowledged before the write returned.
func TestAnswerBeforeTheWriteReturned(t *testing.T) {
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

// TestAcknowledgementsInAnyOrder shows P1-06: acknowledgements out of order [MQTT-2.3.1-6]; P1-07:
// PUBACK twice [MQTT-2.2.1-5]; P2-10: PUBCOMP twice. It keeps out peer 0.7: acknowledgements out of
// order end the connection; peer 4.37: a server that deviates cannot be accommodated.
func TestAcknowledgementsInAnyOrder(t *testing.T) {
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

// TestNothingIsSentTwice shows P1-12: QoS 1 never sent again on one connection; P2-17: QoS 2 never
// sent again on one connection [MQTT-4.3.3-1] of 3.1.1; SR-26: nothing is sent again at other times
// [MQTT-4.4.0-1] of 5.
func TestNothingIsSentTwice(t *testing.T) {
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

// TestEachPacketIsOneWrite shows FR-08: one write a packet or batch.
func TestEachPacketIsOneWrite(t *testing.T) {
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
