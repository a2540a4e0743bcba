// Package retained lists, removes, exports and imports the retained messages of a server.
package retained

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// DefaultQuiet is how long nothing has to come before a listing is taken for complete.
const DefaultQuiet = 900 * time.Millisecond

// quietRounds is how many answers to pings in a row have to come without a message between them.
const quietRounds = 3

// exactFilters is how many topics are asked for in one packet where messages are to come at their own quality of service: well
// below the 1,020 such messages that Mosquitto 2.0.11 holds for a client, beyond which it drops them (max_queued_messages).
const exactFilters = 200

// Listing says which retained messages are asked for.
type Listing struct {
	Filters []string
	Exclude []string      // filters of those that are passed over
	Quiet   time.Duration // 0: DefaultQuiet
	// Exact has the messages come at their own quality of service. Otherwise they come at QoS 0, for which they are asked for
	// once; with Exact the topics that came are asked for again, some at a time.
	Exact bool
}

// Run calls each with every retained message that matches, once a topic, one at a time, and returns for how many.
//
// No server says when it has sent them all. They come after its answer to SUBSCRIBE, and a server answers pings in
// their turn: so the listing is taken for complete when three pings in a row, spread over Listing.Quiet, were answered
// and no retained message came meanwhile. Messages that are published meanwhile count for nothing. A server that looks
// its messages up beside the connection may be slower than that, and needs more of Quiet.
//
// The error is what each returned, that of the subscription, or why the connection or ctx ended; then the listing is
// not complete.
func (l Listing) Run(ctx context.Context, c *mqtt.Client, each func(m *mqtt.Received, at time.Time) error) (int, error) {
	if !l.Exact {
		return l.ask(ctx, c, mqtt.AtMostOnce, each)
	}
	var topics []string
	_, err := l.ask(ctx, c, mqtt.AtMostOnce, func(m *mqtt.Received, _ time.Time) error {
		topics = append(topics, m.Topic)
		return nil
	})
	count := 0
	for some := range slices.Chunk(topics, exactFilters) {
		if err != nil {
			break
		}
		part := l
		part.Filters = some
		n := 0
		n, err = part.ask(ctx, c, mqtt.ExactlyOnce, each)
		count += n
	}
	return count, err
}

// ask subscribes once.
func (l Listing) ask(ctx context.Context, c *mqtt.Client, qos mqtt.QoS, each func(m *mqtt.Received, at time.Time) error) (int, error) {
	run := &listing{Listing: l, each: each, seen: map[string]struct{}{}, all: make(chan struct{})}
	if qos > 0 {
		run.expected = len(l.Filters)
	}
	subscriptions := make([]mqtt.Subscription, len(l.Filters))
	for i, filter := range l.Filters {
		subscriptions[i] = mqtt.Subscription{Filter: filter, QoS: qos, Handler: run.take}
	}
	active, err := c.Subscribe(ctx, subscriptions...)
	if err != nil {
		return 0, err
	}
	err = run.settle(ctx, c)
	if left := active.Close(ctx); err == nil {
		err = left
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	return len(run.seen), err
}

// listing is a run of one.
type listing struct {
	Listing
	each func(m *mqtt.Received, at time.Time) error
	all  chan struct{} // closed when each has had all that are expected

	mu       sync.Mutex
	expected int                 // the number of topics; 0: not known
	seen     map[string]struct{} // filters overlap, and topics come for each of them
	came     int                 // messages of any kind, which show that the server is not through
	inside   bool                // each runs, and others may wait behind it
	err      error
}

// take is the handler.
func (l *listing) take(_ context.Context, m *mqtt.Received) {
	if !m.Retain || !l.begin(m.Topic) {
		return
	}
	err := l.each(m, time.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside, l.err = false, err
	if len(l.seen) == l.expected {
		close(l.all)
	}
}

// begin tells whether a message is to be given to each.
func (l *listing) begin(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.came++
	if _, again := l.seen[topic]; again || l.err != nil || subscribe.MatchesAny(l.Exclude, topic) {
		return false
	}
	l.seen[topic] = struct{}{}
	l.inside = true
	return true
}

// progress returns how many messages came, whether one is under way, and what failed.
func (l *listing) progress() (came int, inside bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.came, l.inside, l.err
}

// settle waits until nothing comes any more.
func (l *listing) settle(ctx context.Context, c *mqtt.Client) error {
	pause := l.Quiet
	if pause <= 0 {
		pause = DefaultQuiet
	}
	timer := time.NewTicker(max(pause/quietRounds, 1))
	defer timer.Stop()
	for quiet, before := 0, 0; quiet < quietRounds; quiet++ {
		select {
		case <-timer.C:
		case <-l.all:
			_, _, err := l.progress()
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if _, err := c.Ping(ctx); err != nil {
			return fmt.Errorf("the list is not complete: %w", err)
		}
		came, inside, err := l.progress()
		for err == nil && !inside && c.Stats().Received > 0 { // the handler is about to be called with what came before the answer
			runtime.Gosched()
			came, inside, err = l.progress()
		}
		if err != nil {
			return err
		}
		if inside || came != before {
			quiet, before = -1, came
		}
	}
	return nil
}
