// Command paho5 drives eclipse/paho.golang (MQTT 5), and autopaho with its file
// queue where messages have to be durable.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"dunlin/bench/drive"
	"dunlin/bench/ws"
)

var ctx = context.Background()

func main() {
	drive.Main(drive.Works{
		"pub0": pub0, "pub1": window, "pub2": window,
		"pub1-window": window, "pub2-window": window,
		"recv0": recv, "recv1": recv, "recv2": recv,
		"rtt0": rtt0, "rtt1": rtt1, "idle": idle, "durable": durable,
	})
}

type client struct {
	*paho.Client
	message func(*paho.Publish)
}

func dial(s *drive.Setup, id string) (*client, error) {
	conn, err := transport(s)
	if err != nil {
		return nil, err
	}
	c := &client{message: func(*paho.Publish) {}}
	c.Client = paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) {
			c.message(p.Packet)
			return true, nil
		},
	}})
	_, err = c.Connect(ctx, &paho.Connect{ClientID: id, KeepAlive: 60, CleanStart: true})
	return c, err
}

// transport makes the connection, which paho leaves to its user. The WebSocket is
// the bench's own, which costs less than the one that autopaho brings.
func transport(s *drive.Setup) (net.Conn, error) {
	kind, address, _ := strings.Cut(s.URL, "://")
	if kind == "tls" {
		config, err := s.TLS()
		if err != nil {
			return nil, err
		}
		c, err := tls.Dial("tcp", address, config)
		return packets.NewThreadSafeConn(c), err
	}
	c, err := net.Dial("tcp", address)
	if err != nil || kind != "ws" {
		return c, err
	}
	w, err := ws.Dial(c)
	return packets.NewThreadSafeConn(w), err
}

func (c *client) publish(topic string, qos byte, payload []byte) error {
	_, err := c.Publish(ctx, &paho.Publish{Topic: topic, QoS: qos, Payload: payload})
	return err
}

func (c *client) subscribe(topic string, qos byte) error {
	_, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: qos}}})
	return err
}

func pub0(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	return r.Messages(func(n int) error {
		for range n {
			if err := c.publish("bench/topic", 0, payload); err != nil {
				return err
			}
		}
		return c.publish("fence", 1, nil)
	})
}

// window keeps messages in flight: Publish blocks, so each place is a goroutine. For as
// many as the server's Receive Maximum allows, it has a publish that does not wait.
func window(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	payload, places := make([]byte, r.Size), r.InFlight(drive.Unbounded)
	qos := r.Work[3] - '0'
	if places == drive.Unbounded {
		return r.Messages(func(n int) error { return c.publishAll(n, qos, payload) })
	}
	return r.Messages(func(n int) error {
		messages := make(chan struct{}, places)
		errs := make([]error, places)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				for range messages {
					errs[i] = errors.Join(errs[i], c.publish("bench/topic", qos, payload))
				}
			})
		}
		for range n {
			messages <- struct{}{}
		}
		close(messages)
		all.Wait()
		return errors.Join(errs...)
	})
}

// publishAll publishes without waiting. The acknowledgement of the first fence comes
// behind those of QoS 1 and the first ones of QoS 2, that of the second behind the last.
func (c *client) publishAll(n int, qos byte, payload []byte) error {
	for range n {
		m := &paho.Publish{Topic: "bench/topic", QoS: qos, Payload: payload}
		if _, err := c.PublishWithOptions(ctx, m, paho.PublishOptions{Method: paho.PublishMethod_AsyncSend}); err != nil {
			return err
		}
	}
	return errors.Join(c.publish("fence", 1, nil), c.publish("fence", 1, nil))
}

func recv(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	qos := r.Work[4] - '0'
	got, want, all := 0, 0, make(chan struct{})
	var mu sync.Mutex // of want, which changes when nothing comes
	c.message = func(m *paho.Publish) {
		if len(m.Payload) != r.Size {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if got++; got == want {
			got = 0
			all <- struct{}{}
		}
	}
	return r.Messages(func(n int) error {
		mu.Lock()
		want = n
		mu.Unlock()
		if err := c.subscribe(r.Flood(qos, n), qos); err != nil {
			return err
		}
		<-all
		return nil
	})
}

func rtt0(r *drive.Run) error {
	c, err := dial(r.Setup, "bench")
	if err != nil {
		return err
	}
	back := make(chan struct{})
	c.message = func(*paho.Publish) { back <- struct{}{} }
	if err := c.subscribe("echo", 0); err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	return r.Trips(func() error {
		if err := c.publish("echo", 0, payload); err != nil {
			return err
		}
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
	return r.Trips(func() error { return c.publish("bench/topic", 1, payload) })
}

func idle(r *drive.Run) error {
	return r.Clients(func(i int) (any, error) { return dial(r.Setup, fmt.Sprint("idle", i)) })
}
