package kill9

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	queue "github.com/eclipse/paho.golang/autopaho/queue/file"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"
	store "github.com/eclipse/paho.golang/paho/store/file"
)

// startAutopaho runs github.com/eclipse/paho.golang/autopaho with its file store
// for the session and its file queue before that, with MQTT 5.
func startAutopaho(o *orders, effect effectFunc) (publishFunc, error) {
	waiting, err := queue.New(filepath.Join(o.Folder, "queue"), "q", ".msg")
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	ours, err := store.New(filepath.Join(o.Folder, "client"), "c", ".pkt")
	if err != nil {
		return nil, fmt.Errorf("client's store: %w", err)
	}
	theirs, err := store.New(filepath.Join(o.Folder, "server"), "s", ".pkt")
	if err != nil {
		return nil, fmt.Errorf("server's store: %w", err)
	}
	server, err := url.Parse("mqtt://" + o.Address)
	if err != nil {
		return nil, err
	}
	cfg := autopaho.ClientConfig{
		ServerUrls:            []*url.URL{server},
		KeepAlive:             60,
		SessionExpiryInterval: 3600,
		ReconnectBackoff:      func(int) time.Duration { return minDelay },
		Queue:                 waiting,
		ClientConfig: paho.ClientConfig{
			ClientID: clientID,
			Session:  state.New(ours, theirs),
		},
	}
	if o.Side == sideSubscriber {
		cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){func(m paho.PublishReceived) (bool, error) {
			effect(m.Packet.QoS, 0, m.Packet.Payload)
			return true, nil
		}}
	}
	client, err := autopaho.NewConnection(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, payload []byte, qos byte) error {
		return client.PublishViaQueue(ctx, &autopaho.QueuePublish{Publish: &paho.Publish{Topic: topic, QoS: qos, Payload: payload}})
	}, nil
}
