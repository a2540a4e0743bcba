package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dunlin/broker"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// retainedTopics is how many retained messages are in play: more than the 1,020 that Mosquitto sends of QoS 1 and 2 at once.
const retainedTopics = 1200

func TestRetainedMessagesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	embedded, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = embedded.Close(context.Background()) })
	for name, addr := range map[string]string{"Mosquitto": mosquitto.Start(t, mosquitto.Options{}).Addr(), "embedded": embedded.Addr()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comeBack(t, addr)
		})
	}
}

func comeBack(t *testing.T, addr string) {
	port := portOf(t, addr)
	keepMessages(t, "mqtt://"+addr)
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	retainedCommand(t, 0, "export", first, "#", "-p", port)
	before := exported(t, first)
	if len(before) != retainedTopics {
		t.Fatalf("%d messages are exported", len(before))
	}

	retainedCommand(t, 0, "rm", "#", "-p", port) // without --yes nothing is removed
	if got := strings.Count(retainedCommand(t, 0, "ls", "-p", port), "\n"); got != retainedTopics {
		t.Errorf("after rm without --yes there are %d", got)
	}
	retainedCommand(t, 0, "rm", "#", "-p", port, "--yes", "--rate", "0")
	if left := retainedCommand(t, 0, "ls", "-p", port); left != "" {
		t.Errorf("after rm there is %.300s", left)
	}
	retainedCommand(t, 0, "import", first, "-p", port) // nor published
	if left := retainedCommand(t, 0, "ls", "-p", port); left != "" {
		t.Errorf("after import without --yes there is %.300s", left)
	}
	retainedCommand(t, 0, "import", first, "-p", port, "--yes", "--rate", "0")
	retainedCommand(t, 0, "export", second, "#", "-p", port)
	after := exported(t, second)
	if !maps.Equal(before, after) {
		for topic, line := range before {
			if after[topic] != line {
				t.Errorf("%s: was %s, is %s", topic, line, after[topic])
			}
		}
		t.Errorf("%d messages were exported, then %d", len(before), len(after))
	}
}

// keepMessages publishes retained messages that differ in all that can differ.
func keepMessages(t *testing.T, url string) {
	t.Helper()
	client, err := mqtt.Dial(t.Context(), url, mqtt.Config{Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	for i := range retainedTopics {
		m := mqtt.Message{
			Topic: fmt.Sprintf("Kept/%d/ü %d", i%7, i), Payload: bytes.Repeat([]byte{byte(i), 0, 255}, 1+i%40),
			QoS: mqtt.QoS(i % 3), Retain: true,
		}
		if i%2 == 0 {
			m.Payload = fmt.Appendf(nil, "text %d\n", i)
		}
		if i%4 == 0 {
			expiry := time.Hour
			m.Properties = &mqtt.Properties{
				PayloadIsText: true, MessageExpiry: &expiry, ContentType: "text/plain", ResponseTopic: "r", CorrelationData: []byte{byte(i), 255},
				UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}, {Name: "k", Value: fmt.Sprint(i)}},
			}
		}
		if err := client.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Publish(t.Context(), mqtt.Message{Topic: "end", QoS: mqtt.ExactlyOnce}); err != nil {
		t.Fatal(err)
	}
}

// retainedCommand runs "dunlin retained" and returns its stdout.
func retainedCommand(t *testing.T, status int, args ...string) string {
	t.Helper()
	c := start(t, func(e *environ.Environment) {
		e.Args = append([]string{"retained"}, append(args, "--quiet-time=300ms")...)
	})
	if got := c.wait(t); got != status {
		t.Fatalf("retained %s: status %d, stderr:\n%s", args, got, c.stderr.String())
	}
	return c.stdout.String()
}

// exported returns the lines of an export by topic, without the time, and without the time that messages have left, which
// must not be more than they had.
func exported(t *testing.T, name string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range bytes.Lines(content) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "tst")
		if properties, ok := fields["properties"].(map[string]any); ok {
			// The embedded broker gives a day to those that have no time of their own.
			if left, ok := properties["message-expiry-interval"].(float64); !ok || left < 3000 || left > 3600 && left < 86000 || left > 86400 {
				t.Errorf("%s: %v seconds are left", fields["topic"], properties["message-expiry-interval"])
			}
			delete(properties, "message-expiry-interval")
		}
		rest, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		lines[fields["topic"].(string)] = string(rest)
	}
	return lines
}

