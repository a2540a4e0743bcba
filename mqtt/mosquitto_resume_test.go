package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// cuttable makes connections that the test can cut.
type cuttable struct {
	mu   sync.Mutex
	last net.Conn
}

func (c *cuttable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = conn
	return conn, err
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.last.Close() // that is the fault
}

// dialLastingly connects to a real broker with a session that is kept.
func dialLastingly(t *testing.T, url string, cfg mqtt.Config) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg.ClientID, cfg.KeepSession = "c", true
	if cfg.Version == mqtt.V5 {
		cfg.Properties.SessionExpiry = time.Hour
	}
	cfg.Reconnect = &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 100 * time.Millisecond, Republish: mqtt.RepublishAll}
	c, err := mqtt.Dial(s.ctx, url, cfg)
	must(t, err)
	s.Client = c
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return s
}

func TestMosquittoSendsAgain(t *testing.T) { // EE-08, RX-13, RX-27, fault 2: what was not acknowledged, and only that
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		b := mosquitto.Start(t, mosquitto.Options{})
		var link cuttable
		got, lost := make(chan *mqtt.Received, 100), make(chan error, 10)
		s := dialLastingly(t, b.URL(), mqtt.Config{Version: version, Transport: mqtt.Transport{Dial: link.dial}, ManualAck: true, OnMessage: func(_ context.Context, m *mqtt.Received) { got <- m }, OnDisconnect: func(err error) { lost <- err }})
		must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 2})))
		receive := func(want string) *mqtt.Received {
			t.Helper()
			select {
			case m := <-got:
				if string(m.Payload) != want {
					t.Fatalf("got %s, want %s", describe(m), want)
				}
				return m
			case <-s.ctx.Done():
				t.Fatalf("%s does not come", want)
				return nil
			}
		}
		for i, payload := range []string{"a", "b", "c"} {
			must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte(payload), QoS: mqtt.QoS(1 + i%2)}))
		}
		first := receive("a")
		second, third := receive("b"), receive("c")
		must(t, first.Ack())
		_, err := s.Ping(s.ctx) // the broker has it
		must(t, err)
		link.cut()
		<-lost
		if err := third.Ack(); !errors.Is(err, mqtt.ErrNotConnected) { // of QoS 1
			t.Errorf("acknowledged what has no connection any more: %v", err)
		}
		must(t, second.Ack())
		must(t, receive("c").Ack())
		must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("d"), QoS: 2}))
		must(t, receive("d").Ack()) // nothing of QoS 2 came twice
		must(t, s.Close(s.ctx))
	}
}

func TestMosquittoForgetsEverything(t *testing.T) { // fault 1, fault 20, SR-17: killed and restarted without its sessions, amid publishing
	b := mosquitto.Start(t, mosquitto.Options{})
	var mu sync.Mutex
	seen := make(map[string]bool)
	all := make(chan struct{})
	const total = 3000
	s := dialLastingly(t, b.URL(), mqtt.Config{OnMessage: func(_ context.Context, m *mqtt.Received) {
		mu.Lock()
		defer mu.Unlock()
		if seen[string(m.Payload)] = true; string(m.Payload) == "last" {
			close(all)
		}
	}})
	must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 1})))
	deliveries := make([]*mqtt.Delivery, 0, total)
	for i := range total {
		deliveries = append(deliveries, s.publishes(1, fmt.Sprint(i))...)
		if i == total/2 {
			must(t, deliveries[total/4].Wait(s.ctx))
			b.Kill()
			b.Restart()
		}
	}
	for i, d := range deliveries {
		if err := d.Wait(s.ctx); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
	}
	must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("last"), QoS: 1})) // its subscription is there again
	select {
	case <-all:
	case <-s.ctx.Done():
		t.Fatal("the subscription is gone")
	}
	if st := s.Stats(); st.Connections != 2 {
		t.Errorf("%+v", st)
	}
}
