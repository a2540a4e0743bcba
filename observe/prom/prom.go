// Package prom shows to Prometheus what MQTT clients do: connections, what waits, what was lost, bytes.
//
//	fleet := prom.NewCollector()
//	prometheus.MustRegister(fleet)
//	fleet.Add("sensors", client)
//
// Clients of the same name are one series, their sum, so that ten thousand of them cost no more than one. Counters never fall
// when a client ends. Each scrape takes the lock of each client once, for as long as Client.Stats takes.
package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"dunlin/observe/internal/sum"
)

// Collector is a prometheus.Collector of clients. All its methods are for any goroutine.
type Collector struct {
	groups sum.Groups
}

// Client is a client whose figures are shown; *mqtt.Client is one.
type Client = sum.Client

// NewCollector returns a collector without clients.
func NewCollector() *Collector { return &Collector{} }

// Add shows a client under a name, which is the label "name"; those of the same name are added up. A client that has ended is
// forgotten at the next scrape, and what it had counted stays.
func (c *Collector) Add(name string, client Client) { c.groups.Add(name, client) }

// Remove shows a client no longer; what it had counted stays.
func (c *Collector) Remove(client Client) { c.groups.Remove(client) }

// metric is one series of each group.
type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(g sum.Group) float64
}

func describe(name, help string, kind prometheus.ValueType, value func(g sum.Group) float64) metric {
	return metric{prometheus.NewDesc("mqtt_client_"+name, help, []string{"name"}, nil), kind, value}
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var metrics = []metric{
	describe("clients", "Clients that have not ended.", gauge, func(g sum.Group) float64 { return float64(g.Clients) }),
	describe("connected", "Clients that have a connection.", gauge, func(g sum.Group) float64 { return float64(g.Connected) }),
	describe("retrying", "Clients without a connection that try again.", gauge, func(g sum.Group) float64 { return float64(g.Retrying) }),
	describe("connections_total", "Connections that servers accepted.", counter, func(g sum.Group) float64 { return float64(g.Sum.Connections) }),
	describe("in_flight", "QoS 1 and 2 publishes that wait for an acknowledgement.", gauge, func(g sum.Group) float64 { return float64(g.Sum.InFlight) }),
	describe("queued", "Publishes that wait to be sent.", gauge, func(g sum.Group) float64 { return float64(g.Sum.Queued) }),
	describe("queued_bytes", "Bytes of the packets in flight and queued.", gauge, func(g sum.Group) float64 { return float64(g.Sum.QueuedBytes) }),
	describe("dropped_total", "Publishes given up because the queue was full.", counter, func(g sum.Group) float64 { return float64(g.Sum.Dropped) }),
	describe("quarantined_total", "Publishes given up because the server disconnects at them.", counter, func(g sum.Group) float64 { return float64(g.Sum.Quarantined) }),
	describe("poison_total", "Messages thrown away because they break the protocol.", counter, func(g sum.Group) float64 { return float64(g.Sum.Poison) }),
	describe("received_waiting", "Messages that wait for a handler, or are being handled.", gauge, func(g sum.Group) float64 { return float64(g.Sum.Received) }),
	describe("written_bytes_total", "Bytes written to the network.", counter, func(g sum.Group) float64 { return float64(g.Sum.BytesWritten) }),
	describe("read_bytes_total", "Bytes read from the network.", counter, func(g sum.Group) float64 { return float64(g.Sum.BytesRead) }),
	describe("ping_seconds", "Time of the last ping, of the slowest client.", gauge, func(g sum.Group) float64 { return g.SlowestRTT.Seconds() }),
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range metrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, g := range c.groups.Read() {
		for _, m := range metrics {
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(g), g.Name)
		}
	}
}
