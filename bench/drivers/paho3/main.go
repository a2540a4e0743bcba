// Command paho3 drives eclipse/paho.mqtt.golang (MQTT 3.1.1).
package main

import (
	"fmt"
	"strings"

	paho "github.com/eclipse/paho.mqtt.golang"

	"dunlin/bench/drive"
)

func main() {
	drive.Main(drive.Works{
		"pub0": pub0, "pub1": window, "pub2": window,
		"pub1-window": window, "pub2-window": window,
		"recv0": recv, "recv1": recv, "recv2": recv,
		"rtt0": rtt0, "rtt1": rtt1, "idle": idle, "durable": durable,
	})
}

func wait(t paho.Token) error {
	t.Wait()
	return t.Error()
}

func options(s *drive.Setup, id string) (*paho.ClientOptions, error) {
	o := paho.NewClientOptions().SetClientID(id).SetProtocolVersion(4).SetOrderMatters(true).SetAutoReconnect(false)
	url := s.URL
	if strings.HasPrefix(url, "ws://") {
		url += "/mqtt"
	}
	if strings.HasPrefix(url, "tls://") {
		config, err := s.TLS()
		if err != nil {
			return nil, err
		}
		o.SetTLSConfig(config)
	}
	return o.AddBroker(url), nil
}

func dial(s *drive.Setup, id string) (paho.Client, error) {
	o, err := options(s, id)
	if err != nil {
		return nil, err
	}
	c := paho.NewClient(o)
	return c, wait(c.Connect())
}

func pub0(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	return r.Messages(func(n int) error {
		for range n {
			c.Publish("bench/topic", 0, false, payload)
		}
		return wait(c.Publish("fence", 1, false, ""))
	})
}

func window(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	return publish(r, c, r.Work[3]-'0')
}

// publish keeps messages in flight: tokens are waited for in their order.
func publish(r *drive.Run, c paho.Client, qos byte) error {
	payload, window := make([]byte, r.Size), r.InFlight(drive.Unbounded)
	return r.Messages(func(n int) error {
		tokens := make(chan paho.Token, window-1)
		failed := make(chan error, 1)
		go func() {
			var first error
			for t := range tokens {
				if err := wait(t); err != nil && first == nil {
					first = err
				}
			}
			failed <- first
		}()
		for range n {
			tokens <- c.Publish("bench/topic", qos, false, payload)
		}
		close(tokens)
		return <-failed
	})
}

func recv(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	qos := r.Work[4] - '0'
	return r.Messages(func(n int) error {
		all := make(chan struct{})
		got := 0
		err := wait(c.Subscribe(r.Flood(qos, n), qos, func(_ paho.Client, m paho.Message) {
			if len(m.Payload()) != r.Size {
				return
			}
			if got++; got == n {
				close(all)
			}
		}))
		if err == nil {
			<-all
		}
		return err
	})
}

func rtt0(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	back := make(chan struct{})
	if err := wait(c.Subscribe("echo", 0, func(paho.Client, paho.Message) { back <- struct{}{} })); err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	return r.Trips(func() error {
		c.Publish("echo", 0, false, payload)
		<-back
		return nil
	})
}

func rtt1(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	return r.Trips(func() error { return wait(c.Publish("bench/topic", 1, false, payload)) })
}

func idle(r *drive.Run) error {
	return r.Clients(func(i int) (any, error) { return dial(r.Setup, fmt.Sprint("idle", i)) })
}

// durable publishes with the store that writes a file a message. It has no mode
// that syncs.
func durable(r *drive.Run) error {
	o, err := options(r.Setup, "durable")
	if err != nil {
		return err
	}
	o.SetStore(paho.NewFileStore(r.Dir)).SetCleanSession(false)
	c := paho.NewClient(o)
	if err := wait(c.Connect()); err != nil {
		return err
	}
	return publish(r, c, 1)
}
