package devices_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/broker"
	"dunlin/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startBroker(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func dial(t *testing.T, b *broker.Broker, version mqtt.Version) *mqtt.Client {
	t.Helper()
	client, err := mqtt.Dial(t.Context(), "mqtt://"+b.Addr(), mqtt.Config{Version: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return client
}

// publish sends messages in their order. What is not said to be of QoS 1 or 2 goes out at QoS 0.
func publish(t *testing.T, client *mqtt.Client, messages []mqtt.Message) {
	t.Helper()
	for _, m := range messages {
		if err := client.Publish(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", m.Topic, err)
		}
	}
}

// everything matches each topic here: a wildcard at the beginning does not match a leading $.
var everything = []string{"#", "$aws/#", "$iothub/#"}

func describe(topic string, qos mqtt.QoS, retain bool, payload []byte) string {
	return fmt.Sprintf("%s, QoS %d, retain %v: %q", topic, qos, retain, payload)
}

// listen subscribes to filters and returns what comes. It asks for all at once: the broker's server
// refuses a SUBSCRIBE that has the identifier of a message which is not acknowledged yet.
func listen(t *testing.T, client *mqtt.Client, filters []string) <-chan *mqtt.Received {
	t.Helper()
	got := make(chan *mqtt.Received, 1000)
	var wanted []mqtt.Subscription
	for _, f := range filters {
		wanted = append(wanted, mqtt.Subscription{Filter: f, QoS: mqtt.ExactlyOnce, Handler: func(_ context.Context, m *mqtt.Received) { got <- m }})
	}
	if _, err := client.Subscribe(t.Context(), wanted...); err != nil {
		t.Fatal(err)
	}
	// The server looks for retained messages behind SUBACK: one that is published meanwhile comes
	// twice. It answers a ping when it is through with that.
	if _, err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

func next(t *testing.T, from <-chan *mqtt.Received) *mqtt.Received {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no more messages")
		return nil
	}
}

var versions = map[string]mqtt.Version{"MQTT 3.1.1": mqtt.V311, "MQTT 5": mqtt.V5}

// TestMessagesArriveAsTheyWereSent sends the messages of each family through the library.
func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	for versionName, version := range versions {
		for _, name := range families(t) {
			t.Run(versionName+"/"+name, func(t *testing.T) {
				b := startBroker(t)
				got := listen(t, dial(t, b, version), everything)
				sent := family(t, name)
				publish(t, dial(t, b, version), sent)
				for _, m := range sent {
					r := next(t, got)
					// A message that comes as it is published is not told to be retained.
					if r, want := describe(r.Topic, r.QoS, r.Retain, r.Payload), describe(m.Topic, m.QoS, false, m.Payload); r != want {
						t.Fatalf("got  %.300s\nwant %.300s", r, want)
					}
				}
			})
		}
	}
}

// TestRetainedMessagesComeLater checks who comes after the devices have spoken: the last retained
// message of each topic comes, and no other.
func TestRetainedMessagesComeLater(t *testing.T) {
	for versionName, version := range versions {
		for _, name := range families(t) {
			t.Run(versionName+"/"+name, func(t *testing.T) {
				b := startBroker(t)
				client := dial(t, b, version)
				kept := map[string]string{}
				for _, m := range family(t, name) {
					publish(t, client, []mqtt.Message{m})
					switch {
					case m.Retain && len(m.Payload) == 0:
						delete(kept, m.Topic)
					case m.Retain:
						kept[m.Topic] = describe(m.Topic, m.QoS, true, m.Payload)
					}
				}
				last := mqtt.Message{Topic: "last", Payload: []byte("x"), QoS: mqtt.ExactlyOnce, Retain: true}
				publish(t, client, []mqtt.Message{last})
				got := listen(t, dial(t, b, version), append(everything, "last"))
				for range kept {
					for r := next(t, got); ; r = next(t, got) {
						if r.Topic == last.Topic {
							continue
						}
						if r := describe(r.Topic, r.QoS, r.Retain, r.Payload); r != kept[strings.Split(r, ",")[0]] {
							t.Fatalf("got %.300s", r)
						}
						break
					}
				}
			})
		}
	}
}