// A user who may read only is told.
func TestRefusedRemovalIsTold(t *testing.T) {
	t.Parallel()
	access := filepath.Join(t.TempDir(), "access")
	if err := os.WriteFile(access, []byte("user writer\ntopic readwrite #\nuser reader\ntopic read #\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"writer": "w", "reader": "r"}, Config: []string{"acl_file " + access}})
	writer, err := mqtt.Dial(t.Context(), server.URL(), mqtt.Config{Username: "writer", Password: mqtt.Secret("w")})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close(context.Background())
	if err := writer.Publish(t.Context(), mqtt.Message{Topic: "locked/a", Payload: []byte("x"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	c := start(t, nil, "retained", "rm", "#", "-p", portOf(t, server.Addr()), "-u", "reader", "-P", "r", "-V", "5", "--yes", "--quiet-time", "300ms")
	if status, said := c.wait(t), c.stderr.String(); status != 5 || !strings.Contains(said, `"locked/a"`) || !strings.Contains(said, "1 retained message refused") {
		t.Errorf("status %d, stderr %s", status, said)
	}
}

// A broker that acknowledges and does nothing, as MQTT 3.1.1 has it for a user without the right, is found out by looking again.
func TestRetainedMessageThatStaysIsTold(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "retained", "rm", "#", "-p", portOf(t, server.Addr()), "-V", "3.1.1", "--yes", "--quiet-time", "30ms")
	conn := server.Accept()
	conn.Accept()
	for {
		p := conn.Packet()
		switch p[0] {
		case 0x82: // SUBSCRIBE, and the message is there
			conn.SendBytes([]byte{0x90, 3, p[2], p[3], 0, 0x31, 4, 0, 1, 'a', '1'})
		case 0xa2: // UNSUBSCRIBE
			conn.SendBytes([]byte{0xb0, 2, p[2], p[3]})
		case 0x33: // PUBLISH of QoS 1 with the retain flag
			conn.SendBytes([]byte{0x40, 2, p[5], p[6]})
		case 0xc0: // PINGREQ
			conn.SendBytes([]byte{0xd0, 0})
		}
		if p[0] == 0xe0 { // DISCONNECT
			break
		}
	}
	conn.Close()
	if status := c.wait(t); status != 5 {
		t.Errorf("status %d", status)
	}
	want := "dunlin: retained rm: 0 retained messages removed\ndunlin: retained rm: 1 retained message still there, such as \"a\"; the broker refuses it, or it was published again\n"
	if said := c.stderr.String(); said != want {
		t.Errorf("stderr %s", said)
	}
}

// What to do about messages that nobody asked for is another thing in a program of the library.
func TestRetainedTellsOfOtherMessagesInWordsOfTheCommand(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "retained", "rm", "a", "-p", portOf(t, server.Addr()), "-V", "3.1.1", "--quiet-time", "30ms")
	conn := server.Accept()
	conn.Accept()
	subscribe := conn.Packet()
	conn.SendBytes([]byte{0x90, 3, subscribe[2], subscribe[3], 0, 0x31, 4, 0, 1, 'b', '1'})
	for {
		p := conn.Packet()
		switch p[0] {
		case 0xa2: // UNSUBSCRIBE
			conn.SendBytes([]byte{0xb0, 2, p[2], p[3]})
		case 0xc0: // PINGREQ
			conn.SendBytes([]byte{0xd0, 0})
		}
		if p[0] == 0xe0 { // DISCONNECT
			break
		}
	}
	conn.Close()
	status, said := c.wait(t), c.stderr.String()
	want := "dunlin: retained rm: 1 messages passed over, such as to \"b\": they match nothing that was subscribed to\n"
	if status != 0 || !strings.Contains(said, want) || strings.Contains(said, "Config") {
		t.Errorf("status %d, stderr %s", status, said)
	}
}
