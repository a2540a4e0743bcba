package prom_test

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/observe/prom"
)

func ExampleCollector() {
	ctx := context.Background()
	server, err := broker.Start(ctx, broker.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Close(ctx) }()

	fleet := prom.NewCollector()
	registry := prometheus.NewRegistry()
	registry.MustRegister(fleet)
	client, err := mqtt.Dial(ctx, server.URLs()[0], mqtt.Config{Reconnect: &mqtt.Reconnect{}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close(ctx) }()
	fleet.Add("sensors", client)

	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		if f.GetName() == "mqtt_client_connected" {
			fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	// Output: mqtt_client_connected 1
}
