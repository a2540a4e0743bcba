package main

import (
	"context"
	"fmt"
	"time"

	"dunlin/bench/drive"
	"dunlin/bench/work"
	"dunlin/mqtt"
)

// clients sends bursts of QoS 1 messages from one client after the other; two
// bursts are in flight at a time. After the warm-up all rest until they have let go
// what a busy client needs.
func clients(r *drive.Run) error {
	all := make([]*mqtt.Client, r.N)
	for i := range all {
		c, err := connect(r.Setup, mqtt.Config{ClientID: fmt.Sprint("bench", i)})
		if err != nil {
			return err
		}
		all[i] = c
	}
	w := newPlaces(2 * work.Burst)
	m := message(r, 1)
	turn, rested := 0, false
	return r.Messages(func(n int) error {
		for i := range n {
			if i%work.Burst == 0 {
				turn = (turn + 1) % len(all)
			}
			w.take()
			if _, err := all[turn].PublishAsync(ctx, m, w.done); err != nil {
				return err
			}
		}
		if err := w.wait(); err != nil || rested {
			return err
		}
		rested = true
		time.Sleep(3 * time.Second)
		return nil
	})
}

// subscriptions receives with N subscriptions of which one matches.
func subscriptions(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	handler := func(context.Context, *mqtt.Received) {}
	var subs []mqtt.Subscription
	for i := range r.N - 1 {
		filter := fmt.Sprintf("site/%d/sensor/%d", i%100, i)
		if i%10 == 0 {
			filter = fmt.Sprintf("site/+/meter/%d/#", i)
		}
		subs = append(subs, mqtt.Subscription{Filter: filter, Handler: handler})
		if len(subs) == 500 || i == r.N-2 {
			if _, err := c.Subscribe(ctx, subs...); err != nil {
				return err
			}
			subs = nil
		}
	}
	return r.Messages(func(n int) error { return flood(r, c, n) })
}

// flight keeps N messages of QoS 1 in flight.
func flight(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench", Limits: mqtt.Limits{InFlight: min(r.N+1, 65535)}})
	if err != nil {
		return err
	}
	w := newPlaces(r.N)
	m := message(r, 1)
	m.Topic = fmt.Sprintf("lag/%d", r.N)
	return r.Messages(func(n int) error {
		for range n {
			w.take()
			if _, err := c.PublishAsync(ctx, m, w.done); err != nil {
				return err
			}
		}
		if err := fence(c); err != nil {
			return err
		}
		return w.wait()
	})
}
