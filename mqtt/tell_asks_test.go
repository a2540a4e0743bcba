package mqtt_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"dunlin/mqtt"
)

// asking is a handler of a log that adds figures of the client to what it is told, as a program's may.
type asking struct {
	slog.Handler
	ask  func()
	told chan string
}

func (a asking) Handle(_ context.Context, r slog.Record) error {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		a.ask()
	}()
	select {
	case <-answered:
		a.told <- r.Message
	case <-time.After(time.Minute):
		a.told <- "nobody answered while this was told: " + r.Message
	}
	return nil
}

// TestTheLogMayAskTheClient, whatever it is told of: a server sends answers that nobody waits for.
func TestTheLogMayAskTheClient(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() {
		_, _ = bufio.NewReader(theirs).ReadByte()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		for _, packet := range [][]byte{
			{0x20, 3, 0, 0, 0},     // CONNACK
			{0xD0, 0},              // PINGRESP
			{0x40, 2, 0, 7},        // PUBACK
			{0x90, 4, 0, 9, 0, 0},  // SUBACK
			{0xB0, 4, 0, 10, 0, 0}, // UNSUBACK
		} {
			_, _ = theirs.Write(packet)
		}
	}()
	var c *mqtt.Client
	ready := make(chan struct{})
	log := asking{slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), func() { <-ready; c.Stats() }, make(chan string, 10)}
	c, err := mqtt.Dial(t.Context(), "mqtt://one", mqtt.Config{Version: mqtt.V5, ClientID: "c", Transport: mqtt.Transport{
		Dial:   func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		Logger: slog.New(log),
	}})
	must(t, err)
	close(ready)
	for _, want := range []string{
		"mqtt: connected", "mqtt: PINGRESP without a PINGREQ", "mqtt: acknowledgement for an unknown packet identifier",
		"mqtt: answer for an unknown packet identifier", "mqtt: answer for an unknown packet identifier",
	} {
		if got := <-log.told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	_ = c.Close(t.Context())
}
