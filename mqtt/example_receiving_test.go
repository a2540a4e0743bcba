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
