package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dunlin/mqtt"
)

// A fact is a case of one server, or two: what it does in its own way, and that our
// user sees a clear word of it or nothing amiss. The bodies that several servers
// share are here.

// on is for facts of servers with those names.
func on(names ...string) func(*server) bool {
	return func(s *server) bool { return slices.Contains(names, s.name) }
}

// lasting is for a client that comes back by itself.
func lasting(cfg *mqtt.Config) {
	cfg.Reconnect = &mqtt.Reconnect{MinDelay: 20 * time.Millisecond, MaxDelay: 300 * time.Millisecond, QuarantineAfter: time.Second}
	cfg.OnDisconnect = nil
}

// putAside: the server ends the connection at each of the messages, without a word or
// with one. The publisher is told, the connection comes again, and the next message
// gets through.
func putAside(r *rig, bad ...mqtt.Message) {
	watcher, p := r.dial(), r.dial(lasting)
	watcher.subscribe("good", 1)
	for i, m := range bad {
		m.QoS = 1
		err := p.Publish(r.ctx, m)
		if !errors.Is(err, mqtt.ErrQuarantined) {
			r.failf("publish to %.40q: got %v, want a word that the server disconnects at it", m.Topic, err)
		}
		p.publish("good", fmt.Sprint(i), 1)
		same(r, "the message behind", r.show(watcher.next()), fmt.Sprintf("good=%d/1", i))
	}
}

// inDoubt: without Reconnect the end of the connection is the answer.
func inDoubt(r *rig, m mqtt.Message) {
	m.QoS = 1
	err := r.dial().Publish(r.ctx, m)
	if !errors.Is(err, mqtt.ErrInDoubt) || !errors.Is(err, mqtt.ErrServerClosed) {
		r.failf("publish to %.40q: got %v, want that the server closed the connection", m.Topic, err)
	}
}

// toldUnmatched: the server takes the filter otherwise than MQTT does, so that the
// message comes and matches no subscription. The client says so once, with filter and
// topic.
func toldUnmatched(r *rig, filter, published, arrives string) {
	told := make(chan error, 100)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.OnMessage = nil
		cfg.OnError = func(err error) { told <- err }
	})
	called, marked := make(chan string, 100), make(chan string, 1)
	p.subscribeWith(mqtt.Subscription{Filter: r.topic(filter), QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { called <- m.Topic }})
	from := r.dial()
	for range 3 {
		from.publish(published, "x", 1)
	}
	otherwise := 0
	for otherwise == 0 {
		select {
		case err := <-told:
			otherwise += misread(err, r.topic(filter), r.topic(arrives))
		case topic := <-called:
			r.failf("the handler of %s was called for %s", filter, topic)
		case <-r.ctx.Done():
			r.failf("%s came for %s, and nobody was told", arrives, filter)
		}
	}
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("mark"), QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { marked <- m.Topic }})
	from.publish("mark", "x", 1)
	select {
	case <-marked: // what came before has been told by then
	case <-r.ctx.Done():
		r.failf("no message came in time")
	}
	for len(told) > 0 {
		otherwise += misread(<-told, r.topic(filter), r.topic(arrives))
	}
	same(r, "times that it was told", otherwise, 1)
	same(r, "calls of the handler", len(called), 0)
}

// misread returns 1 if err says that the server reads the filter otherwise than MQTT.
func misread(err error, filter, topic string) int {
	text := err.Error()
	if strings.Contains(text, "otherwise than MQTT") && strings.Contains(text, filter) && strings.Contains(text, topic) {
		return 1
	}
	return 0
}

// refusedPassword: a wrong password is told as such.
func refusedPassword(r *rig, code mqtt.ReasonCode) {
	_, err := r.tryDial(func(cfg *mqtt.Config) { cfg.Username, cfg.Password = "guest", mqtt.Secret("wrong") })
	same(r, fmt.Sprintf("reason code of %v", err), r.refusal("connect", err), code)
}

// takenOver: what a client is told whose identifier another one took.
func takenOver(r *rig) {
	first := r.dial()
	r.dial(named(first.id))
	if reason := first.end(); !strings.Contains(reason.Error(), "another client") {
		r.failf("got %q, want that another client took the session over", reason)
	}
}
