package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// TestRequestsMatchTheirResponses keeps out peer 4.32: a late answer to a request blocks the
// client.
func TestRequestsMatchTheirResponses(t *testing.T) {
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

func TestRequestsThatAreRefused(t *testing.T) {
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

func TestRespondAnswersToTheResponseTopic(t *testing.T) {
	s := dialV5(t, "", nil)
	question := &mqtt.Received{QoS: 1, Properties: &mqtt.Properties{ResponseTopic: "r", CorrelationData: []byte{1, 2}}}
	responded := async(func() error { return s.Respond(s.ctx, question, []byte("pong")) })
	s.server.Expect("32 0F 0001 72 0001 05 0900020102 706F6E67")
	s.server.Send("40 02 0001")
	s.mustWait(responded)
	if err := s.Respond(s.ctx, &mqtt.Received{}, nil); err == nil {
		t.Error("answered a message that asks for nothing")
	}
}

// TestRequestInsideAHandler: the answer does not wait for the handler that waits for it.
func TestRequestInsideAHandler(t *testing.T) {
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

func TestCancelledRequestLeavesOthersAlone(t *testing.T) {
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
