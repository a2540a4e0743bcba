package cut

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dunlin/faultlab/internal/peer"
	"dunlin/mqtt"
)

// flow is something that a client does.
type flow struct {
	name     string
	versions []mqtt.Version
	run      func(ctx context.Context, w *world) error
	out, in  expectation   // of the server, of the client's handlers
	handling time.Duration // how long a handler takes
	renumber bool          // the server numbers anew when a session goes on
	poison   []string      // topics of messages that are to be thrown away and reported, once each
	spared   int           // connections that nothing but the flow ends, before the others
}

// messages are those of each flow that has any.
var messages = []string{"the first message", "another", "and the last of them"}

// manyMessages are so many that some wait for their handler, and some are still to come,
// wherever a connection ends.
var manyMessages = []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}

// poisonTopics are of messages with a topic that MQTT forbids. The first one ends a
// connection, and no other does.
var poisonTopics = []string{"p/+", "p/a+b", "#"}

// marker goes after messages of QoS 0, to know when those are through.
const marker = "marker"

var flows = []flow{
	{name: "publish QoS 0", versions: versions, run: publishZero, out: expectation{append(messages[:3:3], marker), mqtt.AtMostOnce}},
	{name: "publish QoS 1", versions: versions, run: publishing(mqtt.AtLeastOnce), out: expectation{messages, mqtt.AtLeastOnce}},
	{name: "publish QoS 2", versions: versions, run: publishing(mqtt.ExactlyOnce), out: expectation{messages, mqtt.ExactlyOnce}},
	{name: "publish at once", versions: versions, run: publishAtOnce, out: expectation{messages, mqtt.ExactlyOnce}},
	{name: "receive QoS 0", versions: versions, run: receiving(0), in: expectation{append(messages[:3:3], marker), mqtt.AtMostOnce}},
	{name: "receive QoS 1", versions: versions, run: receiving(1), in: expectation{append(messages[:3:3], marker), mqtt.AtLeastOnce}},
	{name: "receive QoS 2", versions: versions, run: receiving(2), in: expectation{append(messages[:3:3], marker), mqtt.ExactlyOnce}},
	{
		name: "receive slowly QoS 1", versions: versions, run: receivingSlowly(1), in: expectation{manyMessages, mqtt.AtLeastOnce},
		handling: 3 * time.Millisecond,
	},
	{
		name: "receive slowly QoS 2", versions: versions, run: receivingSlowly(2), in: expectation{manyMessages, mqtt.ExactlyOnce},
		handling: 3 * time.Millisecond,
	},
	{
		name: "receive numbered anew", versions: versions, run: receivingSlowly(1), in: expectation{manyMessages, mqtt.AtLeastOnce},
		handling: 3 * time.Millisecond, renumber: true,
	},
	{
		name: "receive among poison QoS 1", versions: versions, run: receivingPoison(1), in: expectation{manyMessages, mqtt.AtLeastOnce},
		poison: poisonTopics, spared: 1,
	},
	{
		name: "receive among poison QoS 2", versions: versions, run: receivingPoison(2), in: expectation{manyMessages, mqtt.ExactlyOnce},
		poison: poisonTopics, spared: 1,
	},
	{name: "subscribe", versions: versions, run: subscribe, in: expectation{messages[:1], mqtt.ExactlyOnce}},
	{name: "unsubscribe", versions: versions, run: unsubscribe},
	{name: "request", versions: versions[1:], run: request, out: expectation{messages[:1], mqtt.AtLeastOnce}},
}

func flowNames() string {
	var names []string
	for _, f := range flows {
		names = append(names, `"`+f.name+`"`)
	}
	return strings.Join(names, ", ")
}

// publishing publishes one message after another, and each call has to succeed.
func publishing(qos mqtt.QoS) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		for _, m := range messages {
			if err := w.Publish(ctx, mqtt.Message{Topic: "t", Payload: []byte(m), QoS: qos}); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
		return nil
	}
}

// publishZero publishes what may be lost, and something behind it that may not.
func publishZero(ctx context.Context, w *world) error {
	if err := w.awaitJoined(ctx); err != nil {
		return err
	}
	for _, m := range messages {
		err := w.Publish(ctx, mqtt.Message{Topic: "t", Payload: []byte(m)})
		if err != nil && !errors.Is(err, mqtt.ErrNotConnected) && !errors.Is(err, mqtt.ErrInDoubt) {
			return fmt.Errorf("publish of QoS 0: %w", err)
		}
	}
	return w.Publish(ctx, mqtt.Message{Topic: "t", Payload: []byte(marker), QoS: mqtt.ExactlyOnce})
}

