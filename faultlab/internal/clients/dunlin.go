package clients

import (
	"context"
	"time"

	"dunlin/mqtt"
)

func init() { kinds["dunlin"] = kind{versions: []byte{3, 5}, parks: true, start: startDunlin} }

// dunlinClient is dunlin/mqtt.
type dunlinClient struct{ client *mqtt.Client }

func startDunlin(ctx context.Context, o Options) (Client, error) {
	cfg := mqtt.Config{
		Version:     mqtt.V311,
		ClientID:    o.ID,
		KeepSession: true,
		Reconnect:   &mqtt.Reconnect{MinDelay: o.MinDelay, MaxDelay: o.MaxDelay, Background: true},
		Transport:   mqtt.Transport{Dial: o.Dial}, OnError: o.Report,
	}
	for _, address := range o.Others {
		cfg.Reconnect.Servers = append(cfg.Reconnect.Servers, "mqtt://"+address)
		cfg.Reconnect.Order = mqtt.ServersShuffled
	}
	if o.Version == 5 {
		cfg.Version = mqtt.V5
		cfg.Properties.SessionExpiry = time.Hour
	}
	c, err := mqtt.Dial(ctx, "mqtt://"+o.Address, cfg)
	if err != nil {
		return nil, err
	}
	if o.Filter == "" {
		return dunlinClient{c}, nil
	}
	_, err = c.SubscribeAsync(context.Background(), []mqtt.Subscription{{
		Filter: o.Filter, QoS: mqtt.ExactlyOnce,
		Handler: func(_ context.Context, m *mqtt.Received) { o.Message(byte(m.QoS), m.Payload) },
	}}, func(err error) {
		if err != nil {
			o.Report(err)
		}
	})
	return dunlinClient{c}, err
}

// Publish implements Client.
func (d dunlinClient) Publish(topic string, qos byte, payload []byte, done func(error)) error {
	_, err := d.client.PublishAsync(context.Background(), mqtt.Message{Topic: topic, QoS: mqtt.QoS(qos), Payload: payload}, done)
	return err
}

// Close implements Client.
func (d dunlinClient) Close(ctx context.Context) error { return d.client.Close(ctx) }
