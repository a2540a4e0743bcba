package mqtt_test

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// squeamish is a server that closes the connection when it is sent "bad", and
// acknowledges what else it gets.
type squeamish struct {
	t        *testing.T
	url      string
	mu       sync.Mutex
	got      []string
	refusals int
}

func newSqueamish(t *testing.T) *squeamish {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &squeamish{t: t, url: "mqtt://" + l.Addr().String()}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(mqtttest.NewConn(t, conn), n > 0)
			_ = conn.Close()
		}
	})
	return s
}

func (s *squeamish) serve(conn *mqtttest.Conn, present bool) {
	for {
		p, err := conn.TryPacket()
		if err != nil {
			return
		}
		answer := []byte{0x20, 2, 0, 0}
		switch {
		case p[0]&0xF0 == 0x10 && present:
			answer[2] = 1
		case p[0]&0xF0 == 0x30:
			s.mu.Lock()
			if bytes.HasSuffix(p, []byte("bad")) {
				s.refusals++
				s.mu.Unlock()
				return
			}
			s.got = append(s.got, string(p[len(p)-1]))
			s.mu.Unlock()
			answer = []byte{0x40, 2, p[5], p[6]}
		case p[0] == 0xC0:
			answer = []byte{0xD0, 0}
		case p[0] == 0xE0:
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func TestMessageThatTheServerCannotBear(t *testing.T) { // peer 4.18: it is put aside and reported, and the rest goes on
	server := newSqueamish(t)
	ctx := ctxFor(t)
	kept := store.NewMemory()
	cfg := mqtt.Config{
		ClientID: "c", KeepSession: true, Store: kept,
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond},
	}
	c, err := mqtt.Dial(ctx, server.url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var all []*mqtt.Delivery
	for _, payload := range []string{"1", "2", "bad", "3", "4"} {
		d, err := c.PublishAsync(ctx, mqtt.Message{Topic: "t", QoS: 1, Payload: []byte(payload)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	for i, d := range all {
		err := d.Wait(ctx)
		if bad := i == 2; bad != errors.Is(err, mqtt.ErrQuarantined) || !bad && err != nil {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if st := c.Stats(); st.Quarantined != 1 || st.InFlight != 0 {
		t.Errorf("%+v", st)
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	server.mu.Lock()
	if server.refusals < 6 || server.refusals > 7 { // it is not blamed while others are acknowledged beside it
		t.Errorf("the message was tried %d times", server.refusals)
	}
	server.mu.Unlock()
	again, err := mqtt.Dial(ctx, server.url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if st := again.Stats(); st.Quarantined != 1 || st.InFlight+st.Queued != 0 {
		t.Errorf("in the next process: %+v", st)
	}
	if err := again.Close(ctx); err != nil {
		t.Error(err)
	}
}