// filters are what users of each family subscribe to, and how many of its messages match.
var filters = []struct {
	family, filter string
	matches        int
}{
	{"zigbee2mqtt", "zigbee2mqtt/+", 2},
	{"zigbee2mqtt", "zigbee2mqtt/#", 10},
	{"zigbee2mqtt", "zigbee2mqtt/+/+/availability", 2},
	{"zigbee2mqtt", "zigbee2mqtt/büro/+", 1},
	{"tasmota", "tele/+/SENSOR", 3},
	{"shelly1", "shellies/+/sensor/#", 4},
	{"shelly2", "+/status/switch:0", 1},
	{"shelly2", "+/events/rpc", 2},
	{"esphome", "+/status", 2},
	{"homeassistant", "homeassistant/+/+/config", 1},
	{"frigate", "frigate/+/+/snapshot", 2},
	{"owntracks", "owntracks/+/+", 4},
	{"chirpstack", "application/+/device/+/event/up", 2},
	{"thethingsstack", "v3/+/devices/+/up", 3},
	{"thethingsstack", "v3/garden@ttn/devices/+/down/#", 1},
	{"sparkplug", "spBv1.0/+/NDATA/#", 2},
	{"sparkplug", "spBv1.0/Plant/+/press/feeder", 3},
	{"aws", "$aws/things/valve-7/shadow/update/+", 4},
	{"aws", "$aws/things/+/jobs/#", 5},
	{"aws", "#", 0},
	{"aws", "+/things/#", 0},
	{"azure", "$iothub/methods/POST/#", 2},
	{"azure", "$iothub/twin/res/#", 2},
	{"azure", "devices/pump-3/messages/devicebound/#", 1},
}

// TestFiltersOfUsers checks that each filter brings the messages that it is for, and no others.
func TestFiltersOfUsers(t *testing.T) {
	for _, tc := range filters {
		t.Run(strings.ReplaceAll(tc.family+" "+tc.filter, "/", "|"), func(t *testing.T) {
			b := startBroker(t)
			client := dial(t, b, mqtt.V5)
			got := listen(t, client, []string{tc.filter, "last"})
			publish(t, client, append(family(t, tc.family), mqtt.Message{Topic: "last", QoS: mqtt.AtLeastOnce}))
			n := 0
			for r := next(t, got); r.Topic != "last"; r = next(t, got) {
				n++
			}
			if n != tc.matches {
				t.Errorf("%d messages, want %d", n, tc.matches)
			}
		})
	}
}

// awaited closes seen once a text was printed.
type awaited struct {
	text    string
	seen    chan struct{}
	printed bytes.Buffer
}

func (a *awaited) Write(b []byte) (int, error) {
	before := strings.Contains(a.printed.String(), a.text)
	a.printed.Write(b)
	if !before && strings.Contains(a.printed.String(), a.text) {
		close(a.seen)
	}
	return len(b), nil
}

// TestSubPrintsPayloadsAsTheyAre prints the messages of all families, pictures and protobuf among
// them, with dunlin sub.
func TestSubPrintsPayloadsAsTheyAre(t *testing.T) {
	dunlin := filepath.Join(t.TempDir(), "dunlin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", dunlin, "dunlin/cmd/dunlin").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b := startBroker(t)
	var all []mqtt.Message
	var want bytes.Buffer
	for _, name := range families(t) {
		for _, m := range family(t, name) {
			// Retained ones may come twice: as they are published, and as what was kept.
			m.Retain, m.QoS = false, mqtt.AtLeastOnce
			all = append(all, m)
			fmt.Fprintf(&want, "%s %s\n", m.Topic, cmp.Or(string(m.Payload), "(null)")) // as mosquitto_sub has it
		}
	}
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	sub := exec.CommandContext(t.Context(), dunlin, "sub", "-h", host, "-p", port, "-q", "1", "-v", "-d", "-C", strconv.Itoa(len(all)), "-t", "#", "-t", "$aws/#", "-t", "$iothub/#")
	var out bytes.Buffer
	subscribed := make(chan struct{})
	sub.Stdout, sub.Stderr = &out, &awaited{text: "SUBACK", seen: subscribed}
	if err := sub.Start(); err != nil {
		t.Fatal(err)
	}
	<-subscribed
	publish(t, dial(t, b, mqtt.V5), all)
	if err := sub.Wait(); err != nil || !bytes.Equal(out.Bytes(), want.Bytes()) {
		t.Errorf("%v; %d bytes, want %d", err, out.Len(), want.Len())
	}
}
