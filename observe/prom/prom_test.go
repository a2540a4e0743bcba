package prom_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/observe/prom"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func dial(t *testing.T, url string) *mqtt.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := mqtt.Dial(ctx, url, mqtt.Config{Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func start(t *testing.T) string {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b.URLs()[0]
}

func TestClientsOfOneNameAreAddedUpAndCountersNeverFall(t *testing.T) {
	url := start(t)
	all := prom.NewCollector()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(all)
	one, two := dial(t, url), dial(t, url)
	all.Add("lamps", one)
	all.Add("lamps", two)
	all.Add("doors", dial(t, url))
	expect := func(clients, connected, connections int) {
		t.Helper()
		want := fmt.Sprintf(`
# HELP mqtt_client_clients Clients that have not ended.
# TYPE mqtt_client_clients gauge
mqtt_client_clients{name="doors"} 1
mqtt_client_clients{name="lamps"} %d
# HELP mqtt_client_connected Clients that have a connection.
# TYPE mqtt_client_connected gauge
mqtt_client_connected{name="doors"} 1
mqtt_client_connected{name="lamps"} %d
# HELP mqtt_client_connections_total Connections that servers accepted.
# TYPE mqtt_client_connections_total counter
mqtt_client_connections_total{name="doors"} 1
mqtt_client_connections_total{name="lamps"} %d
`, clients, connected, connections)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
			"mqtt_client_clients", "mqtt_client_connected", "mqtt_client_connections_total"); err != nil {
			t.Error(err)
		}
	}
	expect(2, 2, 2)
	if err := one.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(1, 1, 2)
	all.Remove(two)
	expect(0, 0, 2)
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
		t.Error(problems, err)
	}
}

// TestCountersNeverFallNorCountTwice where a client goes to another group, or is removed and comes back.
func TestCountersNeverFallNorCountTwice(t *testing.T) {
	c := dial(t, start(t))
	all := prom.NewCollector()
	expect := func(want string) {
		t.Helper()
		text := "# HELP mqtt_client_connections_total Connections that servers accepted.\n# TYPE mqtt_client_connections_total counter\n" + want
		if err := testutil.CollectAndCompare(all, strings.NewReader(text), "mqtt_client_connections_total"); err != nil {
			t.Error(err)
		}
	}
	all.Add("lamps", c)
	all.Add("lamps", c)
	expect("mqtt_client_connections_total{name=\"lamps\"} 1\n")
	all.Add("doors", c)
	expect("mqtt_client_connections_total{name=\"doors\"} 0\nmqtt_client_connections_total{name=\"lamps\"} 1\n")
	all.Remove(c)
	all.Add("lamps", c)
	expect("mqtt_client_connections_total{name=\"doors\"} 0\nmqtt_client_connections_total{name=\"lamps\"} 1\n")
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("mqtt_client_connections_total{name=\"doors\"} 0\nmqtt_client_connections_total{name=\"lamps\"} 1\n")
}

// TestNamesThatAreNoUTF8 may come from devices. A label value that is none would make every scrape of the collector fail.
func TestNamesThatAreNoUTF8(t *testing.T) {
	all := prom.NewCollector()
	all.Add("lamp\xff", dial(t, start(t)))
	if n := testutil.CollectAndCount(all, "mqtt_client_connected"); n != 1 {
		t.Errorf("%d series", n)
	}
}

func TestBytesAreThoseOfTheClient(t *testing.T) {
	c := dial(t, start(t))
	all := prom.NewCollector()
	all.Add("", c)
	if err := c.Publish(t.Context(), mqtt.Message{Topic: "t", Payload: make([]byte, 1000), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`
# HELP mqtt_client_written_bytes_total Bytes written to the network.
# TYPE mqtt_client_written_bytes_total counter
mqtt_client_written_bytes_total{name=""} %d
`, c.Stats().BytesWritten)
	if c.Stats().BytesWritten < 1000 {
		t.Errorf("only %d bytes were written", c.Stats().BytesWritten)
	}
	if err := testutil.CollectAndCompare(all, strings.NewReader(want), "mqtt_client_written_bytes_total"); err != nil {
		t.Error(err)
	}
}
