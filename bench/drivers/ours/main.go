// Command ours drives dunlin/mqtt.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dunlin/bench/drive"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	_ "dunlin/mqtt/dial/ws" // for ws://
)

var ctx = context.Background()

func main() {
	drive.Main(drive.Works{
		"pub0": pub0, "pub1": window, "pub2": window,
		"pub1-window": window, "pub2-window": window,
		"recv0": recv, "recv1": recv, "recv2": recv, "recv0-pull": pull, "recv1-pull": pull,
		"recv0-batch": batch, "recv1-batch": batch,
		"rtt0": rtt0, "rtt1": rtt1, "durable": durable,
		"idle": idle, "clients": clients, "subs": subscriptions, "flight": flight,
	})
}

func connect(s *drive.Setup, cfg mqtt.Config) (*mqtt.Client, error) {
	url := s.URL
	if strings.HasPrefix(url, "ws://") {
		url += "/mqtt"
	}
	if strings.HasPrefix(url, "tls://") {
		config, err := (&dial.TLS{CAFile: s.CA}).Config()
		if err != nil {
			return nil, err
		}
		cfg.Transport.TLS = config
	}
	return mqtt.Dial(ctx, url, cfg)
}

func message(r *drive.Run, qos byte) mqtt.Message {
	return mqtt.Message{Topic: "bench/topic", Payload: make([]byte, r.Size), QoS: mqtt.QoS(qos)}
}

// fence waits until the server has all that was sent.
func fence(c *mqtt.Client) error { return c.Publish(ctx, mqtt.Message{Topic: "fence", QoS: 1}) }

func pub0(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	m := message(r, 0)
	send := func() error { return c.Enqueue(ctx, m) } // nobody asks for the outcome
	if r.Size > 16<<10 {
		send = func() error { _, err := c.PublishNoCopy(ctx, m, nil); return err }
	}
	return r.Messages(func(n int) error {
		for range n {
			if err := send(); err != nil {
				return err
			}
		}
		return fence(c)
	})
}

// window keeps messages in flight: a place is free again when the callback tells
// of the acknowledgement. With the client's own default, the client decides how many.
func window(r *drive.Run) error {
	qos := r.Work[3] - '0'
	own := drive.Unbounded
	if qos == 2 {
		own = 19 // Limits.InFlightQoS2 before MQTT 5
	}
	n := r.InFlight(own)
	places, cfg := n, mqtt.Config{ClientID: "bench", Limits: mqtt.Limits{InFlight: n}}
	if strings.HasSuffix(r.Work, "-window") && r.N == 0 {
		places, cfg.Limits.InFlight = drive.Unbounded, 0
	}
	c, err := connect(r.Setup, cfg)
	if err != nil {
		return err
	}
	w := newPlaces(places)
	m := message(r, qos)
	return r.Messages(func(n int) error { return w.publish(c, m, n) })
}

// recv counts messages in a handler.
func recv(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	return r.Messages(func(n int) error { return flood(r, c, n) })
}

func flood(r *drive.Run, c *mqtt.Client, n int) error {
	qos := byte(0)
	if strings.HasPrefix(r.Work, "recv") {
		qos = r.Work[4] - '0'
	}
	all := make(chan struct{})
	got := 0
	s := mqtt.Subscription{Filter: r.Flood(qos, n), QoS: mqtt.QoS(qos), ReuseMessage: r.View, Handler: func(_ context.Context, m *mqtt.Received) {
		if len(m.Payload) != r.Size {
			return
		}
		if got++; got == n {
			close(all)
		}
	}}
	if _, err := c.Subscribe(ctx, s); err != nil {
		return err
	}
	<-all
	return nil
}

// pull counts messages in a loop of its own.
func pull(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	qos := r.Work[4] - '0'
	return r.Messages(func(n int) error {
		s, err := c.Subscribe(ctx, mqtt.Subscription{Filter: r.Flood(qos, n), QoS: mqtt.QoS(qos)})
		if err != nil {
			return err
		}
		got := 0
		for m, err := range s.All(ctx) {
			if err != nil {
				return err
			}
			if len(m.Payload) != r.Size {
				continue
			}
			if got++; got == n {
				break
			}
		}
		return nil
	})
}

// batch counts messages that come in batches.
func batch(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	qos := r.Work[4] - '0'
	return r.Messages(func(n int) error {
		all := make(chan struct{})
		got := 0
		s := mqtt.Subscription{Filter: r.Flood(qos, n), QoS: mqtt.QoS(qos), BatchHandler: func(_ context.Context, messages []*mqtt.Received) {
			for _, m := range messages {
				if len(m.Payload) != r.Size {
					continue
				}
				if got++; got == n {
					close(all)
				}
			}
		}}
		if _, err := c.Subscribe(ctx, s); err != nil {
			return err
		}
		<-all
		return nil
	})
}

func rtt0(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	back := make(chan struct{})
	_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "echo", Handler: func(context.Context, *mqtt.Received) { back <- struct{}{} }})
	if err != nil {
		return err
	}
	m := mqtt.Message{Topic: "echo", Payload: make([]byte, r.Size)}
	return r.Trips(func() error {
		if err := c.Publish(ctx, m); err != nil { // it waits for the answer: so it writes by itself
			return err
		}
		<-back
		return nil
	})
}

func rtt1(r *drive.Run) error {
	c, err := connect(r.Setup, mqtt.Config{ClientID: "bench"})
	if err != nil {
		return err
	}
	m := message(r, 1)
	return r.Trips(func() error { return c.Publish(ctx, m) })
}

func idle(r *drive.Run) error {
	return r.Clients(func(i int) (any, error) {
		return connect(r.Setup, mqtt.Config{ClientID: fmt.Sprint("idle", i)})
	})
}

var errFailed = errors.New("a publish failed")
