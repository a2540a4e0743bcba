// Command library does the paths of the table of instructions with dunlin/mqtt. It is called as
//
//	library PATH ADDRESS COUNT
//
// and ends when COUNT messages are through, a burst at a time: the next begins when the one before
// is complete, so that what is written and read at once does not depend on time.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"dunlin/mqtt"
)

// burst is how many messages go together.
const burst = 100

var (
	ctx     = context.Background()
	payload = make([]byte, 64)
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: library PATH ADDRESS COUNT")
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("COUNT: %w", err)
	}
	c, err := mqtt.Dial(ctx, "mqtt://"+args[1], mqtt.Config{ClientID: "instructions"})
	if err != nil {
		return err
	}
	switch path := args[0]; path {
	case "pub0":
		err = publishQoS0(c, count)
	case "pub1", "pub2":
		err = publish(c, mqtt.QoS(path[3]-'0'), count)
	case "recv0", "recv1", "recv2":
		err = receive(c, mqtt.Subscription{QoS: mqtt.QoS(path[4] - '0')}, count)
	case "recv0-view":
		err = receive(c, mqtt.Subscription{ReuseMessage: true}, count)
	case "rtt0":
		err = echo(c, count)
	case "rtt1":
		err = acknowledged(c, count)
	default:
		err = fmt.Errorf("no path %q", path)
	}
	return errors.Join(err, c.Close(ctx))
}

// publishQoS0 waits for the last message of each burst alone, which is through when it was written.
func publishQoS0(c *mqtt.Client, count int) error {
	m := mqtt.Message{Topic: "instructions/publish", Payload: payload}
	for i := 1; i <= count; i++ {
		send := c.Enqueue
		if i%burst == 0 {
			send = c.Publish
		}
		if err := send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func publish(c *mqtt.Client, qos mqtt.QoS, count int) error {
	m := mqtt.Message{Topic: "instructions/publish", Payload: payload, QoS: qos}
	acknowledged := 0
	through := make(chan error, burst)
	done := func(err error) {
		if acknowledged++; err != nil || acknowledged%burst == 0 {
			through <- err
		}
	}
	for range count / burst {
		for range burst {
			if _, err := c.PublishAsync(ctx, m, done); err != nil {
				return err
			}
		}
		if err := <-through; err != nil {
			return err
		}
	}
	return nil
}

// receive gets count messages. The peer sends the next burst when the one before is acknowledged, if
// its QoS asks for that, and a message to "next" has come.
func receive(c *mqtt.Client, s mqtt.Subscription, count int) error {
	got := 0
	through := make(chan error, burst) // room for all errors of a burst
	s.Filter = "flood"
	s.Handler = func(_ context.Context, m *mqtt.Received) {
		got++
		switch {
		case len(m.Payload) != len(payload):
			through <- errors.New("another message came than was sent")
		case got == count:
			through <- nil
		case got%burst == 0:
			if err := c.Enqueue(ctx, mqtt.Message{Topic: "next"}); err != nil {
				through <- err
			}
		}
	}
	if _, err := c.Subscribe(ctx, s); err != nil {
		return err
	}
	return <-through
}

// echo has one message at a time go to the peer and back.
func echo(c *mqtt.Client, count int) error {
	back := make(chan struct{})
	handler := func(context.Context, *mqtt.Received) { back <- struct{}{} }
	if _, err := c.Subscribe(ctx, mqtt.Subscription{Filter: "echo", Handler: handler}); err != nil {
		return err
	}
	for range count {
		if err := c.Publish(ctx, mqtt.Message{Topic: "echo", Payload: payload}); err != nil {
			return err
		}
		<-back
	}
	return nil
}

func acknowledged(c *mqtt.Client, count int) error {
	for range count {
		if err := c.Publish(ctx, mqtt.Message{Topic: "instructions/publish", Payload: payload, QoS: 1}); err != nil {
			return err
		}
	}
	return nil
}
