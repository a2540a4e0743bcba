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

// files are where autopaho keeps what is to survive.
type files struct {
	queue   *queue.Queue
	session *state.State
}

func openFiles(dir string) (f files, err error) {
	if f.queue, err = queue.New(filepath.Join(dir, "queue"), "q", ".msg"); err != nil {
		return f, err
	}
	sent, err := store.New(filepath.Join(dir, "sent"), "s", ".msg")
	if err != nil {
		return f, err
	}
	received, err := store.New(filepath.Join(dir, "received"), "r", ".msg")
	f.session = state.New(sent, received)
	return f, err
}

// durable publishes through autopaho's file queue, with the session in files too.
// The queue lists its folder for each message, so it is given no more than the
// window at a time. It has no mode that syncs.
func durable(r *drive.Run) error {
	f, err := openFiles(r.Dir)
	if err != nil {
		return err
	}
	back := make(chan struct{}, 1)
	c, err := f.connect(r, func(paho.PublishReceived) (bool, error) {
		back <- struct{}{}
		return true, nil
	})
	if err != nil {
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
				<-f.queue.WaitForEmpty()
			}
		}
		<-f.queue.WaitForEmpty()             // it keeps no order within a tick of the file system's clock
		if err := put("fence"); err != nil { // comes back when all before it have arrived
			return fmt.Errorf("queue: %w", err)
		}
		<-back
		return nil
	})
}

// connect returns a connection that listens to the fence.
func (f *files) connect(r *drive.Run, fence func(paho.PublishReceived) (bool, error)) (*autopaho.ConnectionManager, error) {
	u, err := url.Parse("mqtt" + r.URL[len("tcp"):])
	if err != nil {
		return nil, err
	}
	c, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 60, SessionExpiryInterval: 3600, Queue: f.queue,
		ClientConfig: paho.ClientConfig{
			ClientID: "durable", Session: f.session,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){fence},
		},
	})
	if err != nil {
		return nil, err
	}
	if err := c.AwaitConnection(ctx); err != nil {
		return nil, err
	}
	_, err = c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "fence"}}})
	return c, err
}
