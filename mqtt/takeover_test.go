package mqtt_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// TestDisconnectBeforeMQTT5: a bare DISCONNECT is no packet for a 3.1.1 server to send, but some do
// when another client takes the session over. It shows DC-13: DISCONNECT of a 3.1.1 server.
func TestDisconnectBeforeMQTT5(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V31, mqtt.V311} {
		s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Version = version })
		s.server.Send("E0 00")
		s.server.ExpectClosed() // without a word
		s.server.Close()
		s.expectEvent("close: the server disconnected without a reason: another client may have connected with the same client identifier")
		s.expectEvent("disconnect: ")
		s.finish()
		var left *mqtt.DisconnectError
		if err := s.Err(); !errors.As(err, &left) || left.Version != version || errors.Is(err, mqtt.ErrTakenOver) || mqtt.IsPermanent(err) {
			t.Errorf("ended with %v", err)
		}
	}
}

// TestBareTakeoversAreTold has two clients of one identifier at a server that sends each one that it
// throws out a bare DISCONNECT: they are told why, and come back ever more slowly. It shows
// SR-27: session taken over.
func TestBareTakeoversAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 1000)
		s := newLasting(t, mqtt.V311, keepAlive(-1))
		withoutCallbacks(&s.cfg)
		s.cfg.OnDisconnect = func(err error) { told <- err }
		ctx, cancel := context.WithTimeout(s.ctx, 10*time.Minute)
		defer cancel()
		connects := takeOver(ctx, s.net, []byte{0x20, 2, 1, 0}, []byte{0xE0, 0})
		must(t, <-s.start())
		first := s.Client
		must(t, <-s.start())
		if count := <-connects; count < 8 || count > 60 {
			t.Errorf("%d connections", count)
		}
		named := 0
		for len(told) > 0 {
			if errors.Is(<-told, mqtt.ErrTakenOver) {
				named++
			}
		}
		if named == 0 || first.Err() != nil || s.Err() != nil {
			t.Errorf("%d are called a takeover; ended with %v and %v", named, first.Err(), s.Err())
		}
	})
}

// TestQuickRestartsEndNoClient has a server say the same again and again because it restarts, or because
// the servers behind a load balancer do so one by one: each can be reached again at once.
func TestQuickRestartsEndNoClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		withoutCallbacks(&s.cfg)
		s.connect("absent")
		for range 10 {
			s.server.Send("E0 00")
			s.lose("present")
		}
		synctest.Wait()
		if !s.IsConnected() {
			t.Errorf("the client has ended: %v", s.Err())
		}
	})
}

// TestShutdownsAreNoTakeovers has a server say the same when it shuts down.
func TestShutdownsAreNoTakeovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		s.connect("absent")
		for range 6 {
			s.server.Send("E0 00")
			s.net.refuses(nobody)
			s.drop()
			<-time.After(3 * time.Minute) // longer than any wait
			s.net.refuses(nil)
			s.acceptNext("present")
		}
		synctest.Wait()
		if !s.IsConnected() {
			t.Error("not connected")
		}
	})
}

// TestBareDisconnectAtAMessageIsNoTakeover has a server say the same at a message that it does not take: that
// is put aside, as with any other end.
func TestBareDisconnectAtAMessageIsNoTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &pickyServer{version: packet.V311, keeps: true, bad: []string{"bad", "f07"}, farewell: []byte{0xE0, 0}}
		c, _ := dialPicky(t, s, nil)
		published, err := c.PublishAsync(t.Context(), mqtt.Message{Topic: "t", QoS: 1, Payload: []byte("bad")}, nil)
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		checkError(t, published.Wait(ctx), mqtt.ErrQuarantined)
		_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "f07"})
		checkError(t, err, mqtt.ErrQuarantined)
		must(t, c.AwaitConnected(ctx))
	})
}

// TestTakeoverIsNamedAtOnce: an error that names it does so from the beginning, and does not change
// when the connection has ended.
func TestTakeoverIsNamedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V311, nil)
		withoutCallbacks(&s.cfg)
		s.cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := s.net.dial(ctx, network, address)
			turn := make(chan struct{}, 1)
			turn <- struct{}{}
			return &slowToClose{conn, turn}, err
		}
		s.connect("absent")
		for i := range 5 {
			s.server.Send("E0 00")
			synctest.Wait() // the connection ends, and takes its time
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t"}, nil)
			before := errors.Is(err, mqtt.ErrTakenOver)
			s.lose("present")
			if after := errors.Is(err, mqtt.ErrTakenOver); before != after || after != (i >= 3) {
				t.Errorf("DISCONNECT %d: a takeover: %v, then %v: %v", i+1, before, after, err)
			}
		}
	})
}
