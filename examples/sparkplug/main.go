// Command sparkplug is an edge node with one device, to start from: a boiler whose temperature is read once a second and
// whose burner a host application switches.
//
//	dunlin broker &
//	go run ./examples/sparkplug mqtt://localhost:1883 &
//	dunlin sub 'spBv1.0/#' --decode sparkplug -v
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

func main() {
	url := "mqtt://localhost:1883"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	burner := make(chan bool, 1)
	node, err := sparkplug.StartEdgeNode(ctx, url, sparkplug.EdgeNodeConfig{
		Group: "plant", ID: "cellar",
		Metrics: []sparkplug.Metric{sparkplug.NewMetric("Properties/Version", "1.0")},
		Devices: []sparkplug.DeviceConfig{{ID: "boiler", Metrics: []sparkplug.Metric{
			{
				Name: "temperature", Type: sparkplug.Double, Value: 20.0,
				Properties: []sparkplug.Property{{Name: "engUnit", Type: sparkplug.String, Value: "°C"}},
			},
			sparkplug.NewMetric("burner", false),
		}}},
		StoreMessages: 3600, // an hour without a connection
		OnCommand: func(ctx context.Context, c sparkplug.Command) {
			for _, m := range c.Metrics {
				on, ok := m.Value.(bool)
				if !ok || c.Device != "boiler" || m.Name != "burner" {
					continue
				}
				select {
				case burner <- on:
				case <-ctx.Done(): // nobody reads it any more
				}
			}
		},
		MQTT: mqtt.Config{
			ClientID: "cellar", Reconnect: &mqtt.Reconnect{Background: true},
			OnError: func(err error) { fmt.Fprintln(os.Stderr, err) },
		},
	})
	if err != nil {
		return err
	}
	boil(ctx, node, burner)
	if err := node.Err(); err != nil { // the server refuses it for good
		return err
	}
	leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return node.Close(leave)
}

// boil is the boiler: what the device does until ctx ends.
func boil(ctx context.Context, node *sparkplug.EdgeNode, burner <-chan bool) {
	device, temperature, on := node.Device("boiler"), 20.0, false
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-node.Done():
			return
		case on = <-burner:
		case <-second.C:
			if on {
				temperature += rand.Float64()
			} else {
				temperature = max(20, temperature-0.2)
			}
		}
		err := device.Update(ctx, sparkplug.NewMetric("temperature", temperature), sparkplug.NewMetric("burner", on))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
