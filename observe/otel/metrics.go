package otel

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"dunlin/observe/internal/sum"
)

// Client is a client whose figures are shown; *mqtt.Client is one.
type Client = sum.Client

// Clients are clients whose figures a meter shows. All its methods are for any goroutine.
type Clients struct {
	groups       sum.Groups
	registration metric.Registration
	once         sync.Once
}

// Observe makes the instruments of a meter, named mqtt.client.*, which show the clients that are added. An error says which
// instrument the meter refused.
func Observe(meter metric.Meter) (*Clients, error) {
	c := &Clients{}
	var observables []metric.Observable
	var read []func(o metric.Observer, g sum.Group, with metric.ObserveOption)
	var failed error
	for _, i := range instruments {
		observable, err := i.make(meter)
		failed = errors.Join(failed, err)
		observables = append(observables, observable)
		read = append(read, func(o metric.Observer, g sum.Group, with metric.ObserveOption) {
			o.ObserveInt64(observable, i.value(g), with)
		})
	}
	rtt, err := meter.Float64ObservableGauge("mqtt.client.ping.duration", metric.WithUnit("s"),
		metric.WithDescription("Time of the last ping, of the slowest client."))
	if failed = errors.Join(failed, err); failed != nil {
		return nil, failed
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, g := range c.groups.Read() {
			with := metric.WithAttributes(attribute.String("mqtt.client.group", g.Name))
			for _, f := range read {
				f(o, g, with)
			}
			o.ObserveFloat64(rtt, g.SlowestRTT.Seconds(), with)
		}
		return nil
	}, append(observables, rtt)...)
	if err != nil {
		return nil, err
	}
	c.registration = registration
	return c, nil
}

// Add shows a client in the group of that name, the attribute "mqtt.client.group"; those of one group are added up. A client that has
// ended is forgotten, and what it had counted stays.
func (c *Clients) Add(group string, client Client) { c.groups.Add(group, client) }

// Remove shows a client no longer; what it had counted stays.
func (c *Clients) Remove(client Client) { c.groups.Remove(client) }

// Close takes the instruments from the meter.
func (c *Clients) Close() (err error) {
	c.once.Do(func() { err = c.registration.Unregister() })
	return err
}

// instrument is one figure of each group.
type instrument struct {
	name, unit, help string
	grows            bool
	value            func(g sum.Group) int64
}

func (i instrument) make(meter metric.Meter) (metric.Int64Observable, error) {
	if i.grows {
		return meter.Int64ObservableCounter(i.name, metric.WithUnit(i.unit), metric.WithDescription(i.help))
	}
	return meter.Int64ObservableUpDownCounter(i.name, metric.WithUnit(i.unit), metric.WithDescription(i.help))
}

var instruments = []instrument{
	{"mqtt.client.count", "{client}", "Clients that have not ended.", false, func(g sum.Group) int64 { return int64(g.Clients) }},
	{"mqtt.client.connected", "{client}", "Clients that have a connection.", false, func(g sum.Group) int64 { return int64(g.Connected) }},
	{"mqtt.client.retrying", "{client}", "Clients without a connection that try again.", false, func(g sum.Group) int64 { return int64(g.Retrying) }},
	{"mqtt.client.connections", "{connection}", "Connections that servers accepted.", true, func(g sum.Group) int64 { return int64(g.Sum.Connections) }},
	{"mqtt.client.in_flight", "{message}", "QoS 1 and 2 publishes that wait for an acknowledgement.", false, func(g sum.Group) int64 { return int64(g.Sum.InFlight) }},
	{"mqtt.client.queued.count", "{message}", "Publishes that wait to be sent.", false, func(g sum.Group) int64 { return int64(g.Sum.Queued) }},
	{"mqtt.client.queued.size", "By", "Bytes of the packets in flight and queued.", false, func(g sum.Group) int64 { return int64(g.Sum.QueuedBytes) }},
	{"mqtt.client.dropped", "{message}", "Publishes given up because the queue was full.", true, func(g sum.Group) int64 { return int64(g.Sum.Dropped) }},
	{"mqtt.client.quarantined", "{message}", "Publishes given up because the server disconnects at them.", true, func(g sum.Group) int64 { return int64(g.Sum.Quarantined) }},
	{"mqtt.client.poison", "{message}", "Messages thrown away because they break the protocol.", true, func(g sum.Group) int64 { return int64(g.Sum.Poison) }},
	{"mqtt.client.received.waiting", "{message}", "Messages that wait for a handler, or are being handled.", false, func(g sum.Group) int64 { return int64(g.Sum.Received) }},
	{"mqtt.client.written", "By", "Bytes written to the network.", true, func(g sum.Group) int64 { return int64(g.Sum.BytesWritten) }},
	{"mqtt.client.read", "By", "Bytes read from the network.", true, func(g sum.Group) int64 { return int64(g.Sum.BytesRead) }},
}
