package clients

import (
	"context"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/autopaho/queue/memory"
	"github.com/eclipse/paho.golang/paho"
)

// autopahoClient is github.com/eclipse/paho.golang/autopaho, MQTT 5.
type autopahoClient struct{ manager *autopaho.ConnectionManager }

func startAutopaho(ctx context.Context, o Options) (Client, error) {
	server, err := url.Parse("mqtt://" + o.Address)
	if err != nil {
		return nil, err
	}
	cfg := autopaho.ClientConfig{
		ServerUrls:            []*url.URL{server},
		KeepAlive:             60,
		SessionExpiryInterval: 3600,
		ReconnectBackoff:      func(int) time.Duration { return o.MaxDelay },
		Queue:                 memory.New(),
		ClientConfig:          paho.ClientConfig{ClientID: o.ID},
	}
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(m paho.PublishReceived) (bool, error) {
		o.Message(m.Packet.QoS, m.Packet.Payload)
		return true, nil
	}}
	if o.Filter != "" {
		cfg.OnConnectionUp = func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			go func() {
				subscribe := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: o.Filter, QoS: 2}}}
				if _, err := m.Subscribe(ctx, subscribe); err != nil {
					o.Report(err)
				}
			}()
		}
	}
	m, err := autopaho.NewConnection(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, err
	}
	return autopahoClient{m}, nil
}

// Publish implements Client. The queue does not tell how a message ends.
func (a autopahoClient) Publish(topic string, qos byte, payload []byte, done func(error)) error {
	err := a.manager.PublishViaQueue(context.Background(), &autopaho.QueuePublish{
		Publish: &paho.Publish{Topic: topic, QoS: qos, Payload: payload},
	})
	if err == nil {
		done(nil)
	}
	return err
}

// Close implements Client.
func (a autopahoClient) Close(ctx context.Context) error { return a.manager.Disconnect(ctx) }
