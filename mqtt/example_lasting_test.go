package mqtt_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store/disk"
)

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
