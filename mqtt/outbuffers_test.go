package mqtt_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// dialQuiet connects a client that sends no pings, and returns the server's end of
// its pipe.
func dialQuiet(t *testing.T) (*mqtt.Client, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	server := mqtttest.NewConn(t, theirs)
	var c *mqtt.Client
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(t.Context(), "mqtt://pipe", mqtt.Config{ClientID: "c", KeepAlive: -1, Transport: mqtt.Transport{
			Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		}})
		return err
	})
	server.Accept()
	must(t, <-dialed)
	must(t, theirs.SetDeadline(time.Time{})) // that of Accept
	t.Cleanup(func() {
		closed := async(func() error { return c.Close(context.Background()) })
		server.Expect("E0 00")
		server.Close()
		must(t, <-closed)
	})
	return c, theirs
}

// sendTogether sends messages that the server reads once all are there.
func sendTogether(t *testing.T, c *mqtt.Client, server net.Conn, messages int, payload []byte, in []byte) {
	t.Helper()
	for range messages {
		must(t, c.Enqueue(t.Context(), mqtt.Message{Topic: "t", Payload: payload}))
	}
	if _, err := io.ReadFull(server, in[:messages*(2+3+len(payload))]); err != nil {
		t.Fatal(err)
	}
}

// TestBurstsShareBuffers has a client send a burst now and then: the buffers that it
// lets go in between are there for the next burst.
func TestBurstsShareBuffers(t *testing.T) {
	const bursts, messages, size = 40, 400, 64
	const burst = messages * (2 + 3 + size)
	synctest.Test(t, func(t *testing.T) {
		c, server := dialQuiet(t)
		payload, in := make([]byte, size), make([]byte, burst)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range bursts {
			sendTogether(t, c, server, messages, payload, in)
			<-time.After(3 * time.Second) // until it has let go
		}
		runtime.ReadMemStats(&after)
		// Without spares it is about four times the burst; with -race some are lost on purpose.
		if got := (after.TotalAlloc - before.TotalAlloc) / bursts; got > 3*burst {
			t.Errorf("a burst of %d bytes takes %d of fresh memory", burst, got)
		}
	})
}

// TestAFewMessagesTakeNoSpare: clients that send little, but often, after a burst
// do not hold on to the buffers of one.
func TestAFewMessagesTakeNoSpare(t *testing.T) {
	const clients, messages, size = 30, 400, 64
	heap := func() int {
		for range 3 { // what is spare goes with the second
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	synctest.Test(t, func(t *testing.T) {
		var all [clients]*mqtt.Client
		var servers [clients]net.Conn
		for i := range all {
			all[i], servers[i] = dialQuiet(t)
		}
		payload, in := make([]byte, size), make([]byte, messages*(2+3+size))
		before := heap()
		for i := range all {
			sendTogether(t, all[i], servers[i], messages, payload, in)
		}
		for range 5 {
			<-time.After(3 * time.Second) // until they have let go
			for i := range all {
				sendTogether(t, all[i], servers[i], 4, payload, in)
			}
		}
		if got := (heap() - before) / clients; got > 4<<10 {
			t.Errorf("%d bytes a client", got)
		}
	})
}

// TestSparesAreOnesOwn has clients send beside one that takes what they let go.
func TestSparesAreOnesOwn(t *testing.T) {
	const clients, messages, size = 4, 100, 64
	synctest.Test(t, func(t *testing.T) {
		var all [clients]*mqtt.Client
		var servers [clients]net.Conn
		for i := range all {
			all[i], servers[i] = dialQuiet(t)
		}
		for n := range clients { // one more each time
			for i, c := range all[:n+1] {
				for range messages {
					must(t, c.Enqueue(t.Context(), mqtt.Message{Topic: "t", Payload: bytes.Repeat([]byte{byte(i)}, size)}))
				}
			}
			for i, server := range servers[:n+1] {
				packet := append([]byte{0x30, 3 + size, 0, 1, 't'}, bytes.Repeat([]byte{byte(i)}, size)...)
				in := make([]byte, messages*len(packet))
				if _, err := io.ReadFull(server, in); err != nil || !bytes.Equal(in, bytes.Repeat(packet, messages)) {
					t.Fatalf("client %d: %v, or bytes that are not its own", i, err)
				}
			}
			<-time.After(3 * time.Second) // until they have let go
		}
	})
}
