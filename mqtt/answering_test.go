package mqtt_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// dialSocket connects to a server over a socket, which may be left for another one.
func dialSocket(t *testing.T, cfg mqtt.Config) (c *mqtt.Client, server *mqtttest.Server, conn *mqtttest.Conn) {
	t.Helper()
	server = mqtttest.NewServer(t)
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctxFor(t), server.URL(), cfg)
		return err
	})
	conn = server.Accept()
	conn.Accept()
	must(t, <-dialed)
	return c, server, conn
}

// TestKeepAliveAfterResume has the client write at once what waited for CONNACK: the
// ping that is due later is not forgotten.
func TestKeepAliveAfterResume(t *testing.T) {
	ctx := ctxFor(t)
	c, server, conn := dialSocket(t, mqtt.Config{
		ClientID: "c", KeepSession: true, KeepAlive: time.Second,
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond},
	})
	subscribed := async(func() error { return errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "a"})) })
	conn.Expect("82 06 0001 0001 61 00")
	conn.Send("90 03 0001 00")
	must(t, <-subscribed)
	conn.Reset()
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 02 0000")
	conn.Expect("82 06 0002 0001 61 00")
	conn.Send("90 03 0002 00")
	conn.Expect("C0 00")
	conn.Send("D0 00")
	must(t, c.Close(ctx))
}

// TestKeepAliveWhilePausing has the reader wait for the handler again and again. That
// is not something sent: the ping comes all the same: [MQTT-3.1.2-23] of 3.1.1.
func TestKeepAliveWhilePausing(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.KeepAlive = time.Second
		cfg.Limits.ReceiveMessages = 1
	})
	for pinged := async(func() error { _, err := s.server.TryPacket(); return err }); ; {
		if _, err := s.server.Write([]byte("\x30\x04\x00\x01ax\x30\x04\x00\x01ax\x30\x04\x00\x01ax")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			<-s.events
		}
		select {
		case err := <-pinged:
			must(t, err)
			return
		default:
		}
	}
}

// TestRoomWhileAnswering has publishers wait for room while acknowledgements go out,
// and with them what they have appended.
func TestRoomWhileAnswering(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) { cfg.Limits.SendBytes = 1 })
	heard := async(func() error {
		for {
			if _, err := s.server.TryPacket(); err != nil {
				return nil //nolint:nilerr // the end of the test
			}
		}
	})
	for i := range 5000 {
		if _, err := s.server.Write([]byte("\x32\x06\x00\x01a\x00\x09x")); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Duration(i%400) * 250 * time.Nanosecond); time.Now().Before(end); {
			runtime.Gosched()
		}
		for range 3 {
			if err := s.Enqueue(s.ctx, mqtt.Message{Topic: "t", Payload: []byte{1}}); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
		}
		for len(s.events) > 0 {
			<-s.events
		}
	}
	must(t, s.Close(s.ctx))
	must(t, <-heard)
}

// TestEarlyAcknowledgement reads a payload after the server has acknowledged it. To
// change it then is allowed, unless it was lent.
func TestEarlyAcknowledgement(t *testing.T) {
	s := dialScripted(t, nil)
	payload := payloadOf(0, 32<<20)
	published := async(func() error {
		return s.Publish(context.Background(), mqtt.Message{Topic: "t", Payload: payload, QoS: 1})
	})
	for done := false; !done; {
		s.server.Send("40 02 0001") // ignored as long as nothing waits for it
		select {
		case err := <-published:
			must(t, err)
			done = true
		default:
		}
	}
	copy(payload, payloadOf(1, len(payload)))
	if b := s.server.Packet(); b[len(b)-1] != 1 {
		t.Errorf("the payload was read after Publish had returned")
	}
}

func TestBytesWrittenOfLentPayloads(t *testing.T) {
	s := dialScripted(t, nil)
	const connect = 15 // bytes of CONNECT; they may be counted after its answer has come
	published := async(func() error {
		return s.Publish(context.Background(), mqtt.Message{Topic: "t", Payload: make([]byte, 1<<20)})
	})
	n := len(s.server.Packet())
	s.mustWait(published)
	if got := s.Stats().BytesWritten - connect; got != uint64(n) {
		t.Errorf("BytesWritten grew by %d for a packet of %d bytes", got, n)
	}
}
