package fleet

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// edgeNode is an edge node of Sparkplug B with its devices. What it has to do in Sparkplug's terms the package sparkplug
// does; here is what it measures and obeys.
type edgeNode struct {
	run    *run
	group  *model
	number int
	name   string
	link   *link // nil: a good one
	lane   lane  // of readings: each waits until there is room to send

	mu     sync.Mutex
	meters []meter // of each device, or of the node itself where there is none
	ids    []string
	node   *sparkplug.EdgeNode
	born   bool
	online bool
	heldUp bool // on this connection there was no room for a reading
}

func (r *run) newEdgeNode(g *model, number int) *edgeNode {
	n := &edgeNode{run: r, group: g, number: number, name: g.deviceName(number), ids: []string{""}}
	if g.Devices > 0 {
		n.ids = nil
		for i := range g.Devices {
			n.ids = append(n.ids, "device"+trimmed(float64(i+1)))
		}
	}
	n.lane.do = func(t task) { n.publish(t.stream, t.at) }
	for _, id := range n.ids {
		n.meters = append(n.meters, newMeter(g, r.scenario.Seed, n.name+"/"+id))
	}
	if g.Link != nil {
		n.link = &link{via: r.options.Config.Transport.Dial, delay: g.Link.Delay}
	}
	return n
}

// id is the name by which Sparkplug knows the node.
func (n *edgeNode) id() sparkplug.ID {
	return sparkplug.ID{Group: n.group.SparkplugGroup, Node: n.name}
}

// perform does a task.
func (n *edgeNode) perform(t task) {
	switch t.do {
	case doConnect:
		n.start()
	case doRead:
		if !n.lane.add(t) {
			n.miss()
		}
		t.at = t.at.Add(n.run.real(n.group.Streams[t.stream].Every))
		n.run.schedule.add(t)
	case doCut:
		if n.link.cut(n.run.real(n.group.Link.Away)) {
			n.run.counts.add(Cuts)
		}
		t.at = t.at.Add(n.untilCut(n.run.cuts.Add(1)))
		n.run.schedule.add(t)
	}
}

func (n *edgeNode) untilCut(cut uint64) time.Duration {
	return time.Duration(-math.Log(1-uniform(n.meters[0].key, cut, 'l')) * float64(n.run.real(n.group.Link.Cut)))
}

// start has the node connect in the background.
func (n *edgeNode) start() {
	cfg := sparkplug.EdgeNodeConfig{
		Group: n.group.SparkplugGroup, ID: n.name, PrimaryHost: n.group.PrimaryHost, Aliases: true, StoreMessages: queue,
		OnCommand: n.obey, OnOnline: n.changed, MQTT: n.run.options.Config,
	}
	cfg.MQTT.ClientID, cfg.MQTT.KeepAlive, cfg.MQTT.Reconnect = n.group.clientID(n.number), n.group.KeepAlive, n.run.reconnectOf(n.name)
	if n.group.Username != "" {
		cfg.MQTT.Username = n.group.fill(n.group.Username, n.name, n.number)
	}
	if n.link != nil {
		cfg.MQTT.Transport.Dial = n.link.dial
	}
	cfg.MQTT.OnConnect = func(*mqtt.Client) { n.run.counts.add(Connects) }
	cfg.MQTT.OnDisconnect = func(error) { n.run.counts.add(Lost) }
	cfg.MQTT.OnError = n.run.failed
	n.describe(&cfg)
	node, err := sparkplug.StartEdgeNode(n.run.ctx, n.run.options.URL, cfg)
	if err != nil {
		n.run.failed(err)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.node = node
}

// describe puts the metrics into a configuration.
func (n *edgeNode) describe(cfg *sparkplug.EdgeNodeConfig) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, id := range n.ids {
		if id == "" {
			cfg.Metrics = n.metricsLocked(i)
		} else {
			cfg.Devices = append(cfg.Devices, sparkplug.DeviceConfig{ID: id, Metrics: n.metricsLocked(i)})
		}
	}
}

// metricsLocked are all metrics of a device, with first values.
func (n *edgeNode) metricsLocked(device int) []sparkplug.Metric {
	var all []sparkplug.Metric
	for stream := range n.group.Streams {
		all = append(all, n.readLocked(device, stream, time.Now())...)
	}
	for i := range n.group.Controls {
		c := &n.group.Controls[i]
		all = append(all, sparkplug.NewMetric(controlMetric+c.Name, c.metricValue(c.first())))
	}
	return all
}

