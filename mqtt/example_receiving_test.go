package mqtt_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"dunlin/mqtt"
)

func ExampleActiveSubscription_All() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "lamp"}) // without an OnMessage
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	sub, err := c.Subscribe(ctx, mqtt.Subscription{Filter: "lamp/#", QoS: mqtt.AtLeastOnce})
	if err != nil {
		log.Panic(err)
	}
	for _, payload := range []string{"on", "off", "end"} {
		if err := c.Publish(ctx, mqtt.Message{Topic: "lamp/state", Payload: []byte(payload), QoS: mqtt.AtLeastOnce}); err != nil {
			log.Panic(err)
		}
	}
	for m, err := range sub.All(ctx) {
		if err != nil {
			log.Panic(err)
		}
		fmt.Printf("%s is %s\n", m.Topic, m.Payload)
		if string(m.Payload) == "end" {
			break // each message is acknowledged when the loop is through with it
		}
	}
	fmt.Println(sub.Close(ctx))
	// Output:
	// lamp/state is on
	// lamp/state is off
	// lamp/state is end
	// <nil>
}

// A slow handler gets goroutines of its own, and delays no other subscription.
func ExampleSubscription_workers() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "kitchen"})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	fast, served := make(chan struct{}), make(chan struct{})
	_, err = c.Subscribe(ctx,
		mqtt.Subscription{Filter: "orders", QoS: mqtt.AtLeastOnce, Workers: 4, Handler: func(_ context.Context, m *mqtt.Received) {
			<-fast // it takes its time
			fmt.Printf("%s is served\n", m.Payload)
			close(served)
		}},
		mqtt.Subscription{Filter: "bell", Handler: func(context.Context, *mqtt.Received) {
			fmt.Println("the bell rings")
			close(fast)
		}},
	)
	if err != nil {
		log.Panic(err)
	}
	for _, m := range []mqtt.Message{{Topic: "orders", Payload: []byte("tea"), QoS: mqtt.AtLeastOnce}, {Topic: "bell"}} {
		if err := c.Publish(ctx, m); err != nil {
			log.Panic(err)
		}
	}
	<-served
	// Output:
	// the bell rings
	// tea is served
}

// A database takes many rows at once, which costs little more than a single one. What comes while it
// writes is the next batch.
func ExampleSubscription_batchHandler() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "archive"})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	type row struct{ room, degrees string }
	var table []row // the database
	full := make(chan struct{})
	insert := func(_ context.Context, messages []*mqtt.Received) {
		rows := make([]row, len(messages))
		for i, m := range messages {
			rows[i] = row{m.Topic, string(m.Payload)} // a copy: payloads are used again after the call
		}
		table = append(table, rows...)
		if len(table) == 3 {
			close(full)
		}
	} // the messages are acknowledged now, when the rows are written
	if _, err := c.Subscribe(ctx, mqtt.Subscription{Filter: "rooms/+", QoS: mqtt.AtLeastOnce, BatchHandler: insert}); err != nil {
		log.Panic(err)
	}
	for _, r := range []row{{"rooms/hall", "19"}, {"rooms/attic", "24"}, {"rooms/hall", "20"}} {
		if err := c.Publish(ctx, mqtt.Message{Topic: r.room, Payload: []byte(r.degrees), QoS: mqtt.AtLeastOnce}); err != nil {
			log.Panic(err)
		}
	}
	<-full
	fmt.Println(table)
	// Output: [{rooms/hall 19} {rooms/attic 24} {rooms/hall 20}]
}

func ExampleClient_AwaitConnected() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	c, err := mqtt.Dial(ctx, url, mqtt.Config{
		ClientID:  "lamp",
		Reconnect: &mqtt.Reconnect{Background: true}, // Dial returns at once
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
	if err := c.AwaitConnected(ctx); err != nil {
		log.Panic(err) // time is up, or the server refused
	}
	fmt.Println(c.IsConnected())
	// Output: true
}

// OnPacket shows what goes over the wire, in both directions. User name, password and
// authentication data are masked.
func ExampleConfig_onPacket() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	c, err := mqtt.Dial(ctx, url, mqtt.Config{
		ClientID: "lamp", Username: "joe", Password: []byte("secret"),
		OnPacket: func(p mqtt.TracedPacket) { fmt.Println(p) },
	})
	if err != nil {
		log.Panic(err)
	}
	if err := c.Publish(ctx, mqtt.Message{Topic: "lamp/state", Payload: []byte("on"), QoS: mqtt.AtLeastOnce}); err != nil {
		log.Panic(err)
	}
	c.Close(ctx)
	// Output:
	// sent CONNECT MQTT 3.1.1 (31 bytes)
	// received CONNACK (4 bytes)
	// sent PUBLISH qos 1 id 1 topic "lamp/state" (18 bytes)
	// received PUBACK id 1 (4 bytes)
	// sent DISCONNECT (2 bytes)
}