// publishAtOnce has several messages under way at a time.
func publishAtOnce(ctx context.Context, w *world) error {
	var under []*mqtt.Delivery
	for _, m := range messages {
		d, err := w.PublishAsync(ctx, mqtt.Message{Topic: "t", Payload: []byte(m), QoS: mqtt.ExactlyOnce}, nil)
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		under = append(under, d)
	}
	for _, d := range under {
		if err := d.Wait(ctx); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}

// receiving has the server send messages, and one of QoS 2 behind them.
func receiving(qos byte) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		if err := w.awaitJoined(ctx); err != nil {
			return err
		}
		for _, m := range messages {
			w.peer.Send(clientID, peer.Message{Topic: "t", Payload: []byte(m), QoS: qos})
		}
		w.peer.Send(clientID, peer.Message{Topic: "t", Payload: []byte(marker), QoS: 2})
		return w.awaitClosed(ctx)
	}
}

// receivingSlowly has the server send messages faster than the handler takes them.
func receivingSlowly(qos byte) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		if err := w.awaitJoined(ctx); err != nil {
			return err
		}
		for _, m := range manyMessages {
			w.peer.Send(clientID, peer.Message{Topic: "t", Payload: []byte(m), QoS: qos})
			if err := pause(ctx); err != nil {
				return err
			}
		}
		return w.awaitClosed(ctx)
	}
}

// receivingPoison has the server send messages, poison among them.
func receivingPoison(qos byte) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		if err := w.awaitJoined(ctx); err != nil {
			return err
		}
		for i, m := range manyMessages {
			if i%3 == 0 {
				w.peer.Send(clientID, peer.Message{Topic: poisonTopics[i/3], Payload: []byte(poisonTopics[i/3]), QoS: qos})
			}
			w.peer.Send(clientID, peer.Message{Topic: "t", Payload: []byte(m), QoS: qos})
		}
		if err := w.awaitClosed(ctx); err != nil {
			return err
		}
		return w.awaitReports(ctx)
	}
}

// subscribe subscribes and gets what is published then.
func subscribe(ctx context.Context, w *world) error {
	if _, err := w.Subscribe(ctx, mqtt.Subscription{Filter: "t", QoS: mqtt.ExactlyOnce}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	w.peer.Publish(peer.Message{Topic: "t", Payload: []byte(messages[0]), QoS: 2})
	return w.awaitClosed(ctx)
}

// unsubscribe gets nothing more.
func unsubscribe(ctx context.Context, w *world) error {
	if _, err := w.Subscribe(ctx, mqtt.Subscription{Filter: "t", QoS: mqtt.ExactlyOnce}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := w.Unsubscribe(ctx, "t"); err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	w.peer.Publish(peer.Message{Topic: "t", Payload: []byte(messages[0]), QoS: 2})
	return w.awaitClosed(ctx)
}

// request asks the server, which echoes. A request needs a connection to begin
// with, so one that was not sent is made again.
func request(ctx context.Context, w *world) error {
	for {
		m, err := w.Request(ctx, mqtt.Message{Topic: "t", Payload: []byte(messages[0]), QoS: mqtt.AtLeastOnce})
		switch {
		case errors.Is(err, mqtt.ErrNotSent) && ctx.Err() == nil:
			if err := pause(ctx); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("request: %w", err)
		case string(m.Payload) != messages[0]:
			return fmt.Errorf("the answer is %q", m.Payload)
		default:
			return nil
		}
	}
}

// pause waits a moment.
func pause(ctx context.Context) error {
	select {
	case <-time.After(time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *world) awaitJoined(ctx context.Context) error {
	select {
	case <-w.joined:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no connection: %w", context.Cause(ctx))
	}
}

// awaitReports waits until as many messages were reported as are poison.
func (w *world) awaitReports(ctx context.Context) error {
	for {
		w.mu.Lock()
		n := len(w.reported)
		w.mu.Unlock()
		if n >= len(w.flow.poison) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%d messages were reported, want %q: %w", n, w.flow.poison, err)
		}
	}
}

// awaitClosed waits until no flow is open at the server, or until none will ever end:
// the client is connected and nothing moves.
func (w *world) awaitClosed(ctx context.Context) error {
	taken, since := -1, time.Now()
	for w.peer.Open(clientID) > 0 {
		if n := w.peer.Counts().Taken; n != taken || !w.peer.Connected(clientID) {
			taken, since = n, time.Now()
		}
		if time.Since(since) > standstill {
			return w.standing()
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%d flows do not end: %w", w.peer.Open(clientID), err)
		}
	}
	return nil
}

// standing says what is wrong with the messages that are never acknowledged.
func (w *world) standing() error {
	var handled, lost []string
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.peer.Unacknowledged(clientID) {
		if slices.Contains(w.handled, string(m.Payload)) {
			handled = append(handled, string(m.Payload))
		} else {
			lost = append(lost, string(m.Payload))
		}
	}
	var errs []error
	if len(handled) > 0 {
		errs = append(errs, fmt.Errorf("%w: the handlers are through with %q", errStuck, handled))
	}
	if len(lost) > 0 {
		errs = append(errs, fmt.Errorf("%w: no handler gets %q, and nothing moves", errLost, lost))
	}
	return errors.Join(errs...)
}
