package sparkplug

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// HostConfig describes a host application.
type HostConfig struct {
	// ID names the host application; it may not be empty nor have + / or #. No two hosts may have the same.
	ID string
	// Groups are those that the host listens to; none: all.
	Groups []string
	// ReorderTimeout is how long a message may wait for one that should have come before it, until a rebirth is
	// asked for; default 5 seconds, negative: not at all.
	ReorderTimeout time.Duration
	// MaxMetrics is how many metrics, nodes and devices the host remembers, for whoever may publish can make up any
	// number; default 1,000,000. Births beyond it are Malformed.
	MaxMetrics int
	// OnEvent is told of all that happens, in order, one at a time. It may call the host. ctx ends with the host.
	OnEvent func(ctx context.Context, e Event)
	// MQTT is how the server is reached. Will, KeepSession, Store, Properties.SessionExpiry, Limits.Queue.QoS0,
	// Reconnect.Prepare and Reconnect.Republish are the host's own and must be zero; a nil Reconnect is the zero one.
	// Callbacks are called in addition. A host that is to be at several servers at once, as the specification
	// has it for primary hosts, is one Host for each, all with one ID.
	MQTT mqtt.Config
	// Now is the clock of timestamps; nil: time.Now.
	Now func() time.Time
}

// EventKind is what an Event tells of.
type EventKind byte

// The kinds of events.
const (
	NodeBorn         EventKind = 1 + iota // its devices are offline until their births
	NodeData                              // values of the node have come
	NodeDied                              // and its devices with it, for which there are events in front; Err is nil, or says that the host lost its connection
	DeviceBorn                            // the device is online
	DeviceData                            // values of the device have come
	DeviceDied                            // it is gone, or its node is
	RebirthRequested                      // the host has asked the node for births; Err says why
	Malformed                             // a message that cannot be used; Err says why
)

// String returns the name of the kind.
func (k EventKind) String() string {
	names := [...]string{"", "NodeBorn", "NodeData", "NodeDied", "DeviceBorn", "DeviceData", "DeviceDied", "RebirthRequested", "Malformed"}
	if int(k) >= len(names) {
		return ""
	}
	return names[k]
}

// Event is what a host application has learned.
type Event struct {
	Kind EventKind
	ID   ID
	// Metrics are those of the message, with names and types filled in from the birth. Their values are shared with what
	// the host remembers: they are not to be changed.
	Metrics []Metric
	// Time is the timestamp of the payload, and for NodeDied and RebirthRequested the host's own.
	Time time.Time
	Err  error
}

// State is what a host knows of a node or device.
type State struct {
	ID ID
	// Online is false after a death, for a device also after that of its node, and for all while the host has no connection: then
	// the metrics are stale.
	Online bool
	// Since is the time of the birth or death; zero for a node whose birth has not come yet.
	Since time.Time
	// Metrics have their last values, in the order of the birth.
	Metrics []Metric
}

// Host is a Sparkplug host application at one server. Its methods may be called from any goroutine, also from OnEvent.
//
// It lives until Close, or until the server refuses it for good: Done. While it has no connection all nodes count as
// offline; with the next one it asks those that it knows for their births.
type Host struct {
	cfg    HostConfig
	outbox outbox
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	client *mqtt.Client // set before anything but callbacks is called

	mu         sync.Mutex
	tracker    tracker
	timer      *time.Timer // for the message that waits longest
	stamp      time.Time   // of the will of the connection that stands, or is made
	connected  bool
	subscribed bool
	online     bool // the birth is published on this connection
	err        error
}

// StartHost connects to the server at url with a will that says that the host is offline, subscribes, and publishes that it is
// online. With MQTT.Reconnect.Background it returns at once, otherwise when the server has the subscriptions, so that no birth from
// then on is missed, or with the error of the first attempt. ctx bounds only that. An *mqtt.ArgumentError names what is wrong in cfg.
func StartHost(ctx context.Context, url string, cfg HostConfig) (*Host, error) {
	h, err := newHost(cfg)
	if err != nil {
		return nil, err
	}
	client, err := dial(ctx, allURLs(url, &cfg.MQTT), cfg.MQTT, hooks{
		prepare: h.prepare, connected: h.connect, lost: h.lose, ended: h.end,
	})
	if err != nil {
		h.end(err)
		return nil, err
	}
	h.mu.Lock()
	h.client = client
	h.mu.Unlock()
	if err := subscribe(ctx, client, &cfg.MQTT, h.subscriptions(), h.subscribe); err != nil {
		_ = h.Close(ctx)
		return nil, err
	}
	return h, nil
}

