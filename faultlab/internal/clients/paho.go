package clients

import (
	"context"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// pahoClient is github.com/eclipse/paho.mqtt.golang, MQTT 3.1.1.
type pahoClient struct{ client mqtt.Client }

func startPaho(_ context.Context, o Options) (Client, error) {
	options := mqtt.NewClientOptions().
		AddBroker("tcp://" + o.Address).
		SetClientID(o.ID).
		SetProtocolVersion(4).
		SetCleanSession(false).
		SetConnectRetry(true).
		SetConnectRetryInterval(o.MinDelay).
		SetMaxReconnectInterval(o.MaxDelay).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { o.Message(m.Qos(), m.Payload()) })
	if o.Filter != "" {
		options.SetOnConnectHandler(func(c mqtt.Client) {
			if t := c.Subscribe(o.Filter, 2, nil); t.Wait() && t.Error() != nil {
				o.Report(t.Error())
			}
		})
	}
	c := mqtt.NewClient(options)
	c.Connect() // goes on in the background
	return pahoClient{c}, nil
}

// Publish implements Client.
func (p pahoClient) Publish(topic string, qos byte, payload []byte, done func(error)) error {
	t := p.client.Publish(topic, qos, false, payload)
	select {
	case <-t.Done():
		if t.Error() != nil {
			return t.Error()
		}
	default:
	}
	go func() {
		<-t.Done()
		done(t.Error())
	}()
	return nil
}

// Close implements Client.
func (p pahoClient) Close(context.Context) error {
	p.client.Disconnect(100)
	return nil
}
