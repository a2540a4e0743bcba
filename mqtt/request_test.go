package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// parsePublish parses a PUBLISH of the client.
func parsePublish(t *testing.T, packet []byte) wire.Publish {
	t.Helper()
	h, n, err := wire.ParseHeader(packet, wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	p, err := wire.ParsePublish(h, packet[n:], wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer sends payload to the response topic of p with its correlation data.
func (s *scripted) answer(p wire.Publish, payload string) {
	s.t.Helper()
	topic, _ := p.Properties.Text(wire.ResponseTopic)
	data, _ := p.Properties.Binary(wire.CorrelationData)
	s.server.SendBytes(wire.AppendPublish(nil, wire.V5, &wire.Publish{
		Topic: topic, Payload: []byte(payload),
		Properties: wire.Properties(nil).AppendBinary(wire.CorrelationData, data),
	}))
}

func TestRequest(t *testing.T) { // peer 4.32
	s := dialV5(t, "1A 0004 72657073 2900", func(cfg *mqtt.Config) { cfg.Properties.RequestResponseInformation = true })
	request := func(ctx context.Context, payload string) (chan error, *mqtt.Received) {
		var answer mqtt.Received
		done := async(func() error {
			m, err := s.Request(ctx, mqtt.Message{Topic: "ask", Payload: []byte(payload)})
			if m != nil {
				answer = *m
			}
			return err
		})
		return done, &answer
	}
	first, answer1 := request(s.ctx, "1")
	subscribe := s.server.Packet()
	if !strings.Contains(string(subscribe), "reps/") {
		t.Fatalf("SUBSCRIBE % X is not under the response information", subscribe)
	}
	s.server.Send("90 04 0001 00 01")
	p1 := parsePublish(t, s.server.Packet())
	second, answer2 := request(s.ctx, "2") // no second SUBSCRIBE
	p2 := parsePublish(t, s.server.Packet())
	data1, _ := p1.Properties.Binary(wire.CorrelationData)
	data2, _ := p2.Properties.Binary(wire.CorrelationData)
	if string(data1) == string(data2) || len(data1) < 16 {
		t.Errorf("correlation data %q and %q", data1, data2)
	}
	s.answer(p2, "two")
	s.mustWait(second)
	s.answer(p1, "one")
	s.answer(p1, "one again") // late: discarded
	s.mustWait(first)
	if string(answer1.Payload) != "one" || string(answer2.Payload) != "two" {
		t.Errorf("answers %q and %q", answer1.Payload, answer2.Payload)
	}

	ctx, cancel := context.WithCancel(s.ctx)
	third, _ := request(ctx, "3")
	p3 := parsePublish(t, s.server.Packet())
	cancel()
	if err := s.wait(third); !errors.Is(err, context.Canceled) || !errors.Is(err, mqtt.ErrInDoubt) {
		t.Errorf("cancelled: %v", err)
	}
	s.answer(p3, "late")

	fourth, _ := request(s.ctx, "4")
	s.server.Packet()
	s.server.Close()
	if err := s.wait(fourth); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("connection lost: %v", err)
	}
}

func TestRequestRefused(t *testing.T) {
	s := dialV5(t, "", nil)
	for range 2 { // each asks again
		done := async(func() error {
			_, err := s.Request(s.ctx, mqtt.Message{Topic: "ask"})
			return err
		})
		packet := s.server.Packet()
		s.server.SendBytes([]byte{0x90, 4, packet[2], packet[3], 0, 0x87})
		if err := s.wait(done); !errors.Is(err, mqtt.ErrRejected) {
			t.Errorf("got %v", err)
		}
	}
	_, err := s.Request(s.ctx, mqtt.Message{Topic: "ask", Properties: &mqtt.Properties{ResponseTopic: "mine"}})
	if err == nil {
		t.Error("a response topic of the caller's own was taken")
	}
	old := dialScripted(t, nil)
	if _, err := old.Request(old.ctx, mqtt.Message{Topic: "ask"}); err == nil || !strings.Contains(err.Error(), "need MQTT 5") {
		t.Errorf("3.1.1: %v", err)
	}
}

func TestRespond(t *testing.T) {
	s := dialV5(t, "", nil)
	question := &mqtt.Received{Message: mqtt.Message{QoS: 1, Properties: &mqtt.Properties{ResponseTopic: "r", CorrelationData: []byte{1, 2}}}}
	responded := async(func() error { return s.Respond(s.ctx, question, []byte("pong")) })
	s.server.Expect("32 0F 0001 72 0001 05 0900020102 706F6E67")
	s.server.Send("40 02 0001")
	s.mustWait(responded)
	if err := s.Respond(s.ctx, &mqtt.Received{}, nil); err == nil {
		t.Error("answered a message that asks for nothing")
	}
}

func TestPing(t *testing.T) { // KA-14, KA-18
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.KeepAlive = -1 })
	s.server.Send("D0 00", "D0 00", "30 03 000174") // two answers to nothing
	s.expectEvent("message t=")
	ping := func(ctx context.Context) (chan error, *time.Duration) {
		rtt := new(time.Duration)
		return async(func() (err error) {
			*rtt, err = s.Ping(ctx)
			return err
		}), rtt
	}
	ctx, cancel := context.WithCancel(s.ctx)
	given, _ := ping(ctx)
	s.server.Expect("C0 00")
	cancel()
	if err := s.wait(given); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	next, rtt := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Send("D0 00") // of the first one
	select {
	case err := <-next:
		t.Fatalf("the first answer was taken for the second: %v", err)
	default:
	}
	s.server.Send("D0 00")
	s.mustWait(next)
	if *rtt <= 0 {
		t.Errorf("round trip %v", *rtt)
	}
	last, _ := ping(s.ctx)
	s.server.Expect("C0 00")
	s.server.Close()
	if err := s.wait(last); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("connection lost: %v", err)
	}
}

func TestRequestInsideAHandler(t *testing.T) { // the answer does not wait for the handler that waits for it
	done := make(chan error, 1)
	s := dialV5(t, "2900", func(cfg *mqtt.Config) {
		client := itself(cfg)
		cfg.OnMessage = func(context.Context, *mqtt.Received) {
			m, err := client().Request(ctxFor(t), mqtt.Message{Topic: "ask"})
			if err == nil && string(m.Payload) != "yes" {
				err = errors.New("another answer")
			}
			done <- err
		}
	})
	s.server.Send("30 04 0001 74 00")
	s.server.Packet() // SUBSCRIBE
	s.server.Send("90 04 0001 00 01")
	s.answer(parsePublish(t, s.server.Packet()), "yes")
	if err := s.wait(done); err != nil {
		t.Error(err)
	}
}

func TestOneRequestsContextIsItsOwn(t *testing.T) {
	s := dialV5(t, "2900", nil)
	request := func(ctx context.Context) chan error {
		return async(func() error {
			_, err := s.Request(ctx, mqtt.Message{Topic: "ask"})
			return err
		})
	}
	ctx, cancel := context.WithCancel(s.ctx)
	first := request(ctx)
	s.server.Packet() // SUBSCRIBE
	second := request(s.ctx)
	cancel()
	if err := s.wait(first); !errors.Is(err, mqtt.ErrNotSent) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	s.server.Send("90 04 0001 00 01")
	s.answer(parsePublish(t, s.server.Packet()), "yes")
	s.mustWait(second)
}
