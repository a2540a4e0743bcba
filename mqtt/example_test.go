package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/mqtt/store/disk"
)

// exampleBroker starts a broker for one example.
func exampleBroker(ctx context.Context) (url string, stop func()) {
	b, err := broker.Start(ctx, broker.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return "mqtt://" + b.Addr(), func() { _ = b.Close(context.Background()) } // the example is over
}

func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "lamp", KeepAlive: 30 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	fmt.Println(c.IsConnected(), c.ConnAck().SessionPresent)
	// Output: true false
}

func ExampleOpen() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	// The transport first, then the session: what Dial does in one call.
	c, err := mqtt.Open(ctx, url, mqtt.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)
	fmt.Println(c.IsConnected())
	if err := c.Connect(ctx, mqtt.Config{ClientID: "lamp"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.IsConnected())
	// Output:
	// false
	// true
}

func ExampleClient_Subscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "lamp"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	done := make(chan struct{})
	_, err = c.Subscribe(ctx,
		mqtt.Subscription{Filter: "lamp/+/state", QoS: mqtt.AtLeastOnce, Handler: func(_ context.Context, m *mqtt.Received) {
			fmt.Printf("%s is %s\n", m.Topic, m.Payload)
		}},
		mqtt.Subscription{Filter: "lamp/end", QoS: mqtt.AtLeastOnce, Handler: func(context.Context, *mqtt.Received) { close(done) }},
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range []mqtt.Message{
		{Topic: "lamp/1/state", Payload: []byte("on"), QoS: mqtt.AtLeastOnce},
		{Topic: "lamp/2/state", Payload: []byte("off"), QoS: mqtt.AtLeastOnce},
		{Topic: "lamp/end", QoS: mqtt.AtLeastOnce},
	} {
		if err := c.Publish(ctx, m); err != nil {
			log.Fatal(err)
		}
	}
	<-done
	// Output:
	// lamp/1/state is on
	// lamp/2/state is off
}

func ExampleClient_Publish() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "meter"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	// The error says what became of the message.
	err = c.Publish(ctx, mqtt.Message{Topic: "meter/#", Payload: []byte("1250")})
	switch {
	case err == nil:
		fmt.Println("published")
	case errors.Is(err, mqtt.ErrNotSent):
		fmt.Println("not sent:", err)
	case errors.Is(err, mqtt.ErrInDoubt):
		fmt.Println("sent, but not acknowledged:", err)
	}
	// Output: not sent: message to "meter/#": topic name holds a wildcard
}

func ExampleClient_PublishAsync() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "meter"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	// Many messages at once; they leave in this order.
	var last *mqtt.Delivery
	for i := range 1000 {
		m := mqtt.Message{Topic: "meter/power", Payload: fmt.Append(nil, i), QoS: mqtt.AtLeastOnce}
		if last, err = c.PublishAsync(ctx, m, nil); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(last.Wait(ctx), last.PacketID())
	// Output: <nil> 1000
}

func ExampleClient_Unsubscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "reader"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	if _, err := c.Subscribe(ctx, mqtt.Subscription{Filter: "news/#"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Unsubscribe(ctx, "news/#"))
	// Output: <nil>
}

func ExampleReceived_Ack() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "store"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	// The message is acknowledged when it is safe, not when the handler returns.
	work := make(chan *mqtt.Received, 1)
	_, err = c.Subscribe(ctx, mqtt.Subscription{
		Filter: "orders", QoS: mqtt.AtLeastOnce, ManualAck: true,
		Handler: func(_ context.Context, m *mqtt.Received) { work <- m },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Publish(ctx, mqtt.Message{Topic: "orders", Payload: []byte("tea"), QoS: mqtt.AtLeastOnce}); err != nil {
		log.Fatal(err)
	}
	m := <-work
	fmt.Printf("stored %s: %v\n", m.Payload, m.Ack())
	// Output: stored tea: <nil>
}

func ExampleClient_Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "lamp"})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(c.Close(ctx))
	fmt.Println(c.Close(ctx))
	fmt.Println(c.Publish(ctx, mqtt.Message{Topic: "t"}))
	// Output:
	// <nil>
	// <nil>
	// publish to "t": not sent: client is closed
}

// A client that outlives its connections: subscriptions come back by
// themselves, and publishes of QoS 1 and 2 wait for the next connection.
func ExampleReconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	got := make(chan string, 1)
	c, err := mqtt.Dial(ctx, url, mqtt.Config{
		ClientID:    "lamp",
		KeepSession: true, // the broker keeps what comes while we are away
		Reconnect: &mqtt.Reconnect{
			Background: true, // the broker need not be there yet
			MaxDelay:   30 * time.Second,
		},
		OnRetry: func(r mqtt.Retry) { log.Printf("trying again in %v: %v", r.Delay, r.Err) },
		OnError: func(err error) { log.Print(err) },
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
	_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "lamp/#", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) {
		got <- string(m.Payload)
	}})
	if err != nil {
		log.Panic(err)
	}
	if err := c.Publish(ctx, mqtt.Message{Topic: "lamp/state", Payload: []byte("on"), QoS: 1}); err != nil {
		log.Panic(err)
	}
	fmt.Println(<-got)
	// Output: on
}

// What was accepted outlives the process: it is on disk before Enqueue returns,
// and the next client of the session sends it.
func ExampleClient_Enqueue() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "lamp")
	if err != nil {
		log.Panic(err)
	}
	defer os.RemoveAll(dir)

	kept, err := disk.Open(dir+"/session", disk.Options{})
	if err != nil {
		log.Panic(err)
	}
	defer kept.Close()
	c, err := mqtt.Dial(ctx, "mqtt://localhost:1", mqtt.Config{ // nobody is there
		ClientID:    "lamp",
		KeepSession: true,
		Reconnect:   &mqtt.Reconnect{Background: true},
		Store:       kept,
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
	err = c.Enqueue(ctx, mqtt.Message{Topic: "lamp/state", Payload: []byte("on"), QoS: 2})
	fmt.Println(err, c.Stats().Queued)
	// Output: <nil> 1
}
