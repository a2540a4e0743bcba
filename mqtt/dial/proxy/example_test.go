package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial/proxy"
)

func ExampleNew() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	d, err := proxy.New("socks5://joe:secret@127.0.0.1:1")
	if err != nil {
		log.Panic(err)
	}
	_, err = mqtt.Dial(ctx, "mqtt://broker.example", mqtt.Config{
		Transport: mqtt.Transport{Dial: d.DialContext},
	})

	// Nothing listens at port 1, and the password stays out of the error.
	fmt.Println(err)
	// Output: proxy mqtt://broker.example:1883: via socks5://127.0.0.1:1: connect: connection refused
}

func ExampleFromEnvironment() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	d, err := proxy.FromEnvironment() // ALL_PROXY and NO_PROXY
	if err != nil {
		log.Panic(err)
	}
	d.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		return nil, errors.New("dialed " + address)
	}
	_, err = d.DialContext(ctx, "tcp", "localhost:1883") // this machine is never behind a proxy

	fmt.Println(err)
	// Output: dialed localhost:1883
}
