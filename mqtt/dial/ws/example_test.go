package ws_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/mqtt/dial/ws"
)

// exampleBroker starts a broker with WebSocket for one example.
func exampleBroker(ctx context.Context) (url string, stop func()) {
	b, err := broker.Start(ctx, broker.Config{Listeners: []broker.Listener{{URL: "ws://127.0.0.1:0"}}})
	if err != nil {
		log.Panic(err)
	}
	return b.URLs()[0], func() { _ = b.Close(context.Background()) } // the example is over
}

func newToken(context.Context) (string, error) { return "fresh", nil }

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	// With import _ "dunlin/mqtt/dial/ws" a URL is enough.
	c, err := mqtt.Dial(ctx, url+"/mqtt", mqtt.Config{ClientID: "lamp"})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	fmt.Println(c.IsConnected())
	// Output: true
}

func ExampleOptions() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()

	handshake := ws.Options{
		Header: http.Header{"Origin": {"https://lamp.example"}},
		// Called for each attempt to connect.
		NewHeader: func(ctx context.Context) (http.Header, error) {
			token, err := newToken(ctx)
			return http.Header{"Authorization": {"Bearer " + token}}, err
		},
	}
	c, err := mqtt.Dial(ctx, url, mqtt.Config{
		ClientID:  "lamp",
		Transport: mqtt.Transport{WebSocket: handshake.Upgrade},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	fmt.Println(c.IsConnected())
	// Output: true
}
