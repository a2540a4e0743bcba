package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dunlin/internal/capture"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// written has tshark write what goes from and to a port of the loopback to a file. It returns when packets are being captured. The
// function that it returns ends the capture, with all in it that was sent before.
func written(t *testing.T, port int, file string) func() {
	t.Helper()
	c := startTshark(t, port, "-P", "-B", "64", "-w", file)
	return func() {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		_, last, _ := net.SplitHostPort(conn.LocalAddr().String())
		for line := range c.lines { // what was sent before is captured before
			if strings.Contains(line, last) {
				break
			}
		}
		c.end()
	}
}

// TestImportFindsWhatWasSentAndWhatTsharkFinds captures clients of all versions at a real server, and imports the capture.
func TestImportFindsWhatWasSentAndWhatTsharkFinds(t *testing.T) {
	server := mosquitto.Start(t, mosquitto.Options{})
	_, text, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "all.pcapng")
	end := written(t, port, file)
	var published []string
	for i, v := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		published = append(published, talk(t, server.URL(), fmt.Sprint("client", i), v)...)
	}
	end()
	for _, delivered := range []bool{false, true} { // each client gets all that it publishes
		got := found(t, file, capture.Options{Delivered: delivered})
		if !slices.Equal(got, published) {
			t.Errorf("delivered %v: %d messages, not the %d that were published", delivered, len(got), len(published))
		}
		filter := fmt.Sprintf("mqtt.msgtype == 3 and tcp.dstport == %d", port)
		if delivered {
			filter = fmt.Sprintf("mqtt.msgtype == 3 and tcp.srcport == %d", port)
		}
		if seen := dissected(t, file, port, filter); !slices.Equal(got, seen) {
			t.Errorf("delivered %v: %d messages, and tshark finds %d", delivered, len(got), len(seen))
		}
	}
}

// talk subscribes, publishes messages that are small and large, and returns them when all have come back.
func talk(t *testing.T, url, id string, v mqtt.Version) []string {
	t.Helper()
	const messages = 60 // with what the capture can keep up with, for it loses frames else
	came := make(chan struct{}, messages)
	client, err := mqtt.Dial(t.Context(), url, mqtt.Config{Version: v, ClientID: id})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close(context.WithoutCancel(t.Context())) }() // all has come
	sub := mqtt.Subscription{Filter: id + "/#", QoS: mqtt.ExactlyOnce, Handler: func(context.Context, *mqtt.Received) { came <- struct{}{} }}
	if _, err := client.Subscribe(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range messages {
		m := mqtt.Message{Topic: fmt.Sprint(id, "/", i), Payload: bytes.Repeat([]byte{byte(i)}, 1+i*i*i%20000), QoS: mqtt.QoS(i % 3)}
		if err := client.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		all = append(all, line(m.Topic, m.Payload))
		select {
		case <-came:
		case <-time.After(limit):
			t.Fatal("a message has not come back")
		}
	}
	return all
}

func line(topic string, payload []byte) string { return fmt.Sprintf("%s %x", topic, payload) }

// found returns what a capture has.
func found(t *testing.T, file string, o capture.Options) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	o.Each = func(m *mqtt.Received, _ time.Time) error {
		all = append(all, line(m.Topic, m.Payload))
		return nil
	}
	sum, err := capture.Import(t.Context(), f, o)
	if notes := sum.Notes(); err != nil || len(notes) > 0 {
		t.Errorf("%q, %v", notes, err)
	}
	return all
}

// dissected returns what tshark finds in a capture.
func dissected(t *testing.T, file string, port int, filter string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "tshark", "-r", file, "-n", "-d", fmt.Sprintf("tcp.port==%d,mqtt", port), "-Y", filter, "-T", "fields",
		"-e", "mqtt.topic", "-e", "mqtt.msg", "-E", "separator=/s")
	cmd.Stderr = io.Discard // that it runs as root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for text := range strings.Lines(string(out)) {
		topics, bodies, _ := strings.Cut(strings.TrimSpace(text), " ")
		payloads := strings.Split(bodies, ",")
		for i, topic := range strings.Split(topics, ",") {
			all = append(all, topic+" "+strings.ReplaceAll(payloads[i], ":", ""))
		}
	}
	return all
}
