package main

import (
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/eclipse/paho.golang/autopaho"
	queue "github.com/eclipse/paho.golang/autopaho/queue/file"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"
	store "github.com/eclipse/paho.golang/paho/store/file"

	"dunlin/bench/drive"
)

// durable publishes through autopaho's file queue, with the session in files too.
// The queue lists its folder for each message, so it is given no more than the
// window at a time. It has no mode that syncs.
func durable(r *drive.Run) error {
	q, err := queue.New(filepath.Join(r.Dir, "queue"), "q", ".msg")
	if err != nil {
		return err
	}
	sent, err := store.New(filepath.Join(r.Dir, "sent"), "s", ".msg")
	if err != nil {
		return err
	}
	received, err := store.New(filepath.Join(r.Dir, "received"), "r", ".msg")
	if err != nil {
		return err
	}
	u, err := url.Parse("mqtt" + r.URL[len("tcp"):])
	if err != nil {
		return err
	}
	back := make(chan struct{}, 1)
	c, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 60, SessionExpiryInterval: 3600, Queue: q,
		ClientConfig: paho.ClientConfig{
			ClientID: "durable", Session: state.New(sent, received),
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){
				func(paho.PublishReceived) (bool, error) {
					back <- struct{}{}
					return true, nil
				},
			},
		},
	})
	if err != nil {
		return err
	}
	if err := c.AwaitConnection(ctx); err != nil {
		return err
	}
	if _, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "echo"}}}); err != nil {
		return err
	}
	payload := make([]byte, r.Size)
	put := func(topic string) error {
		return c.PublishViaQueue(ctx, &autopaho.QueuePublish{Publish: &paho.Publish{Topic: topic, QoS: 1, Payload: payload}})
	}
	return r.Messages(func(n int) error {
		for i := range n {
			if err := put("bench/topic"); err != nil {
				return fmt.Errorf("queue: %w", err)
			}
			if (i+1)%drive.Window == 0 {
				<-q.WaitForEmpty()
			}
		}
		<-q.WaitForEmpty()                  // it keeps no order within a tick of the file system's clock
		if err := put("echo"); err != nil { // comes back when all before it have arrived
			return fmt.Errorf("queue: %w", err)
		}
		<-back
		return nil
	})
}
