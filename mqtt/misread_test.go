package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// TestMisreadFiltersAreToldOnce has a server send messages for filters that it reads otherwise than
// MQTT, as RabbitMQ and NATS do: each is told once, with the filter and a topic, whether or not
// there is somebody else who gets the messages.
func TestMisreadFiltersAreToldOnce(t *testing.T) {
	for _, general := range []bool{false, true} {
		eachVersion(t, func(cfg *mqtt.Config) {
			if !general {
				cfg.OnMessage = nil
			}
		}, func(s *scripted, five bool) {
			must(s.t, s.subscribeTo(five, "read"))
			for _, test := range []struct{ filter, topic string }{
				{"d.e", "d/e"}, {"f.g/+", "f/g/1"}, {"a/>", "a/b/c"}, {"b/*", "b/c"}, {"$share/g/c/*/x", "c/1/x"}, {"#", "$foo/bar"},
			} {
				s.server.SendBytes(publishBytes(five, 0x30, "read", 0, ""))
				s.expectEvent("h read=") // all before was handled
				must(s.t, s.subscribeTo(five, test.filter))
				for i := range 3 {
					s.server.SendBytes(publishBytes(five, 0x30, test.topic, 0, fmt.Sprint(i)))
					if i == 0 {
						s.expectEvent(fmt.Sprintf("error: a message to %q seems to have come for the filter %q", test.topic, test.filter))
					}
					if general {
						s.expectEvent("message " + test.topic + "=" + fmt.Sprint(i))
					}
				}
			}
			s.server.SendBytes(publishBytes(five, 0x30, "any", 0, ""))
			s.expectEvent("h any=") // nothing else came before
			s.closeWell()
		})
	}
}

// subscribeTo subscribes to filter with a handler "h".
func (s *scripted) subscribeTo(five bool, filter string) error {
	s.t.Helper()
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, s.sub("h", filter))) })
	id := s.server.Packet()[2:4]
	body := append([]byte{}, id...)
	if five {
		body = append(body, 0)
	}
	s.server.SendBytes(frame(0x90, append(body, 0)))
	return s.wait(done)
}

// TestMisreadFilterIsNamedByTheServer: in MQTT 5 the Subscription Identifier tells.
func TestMisreadFilterIsNamedByTheServer(t *testing.T) {
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.OnMessage = nil
		cfg.OnError = func(err error) { // the only event that is wanted
			var misread *mqtt.MisreadError
			if !errors.As(err, &misread) || misread.Filter != "one" || misread.Topic != "t" {
				t.Errorf("told %v", err)
			}
		}
	})
	told := make(chan struct{})
	must(t, s.subscribeTo(true, "one"))
	must(t, errorOf(s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "end", Handler: func(context.Context, *mqtt.Received) { close(told) }}}, nil)))
	s.server.Packet()
	s.server.Send("30 06 000174 02 0B01", "30 06 0003656E64 00")
	<-told
}

// TestCopiesOfOneMessage has a server send a copy for each of two filters that overlap, as Mosquitto 2.1
// does: with CopyPerSubscription each handler runs once a message, otherwise for both copies.
func TestCopiesOfOneMessage(t *testing.T) {
	for _, each := range []bool{false, true} {
		s := dialScripted(t, func(cfg *mqtt.Config) { cfg.CopyPerSubscription = each })
		must(t, s.subscribeTo(false, "t"))
		b := s.sub("b", "#")
		must(t, s.subscribe(0, b))
		two := func(payload string) {
			for range 2 {
				s.server.SendBytes(publishBytes(false, 0x30, "t", 0, payload))
			}
		}
		want := "h1 b1 h1 b1 h2 b2 h2 b2 h2 b2 h2 b2 h3 b3"
		two("1")
		two("2")
		two("2") // equal messages are not one
		s.server.SendBytes(publishBytes(false, 0x30, "t", 0, "3"))
		if each {
			two("4") // the other copy of 3 was lost
			want = "h1 b1 h2 b2 h2 b2 h3 h4 b4"
		}
		s.server.SendBytes(publishBytes(false, 0x30, "else", 0, ""))
		var got []string
		for {
			event := <-s.events
			handler, message, _ := strings.Cut(event, " ")
			if strings.HasPrefix(message, "else") {
				break
			}
			got = append(got, handler+strings.TrimSuffix(strings.TrimPrefix(message, "t="), " q0"))
		}
		if all := strings.Join(got, " "); all != want {
			t.Errorf("the handlers got %s, want %s", all, want)
		}
		s.closeWell()
	}
}

// TestCopyThatComesAgainGoesToAll has the second of two copies come again, after another message: which
// subscription the first one went to is not known any more.
func TestCopyThatComesAgainGoesToAll(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.CopyPerSubscription = true })
	must(t, s.subscribeTo(false, "t"))
	must(t, s.subscribe(0, s.sub("b", "#")))
	for id, m := range []string{"1", "1", "2", "2"} {
		s.server.SendBytes(publishBytes(false, 0x32, "t", uint16(id+1), m))
	}
	s.server.SendBytes(publishBytes(false, 0x3A, "t", 2, "1"))
	for _, want := range []string{"h t=1", "b t=1", "h t=2", "b t=2", "h t=1", "b t=1"} {
		s.expectEvent(want)
	}
	s.server.Expect("40 02 0001", "40 02 0002", "40 02 0003", "40 02 0004", "40 02 0002")
	s.closeWell()
}

// TestCopiesGoToAnIteratorInTurn has one of two subscriptions that overlap read by All: it gets one of
// the two copies, and the handler of the other one the other.
func TestCopiesGoToAnIteratorInTurn(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.OnMessage, cfg.CopyPerSubscription = nil, true })
	must(t, s.subscribeTo(false, "t"))
	subscribed := make(chan *mqtt.ActiveSubscription, 1)
	done := async(func() error {
		active, err := s.Subscribe(s.ctx, mqtt.Subscription{Filter: "#", QoS: 1})
		subscribed <- active
		return err
	})
	s.server.Packet()
	s.server.Send("90 03 0002 01")
	s.mustWait(done)
	for id, payload := range []string{"1", "1", "2", "2"} {
		s.server.SendBytes(publishBytes(false, 0x32, "t", uint16(id+1), payload))
	}
	var got string
	for m := range (<-subscribed).All(s.ctx) {
		if got += string(m.Payload); len(got) == 2 {
			break
		}
	}
	if got != "12" {
		t.Errorf("All gave %s", got)
	}
	s.expectEvent("h t=1")
	s.expectEvent("h t=2")
	s.server.Expect("40 02 0001", "40 02 0002", "40 02 0003", "40 02 0004")
	s.closeWell()
}
