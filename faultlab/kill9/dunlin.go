package kill9

import (
	"context"
	"fmt"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store/disk"
)

func init() { drivers["dunlin"] = driver{versions: []byte{3, 5}, start: startDunlin} }

// startDunlin runs dunlin/mqtt with its disk store, which syncs at each commit.
func startDunlin(o *orders, effect effectFunc) (publishFunc, error) {
	kept, err := disk.Open(o.Folder, disk.Options{})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	cfg := mqtt.Config{
		Version:     mqtt.V311,
		ClientID:    clientID,
		KeepSession: true,
		Reconnect:   &mqtt.Reconnect{MinDelay: minDelay, MaxDelay: maxDelay, Background: true},
		Store:       kept,
	}
	if o.Version == 5 {
		cfg.Version = mqtt.V5
		cfg.Properties.SessionExpiry = time.Hour
	}
	cfg.OnError = report
	if o.Side == sideSubscriber {
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { effect(byte(m.QoS), m.Sequence, m.Payload) }
	}
	client, err := mqtt.Dial(context.Background(), "mqtt://"+o.Address, cfg)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	return func(ctx context.Context, payload []byte, qos byte) error {
		return client.Enqueue(ctx, mqtt.Message{Topic: topic, QoS: mqtt.QoS(qos), Payload: payload})
	}, nil
}
