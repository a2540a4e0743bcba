package kill9

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// publishFunc publishes and returns nil once the client has accepted the message
// as its documentation says: it is in the store, whatever becomes of the process.
type publishFunc func(ctx context.Context, payload []byte, qos byte) error

// effectFunc is what a subscriber does with a message. sequence is 0 when the
// client does not number its messages.
type effectFunc func(qos byte, sequence uint64, payload []byte)

// driver runs a client with its disk store.
type driver struct {
	versions []byte
	// start opens the store in o.Folder and starts to connect, and to connect
	// again whenever the link ends.
	start func(o *orders, effect effectFunc) (publishFunc, error)
}

var drivers = map[string]driver{
	"paho":     {versions: []byte{3}, start: startPaho},
	"autopaho": {versions: []byte{5}, start: startAutopaho},
}

const (
	clientID = "kill9"
	topic    = "kill9/messages"
	// Clients that let it be chosen connect again within these.
	minDelay = 5 * time.Millisecond
	maxDelay = 50 * time.Millisecond
)

// startPaho runs github.com/eclipse/paho.mqtt.golang, with MQTT 3.1.1.
func startPaho(o *orders, effect effectFunc) (publishFunc, error) {
	options := mqtt.NewClientOptions().
		AddBroker("tcp://" + o.Address).
		SetClientID(clientID).
		SetProtocolVersion(4).
		SetCleanSession(false).
		SetStore(mqtt.NewFileStore(filepath.Join(o.Folder, "store"))).
		SetConnectRetry(true).
		SetConnectRetryInterval(minDelay).
		SetMaxReconnectInterval(maxDelay).
		SetResumeSubs(true)
	if o.Side == sideSubscriber {
		options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { effect(m.Qos(), 0, m.Payload()) })
	}
	client := mqtt.NewClient(options)
	client.Connect() // goes on in the background
	var order sync.Mutex
	return func(_ context.Context, payload []byte, qos byte) error {
		order.Lock()
		defer order.Unlock()
		token := client.Publish(topic, qos, false, payload) // in the store when this returns
		select {
		case <-token.Done():
			return token.Error()
		default:
			return nil
		}
	}, nil
}
