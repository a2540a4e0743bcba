// Package retained lists, removes, exports and imports the retained messages of a server.
package retained

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// DefaultQuiet is how long nothing has to come before a listing is taken for complete.
const DefaultQuiet = 900 * time.Millisecond

// quietRounds is how many answers to pings in a row have to come without a message between them.
const quietRounds = 3

// Listing says which retained messages are asked for.
type Listing struct {
	Filters []string
	Exclude []string      // filters of those that are passed over
	Quiet   time.Duration // 0: DefaultQuiet
}

// listing is a run of one.
type listing struct {
	Listing
	each func(m *mqtt.Received, at time.Time) error

	mu     sync.Mutex
	seen   map[string]struct{} // filters overlap, and topics come for each of them
	came   int                 // messages of any kind, which show that the server is not through
	inside bool                // each runs, and others may wait behind it
	err    error
}

// Run calls each with every retained message that matches, once a topic, one at a time, and returns for how many.
//
// No server says when it has sent them all. They come after its answer to SUBSCRIBE, and a server answers pings in
// their turn: so the listing is taken for complete when three pings in a row, spread over Listing.Quiet, were answered
// and no retained message came meanwhile. Messages that are published meanwhile count for nothing. A server that looks
// its messages up beside the connection may be slower than that, and needs more of Quiet.
//
// The messages come at their own quality of service. The error is what each returned, that of the subscription, or why
// the connection or ctx ended; then the listing is not complete.
func (l Listing) Run(ctx context.Context, c *mqtt.Client, each func(m *mqtt.Received, at time.Time) error) (int, error) {
	run := &listing{Listing: l, each: each, seen: map[string]struct{}{}}
	subscriptions := make([]mqtt.Subscription, len(l.Filters))
	for i, filter := range l.Filters {
		subscriptions[i] = mqtt.Subscription{Filter: filter, QoS: mqtt.ExactlyOnce, Handler: run.take}
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

// take is the handler.
func (l *listing) take(_ context.Context, m *mqtt.Received) {
	if !m.Retain {
		return
	}
	l.mu.Lock()
	l.came++
	_, again := l.seen[m.Topic]
	if again || l.err != nil || subscribe.Matches(l.Exclude, m.Topic) {
		l.mu.Unlock()
		return
	}
	l.seen[m.Topic] = struct{}{}
	l.inside = true
	l.mu.Unlock()
	err := l.each(m, time.Now())
	l.mu.Lock()
	l.inside, l.err = false, err
	l.mu.Unlock()
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
	pause /= quietRounds
	for quiet, before := 0, 0; quiet < quietRounds; quiet++ {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		if _, err := c.Ping(ctx); err != nil {
			return fmt.Errorf("the list is not complete: %w", err)
		}
		came, inside, err := l.progress()
		if err != nil {
			return err
		}
		if inside || came != before {
			quiet, before = -1, came
		}
	}
	return nil
}