func newHost(cfg HostConfig) (*Host, error) {
	if err := validID("host", cfg.ID); err != nil {
		return nil, argument("ID", err)
	}
	for _, group := range cfg.Groups {
		if err := validID("group", group); err != nil {
			return nil, argument("Groups", err)
		}
	}
	if err := checkMQTT(&cfg.MQTT); err != nil {
		return nil, err
	}
	if cfg.MaxMetrics < 0 {
		return nil, argument("MaxMetrics", errors.New("is negative"))
	}
	if cfg.MaxMetrics == 0 {
		cfg.MaxMetrics = 1_000_000
	}
	if cfg.ReorderTimeout == 0 {
		cfg.ReorderTimeout = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Host{cfg: cfg, done: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.tracker = tracker{limit: cfg.MaxMetrics, reorder: cfg.ReorderTimeout, emit: h.emit, ask: h.ask, nodes: make(map[ID]*trackedNode)}
	return h, nil
}

// subscriptions are for the host's own state and for what edge nodes send
// [tck-id-host-topic-phid-birth-sub-required].
func (h *Host) subscriptions() []mqtt.Subscription {
	subs := []mqtt.Subscription{{Filter: h.stateTopic(), QoS: mqtt.AtLeastOnce, Handler: h.ownState}}
	groups := h.cfg.Groups
	if len(groups) == 0 {
		groups = []string{"+"}
	}
	for _, group := range groups {
		for _, t := range []MessageType{NBIRTH, NDEATH, NDATA} {
			subs = append(subs, mqtt.Subscription{Filter: Namespace + "/" + group + "/" + string(t) + "/+", QoS: mqtt.AtLeastOnce, Handler: h.message})
		}
		for _, t := range []MessageType{DBIRTH, DDEATH, DDATA} {
			subs = append(subs, mqtt.Subscription{Filter: Namespace + "/" + group + "/" + string(t) + "/+/+", QoS: mqtt.AtLeastOnce, Handler: h.message})
		}
	}
	return subs
}

func (h *Host) stateTopic() string { return Topic{Type: STATE, Host: h.cfg.ID}.String() }

// emit and ask are called with the lock held, by the tracker.
func (h *Host) emit(e Event) {
	if f := h.cfg.OnEvent; f != nil && h.err == nil {
		h.outbox.post(func() { f(h.ctx, e) })
	}
}

func (h *Host) ask(node ID) {
	h.outbox.post(func() {
		if err := h.RequestRebirth(h.ctx, node); err != nil && h.ctx.Err() == nil { // else the host is closed
			h.report(fmt.Errorf("sparkplug: host %s: request for births of %s: %w", h.cfg.ID, node, err))
		}
	})
}

// report tells of an error that no call returns.
func (h *Host) report(err error) {
	if f := h.cfg.MQTT.OnError; f != nil {
		h.outbox.post(func() { f(err) })
	}
}

// message takes what a node has sent.
func (h *Host) message(_ context.Context, m *mqtt.Received) {
	defer h.outbox.flushInTurn(h.done)
	h.mu.Lock()
	defer h.mu.Unlock()
	topic, err := ParseTopic(m.Topic)
	if err != nil {
		h.emit(Event{Kind: Malformed, Err: err})
		return
	}
	h.tracker.handle(topic, m.Payload, h.cfg.Now())
	if h.timer == nil && h.tracker.waits(topic.node()) {
		h.timer = time.AfterFunc(h.cfg.ReorderTimeout, h.expire)
	}
}

// expire gives up messages that have not come.
func (h *Host) expire() {
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = nil
	if h.err != nil {
		return
	}
	now := h.cfg.Now()
	if next := h.tracker.expireAll(now); !next.IsZero() {
		h.timer = time.AfterFunc(next.Sub(now), h.expire)
	}
}

// waits reports whether messages of a node wait for others.
func (t *tracker) waits(id ID) bool {
	node := t.nodes[id]
	return node != nil && !node.due.IsZero()
}

// commandPayload returns the payload of a command, without a sequence number [tck-id-payloads-ncmd-seq], and without
// types [tck-id-payloads-metric-datatype-not-req] where the birth says them.
func commandPayload(metrics []Metric, now time.Time) ([]byte, error) {
	if _, err := writeMetrics(metrics); err != nil {
		return nil, err
	}
	p := sparkplugb.Payload{Timestamp: sparkplugb.Some(uint64(now.UnixMilli())), Metrics: data(metrics)}
	return p.Append(nil), nil
}
