package mqtt_test

import (
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

// TestBurstsShareBuffers has a client send a burst now and then: the buffers that it
// lets go in between are there for the next burst.
func TestBurstsShareBuffers(t *testing.T) {
	const bursts, messages, size = 40, 400, 64
	const packet = 2 + 3 + size
	synctest.Test(t, func(t *testing.T) {
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
		in := make([]byte, messages*packet)
		burst := func() {
			for range messages {
				must(t, c.Enqueue(t.Context(), mqtt.Message{Topic: "t", Payload: in[:size]}))
			}
			if _, err := io.ReadFull(theirs, in); err != nil {
				t.Fatal(err)
			}
			<-time.After(3 * time.Second) // until it has let go
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range bursts {
			burst()
		}
		runtime.ReadMemStats(&after)
		// Without spares it is about four times the burst; with -race some are lost on purpose.
		if got := (after.TotalAlloc - before.TotalAlloc) / bursts; got > 3*messages*packet {
			t.Errorf("a burst of %d bytes takes %d of fresh memory", messages*packet, got)
		}
		closed := async(func() error { return c.Close(t.Context()) })
		server.Expect("E0 00")
		server.Close()
		must(t, <-closed)
	})
}
