package sparkplug_test

import (
	"context"
	"fmt"
	"time"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// A press with a valve, and a control room that opens it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	url, stop := exampleBroker()
	defer stop()

	events := make(chan sparkplug.Event, 100)
	host, err := sparkplug.StartHost(ctx, url, sparkplug.HostConfig{
		ID:      "scada",
		OnEvent: func(_ context.Context, e sparkplug.Event) { events <- e },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close(ctx)

	var node *sparkplug.EdgeNode
	started := make(chan struct{})
	node, err = sparkplug.StartEdgeNode(ctx, url, sparkplug.EdgeNodeConfig{
		Group: "plant", ID: "press",
		Metrics: []sparkplug.Metric{sparkplug.NewMetric("load", 0.0)},
		Devices: []sparkplug.DeviceConfig{{ID: "valve", Metrics: []sparkplug.Metric{sparkplug.NewMetric("open", false)}}},
		OnCommand: func(ctx context.Context, c sparkplug.Command) {
			<-started
			if d := node.Device(c.Device); d != nil { // the valve has moved: that is its answer
				_ = d.Update(ctx, c.Metrics...)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	close(started)

	valve := sparkplug.ID{Group: "plant", Node: "press", Device: "valve"}
	for e := range events {
		fmt.Println(e.Kind, e.ID)
		switch e.Kind {
		case sparkplug.DeviceBorn:
			err = host.Command(ctx, valve, sparkplug.NewMetric("open", true))
		case sparkplug.DeviceData:
			fmt.Println(e.Metrics[0].Name, e.Metrics[0].Value)
			err = node.Close(ctx)
		case sparkplug.NodeDied:
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// NodeBorn plant/press
	// DeviceBorn plant/press/valve
	// DeviceData plant/press/valve
	// open true
	// DeviceDied plant/press/valve
	// NodeDied plant/press
}

// Payloads can be made and read without an edge node.
func ExamplePayload() {
	p := sparkplug.Payload{
		Timestamp: time.UnixMilli(1_700_000_000_000), Seq: 7, HasSeq: true,
		Metrics: []sparkplug.Metric{
			sparkplug.NewMetric("temperature", 21.5),
			{Name: "serial", Type: sparkplug.UUID, Value: "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
			{Name: "limit", Type: sparkplug.Int16}, // null
		},
	}
	b, err := p.Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := sparkplug.Unmarshal(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range q.Metrics {
		fmt.Println(m.Name, m.Type, m.Value)
	}
	// Output:
	// temperature Double 21.5
	// serial UUID 6ba7b810-9dad-11d1-80b4-00c04fd430c8
	// limit Int16 <nil>
}

// A checker that is fed by hand.
func ExampleChecker() {
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{})
	data, err := (&sparkplug.Payload{Timestamp: time.UnixMilli(1), Metrics: []sparkplug.Metric{}}).Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, b := range c.Check(&mqtt.Received{Topic: "spBv1.0/plant/NDATA/press", Payload: data, QoS: mqtt.AtLeastOnce}) {
		fmt.Println(b)
	}
	// Output:
	// spBv1.0/plant/NDATA/press: it is of QoS 1, not 0 (tck-id-payloads-ndata-qos)
	// spBv1.0/plant/NDATA/press: it has no sequence number (tck-id-payloads-sequence-num-always-included)
}

func ExampleParseTopic() {
	t, err := sparkplug.ParseTopic("spBv1.0/plant/DDATA/press/valve")
	fmt.Println(t.Type, t.Group, t.Node, t.Device, err)
	_, err = sparkplug.ParseTopic("spBv1.0/plant/NDATA/press/valve")
	fmt.Println(err)
	// Output:
	// DDATA plant press valve <nil>
	// topic "spBv1.0/plant/NDATA/press/valve": NDATA is not for a device
}

// exampleBroker starts a broker for an example.
func exampleBroker() (url string, stop func()) {
	ctx := context.Background()
	b, err := broker.Start(ctx, broker.Config{})
	if err != nil {
		panic(err)
	}
	return "mqtt://" + b.Addr(), func() { _ = b.Close(ctx) }
}
