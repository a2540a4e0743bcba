package generators

import (
	"context"
	"fmt"
	"strconv"

	"dunlin/mqtt"
)

// feedWindow is how many messages of the feeder are under way at once.
const feedWindow = 50

// Feed publishes to the subscribers of a broker, as fast as the broker passes on: the feeder gets its own messages, and
// each lets another one go. It ends with ctx.
func Feed(ctx context.Context, url, size string) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "feeder"})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // nothing more is sent
	message := mqtt.Message{Topic: feedTopic, Payload: make([]byte, n)}
	failed := make(chan error, 1)
	_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: feedTopic, Handler: func(ctx context.Context, _ *mqtt.Received) {
		if err := c.Enqueue(ctx, message); err != nil {
			select {
			case failed <- err:
			default:
			}
		}
	}})
	if err != nil {
		return err
	}
	for range feedWindow {
		if err := c.Enqueue(ctx, message); err != nil {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}
