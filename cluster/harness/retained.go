package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"dunlin/mqtt"
)

// kept is how many retained messages a round has.
const kept = 50

// retain publishes the round's retained messages with client 0, and waits until they are acknowledged.
func (f *fleet) retain(ctx context.Context, round int) error {
	errs := make(chan error, kept)
	for i := range kept {
		m := mqtt.Message{Topic: f.keptTopic(i), Payload: keptPayload(round), QoS: mqtt.AtLeastOnce, Retain: true}
		if _, err := f.members[0].PublishAsync(ctx, m, func(err error) { errs <- err }); err != nil {
			return fmt.Errorf("retained message %d: %w", i, err)
		}
	}
	for range kept {
		select {
		case err := <-errs:
			if err != nil {
				return fmt.Errorf("retained messages: %w", err)
			}
		case <-ctx.Done():
			return fmt.Errorf("retained messages: %w", context.Cause(ctx))
		}
	}
	return nil
}

func (f *fleet) keptTopic(i int) string { return fmt.Sprintf("%s/%d", f.name("kept", 0), i) }

func keptPayload(round int) []byte { return fmt.Appendf(nil, "round %d", round) }

// retained returns how many of the round's retained messages a new client gets from the node that has fewest; nodes are those to ask.
func (f *fleet) retained(ctx context.Context, round int, nodes []int) (int, error) {
	counts, errs := make([]int, len(nodes)), make([]error, len(nodes))
	var tasks sync.WaitGroup
	for i, node := range nodes {
		tasks.Go(func() {
			if counts[i], errs[i] = f.retainedAt(ctx, round, node); errs[i] != nil {
				errs[i] = fmt.Errorf("retained messages of node %d: %w", node, errs[i])
			}
		})
	}
	tasks.Wait()
	return slices.Min(counts), errors.Join(errs...)
}

func (f *fleet) retainedAt(ctx context.Context, round, node int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := mqtt.Dial(ctx, f.urls[node], mqtt.Config{
		ClientID: f.name(fmt.Sprintf("reader-%d", node), round), Reconnect: &mqtt.Reconnect{Background: true, MaxDelay: time.Second},
		Transport: mqtt.Transport{ConnectTimeout: connectTimeout},
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close(ctx) }() // it has been asked what it was for
	came := make(chan string, 100*kept)      // each subscribe brings all of them
	sub := mqtt.Subscription{
		Filter: f.name("kept", 0) + "/#", QoS: mqtt.AtLeastOnce,
		Handler: func(_ context.Context, m *mqtt.Received) {
			if string(m.Payload) == string(keptPayload(round)) {
				came <- m.Topic
			}
		},
	}
	if err := subscribe(ctx, client, sub); err != nil {
		return 0, err
	}
	topics := map[string]bool{}
	for len(topics) < kept {
		select {
		case topic := <-came:
			topics[topic] = true
		case <-time.After(3 * time.Second):
			return len(topics), nil // the rest does not come
		}
	}
	return kept, nil
}