// controlMetric is what the names of metrics begin with that commands may set.
const controlMetric = "control/"

// readLocked takes a reading of a stream as metrics.
func (n *edgeNode) readLocked(device, stream int, at time.Time) []sparkplug.Metric {
	var metrics []sparkplug.Metric
	prefix := n.group.Streams[stream].Topic + "/"
	n.meters[device].read(n.group, stream, n.run.start, n.run.since(at), func(v *Value, r Reading) {
		add := func(name string, value any) {
			m := sparkplug.NewMetric(prefix+name, value)
			if v.Unit != "" {
				m.Properties = []sparkplug.Property{{Name: "engUnit", Type: sparkplug.String, Value: v.Unit}}
			}
			metrics = append(metrics, m)
		}
		switch {
		case v.Kind == kindTrack:
			add(v.Name+"/latitude", r.Latitude)
			add(v.Name+"/longitude", r.Longitude)
			add(v.Name+"/speed", r.Number)
		case v.IsNumber():
			scale := math.Pow10(v.Decimals)
			add(v.Name, math.Round(r.Number*scale)/scale)
		default:
			add(v.Name, r.Word)
		}
	})
	return metrics
}

// publish takes a reading on each device and publishes what has changed.
func (n *edgeNode) publish(stream int, at time.Time) {
	for i, id := range n.ids {
		n.mu.Lock()
		metrics := n.readLocked(i, stream, at)
		n.mu.Unlock()
		for j := range metrics {
			metrics[j].Properties = nil // they are those of the birth
		}
		n.run.counts.add(Telemetry)
		if err := n.update(id, metrics); err != nil {
			n.run.written(err)
		}
	}
}

// miss gives up a reading of each device, for too many wait for room.
func (n *edgeNode) miss() {
	n.run.counts[Telemetry].Add(int64(len(n.ids)))
	n.run.counts[Unsent].Add(int64(len(n.ids)))
	n.mu.Lock()
	first := !n.heldUp
	n.heldUp = true
	n.mu.Unlock()
	if first {
		n.run.heldUp(n.name)
	}
}

var errNotStarted = errors.New("the edge node has not started")

// update sets metrics. mu is not held: the node calls obey and changed, which take it, from whatever method is called.
func (n *edgeNode) update(device string, metrics []sparkplug.Metric) error {
	n.mu.Lock()
	node := n.node
	n.mu.Unlock()
	switch {
	case node == nil:
		return errNotStarted
	case device == "":
		return node.Update(n.run.ctx, metrics...)
	}
	d := node.Device(device)
	if d == nil {
		return errNotStarted
	}
	return d.Update(n.run.ctx, metrics...)
}

// obey sets what a command sets, and says so by the data that follow.
func (n *edgeNode) obey(_ context.Context, c sparkplug.Command) {
	n.run.counts.add(Commands)
	if n.update(c.Device, c.Metrics) == nil {
		n.run.counts.add(Answers)
	}
}

// changed is told that the births are published, or that the node is offline.
func (n *edgeNode) changed(online bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if online {
		n.heldUp = false
		n.run.counts.add(Births)
	}
	if online != n.online {
		n.online = online
		if online {
			n.run.online.Add(1)
		} else {
			n.run.online.Add(-1)
		}
	}
	if !online || n.born {
		return
	}
	n.born = true
	now := time.Now()
	if l := n.group.Link; l != nil && l.Cut > 0 {
		n.run.schedule.add(task{at: now.Add(n.untilCut(0)), actor: n, do: doCut})
	}
	for i := range n.group.Streams {
		phase := time.Duration(float64(n.run.real(n.group.Streams[i].Every)) * uniform(n.meters[0].key, uint64(i), 'p'))
		n.run.schedule.add(task{at: now.Add(phase), actor: n, do: doRead, stream: i})
	}
}

// metricValue is a value of a control as a metric has it.
func (c *Control) metricValue(value string) any {
	switch c.Kind {
	case "switch", "button":
		return value == "ON" || value == press
	case "number":
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			number = c.Min
		}
		return number
	}
	return value
}
