package sparkplug

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"dunlin/mqtt"
)

// EdgeNodeConfig describes an edge node.
type EdgeNodeConfig struct {
	// Group and ID name the edge node; neither may be empty or have + / or #. No two nodes may have the same in both.
	Group, ID string
	// Metrics are all that the node itself will report, with their first values. bdSeq and Node Control/Rebirth are
	// added. Each has a name and a type; see NewMetric. Definitions of templates are here.
	Metrics []Metric
	// Devices are there from the first birth on. More come with EdgeNode.AddDevice.
	Devices []DeviceConfig
	// PrimaryHost is the host application without which nothing is published; empty: none. While its STATE does not say
	// that it is online the node is offline, too. When STATE says that it is not, the node disconnects and goes on to the next of
	// MQTT.Reconnect.Servers, or to the same server where there is only one.
	PrimaryHost string
	// HostTimeout is how long the node waits at one of several servers for the PrimaryHost to be online, before it goes on to
	// the next; default 30 seconds.
	HostTimeout time.Duration
	// Aliases has data sent with numbers in place of names; the births say which.
	Aliases bool
	// StoreMessages is how many messages of data are kept while the node or a device of it is offline, in memory, to be sent as
	// historical after the next births. When there are more the oldest are lost. 0: none are kept, and only the last value of
	// each metric is in the next birth.
	StoreMessages int
	// BirthSequence is the bdSeq of the first CONNECT; each further one has one more, and after 255 comes 0. The specification
	// has it begin at 0; a program that keeps it over restarts goes on with it.
	BirthSequence uint8
	// OnCommand gets the commands of host applications but Node Control/Rebirth, which the node obeys itself. It is called
	// one at a time and may call the node; ctx ends when the node is closed. What is not in the birth, or not of the type that the
	// birth says, is left out and told to MQTT.OnError.
	OnCommand func(ctx context.Context, c Command)
	// OnOnline is told that the births are published (true), and that the node is offline again (false), in turn with
	// OnCommand.
	OnOnline func(online bool)
	// MQTT is how the server is reached and who connects. Will, KeepSession, Store, Properties.SessionExpiry, Limits.Queue.QoS0,
	// Reconnect.Prepare and Reconnect.Republish are the node's own and must be zero; a nil Reconnect is the zero one.
	// Callbacks are called in addition.
	MQTT mqtt.Config
	// Now is the clock of timestamps; nil: time.Now.
	Now func() time.Time
}

// DeviceConfig describes a device behind an edge node.
type DeviceConfig struct {
	// ID may not be empty nor have + / or #.
	ID string
	// Metrics are all that the device will report until its next birth, with their first values.
	Metrics []Metric
}

// Command is what a host application has sent to a node, or to a device of it.
type Command struct {
	// Device is empty for a command to the node.
	Device string
	// Metrics have names and types, also where only an alias was sent.
	Metrics []Metric
}

// EdgeNode is a Sparkplug edge node with its devices. Its methods may be called from any goroutine, also from its callbacks.
// Values that are given to it, such as slices, are its own from then on.
//
// It lives until Close, or until the server refuses it for good: Done. When the connection is lost it makes another one, with a
// new will and births. Data is of QoS 0, as the specification has it: what is on its way when a connection breaks is lost,
// and the next birth has the last values.
type EdgeNode struct {
	cfg    EdgeNodeConfig
	urls   []string
	outbox outbox
	ctx    context.Context // ends with Close, so that nothing waits for a connection any more
	cancel context.CancelFunc
	done   chan struct{}
	walks  sync.WaitGroup // to other servers

	mu         sync.Mutex
	session    *session // nil: none, because another one begins
	server     int      // the place in urls of the connection that stands, or is made
	attempts   int      // to connect, that got as far as a CONNECT
	bdSeq      uint8    // of the last CONNECT
	seq        uint8    // of the next message
	connected  bool
	subscribed bool
	host       hostWatch
	born       bool          // births are published on this connection
	online     chan struct{} // closed while born
	node       points
	devices    []*Device
	lastAlias  uint64
	aliases    map[uint64]aliased
	stored     []stored
	err        error // why the node has ended
	sending    joined
}

// hostWatch is what a node knows of its primary host, on one connection.
type hostWatch struct {
	online bool
	stamp  time.Time // of its last STATE
	known  bool
	timer  *time.Timer // until the node goes on to the next server
}

// aliased is what an alias stands for.
type aliased struct{ device, name string }

// stored is data that could not be sent.
type stored struct {
	device  string
	metrics []Metric
}

// StartEdgeNode connects to the server at url, with a will that tells of the node's death, and publishes the births of node
// and devices, or waits for the PrimaryHost. With MQTT.Reconnect.Background it returns at once and connects later,
// otherwise when the server has accepted session and subscriptions, or with the error of the first attempt. ctx bounds only that.
// An *mqtt.ArgumentError names what is wrong in cfg.
func StartEdgeNode(ctx context.Context, url string, cfg EdgeNodeConfig) (*EdgeNode, error) {
	n, err := newEdgeNode(url, cfg)
	if err != nil {
		return nil, err
	}
	if err := n.begin(ctx, n.urls, n.cfg.MQTT); err != nil {
		n.end(nil, err)
		return nil, err
	}
	return n, nil
}

func newEdgeNode(url string, cfg EdgeNodeConfig) (*EdgeNode, error) {
	if err := (Topic{Type: NBIRTH, ID: ID{Group: cfg.Group, Node: cfg.ID}}).Validate(); err != nil {
		return nil, argument("Group, ID", err)
	}
	if cfg.PrimaryHost != "" {
		if err := validID("host", cfg.PrimaryHost); err != nil {
			return nil, argument("PrimaryHost", err)
		}
	}
	if cfg.StoreMessages < 0 || cfg.HostTimeout < 0 {
		return nil, argument("StoreMessages, HostTimeout", errors.New("is negative"))
	}
	if err := checkMQTT(&cfg.MQTT); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HostTimeout == 0 {
		cfg.HostTimeout = 30 * time.Second
	}
	node, err := newPoints(cfg.Metrics, false)
	if err != nil {
		return nil, argument("Metrics", err)
	}
	devices := cfg.Devices
	cfg.Metrics, cfg.Devices = nil, nil // n.node and n.devices have them
	n := &EdgeNode{cfg: cfg, urls: allURLs(url, &cfg.MQTT), done: make(chan struct{}), online: make(chan struct{}), node: node, bdSeq: cfg.BirthSequence}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.giveAliases("", &n.node)
	for _, d := range devices {
		if n.Device(d.ID) != nil {
			return nil, argument("Devices", fmt.Errorf("there are two of the name %q", d.ID))
		}
		if _, err := n.addDevice(d); err != nil {
			return nil, argument("Devices", err)
		}
	}
	return n, nil
}

// giveAliases gives each metric a number that no other metric of the node and its devices has
// [tck-id-payloads-alias-uniqueness].
func (n *EdgeNode) giveAliases(device string, p *points) {
	if !n.cfg.Aliases {
		return
	}
	if n.aliases == nil {
		n.aliases = make(map[uint64]aliased)
	}
	for i := range p.list {
		n.lastAlias++
		p.list[i].Alias, p.list[i].HasAlias = n.lastAlias, true
		n.aliases[n.lastAlias] = aliased{device, p.list[i].Name}
	}
}

// addDevice adds a device, or puts other metrics in the place of those that one has.
func (n *EdgeNode) addDevice(cfg DeviceConfig) (*Device, error) {
	if err := validID("device", cfg.ID); err != nil {
		return nil, err
	}
	p, err := newPoints(cfg.Metrics, true)
	if err != nil {
		return nil, fmt.Errorf("device %q: %w", cfg.ID, err)
	}
	d := n.find(cfg.ID)
	if d == nil {
		d = &Device{node: n, id: cfg.ID}
		n.devices = append(n.devices, d)
	}
	if n.cfg.Aliases {
		for _, m := range d.points.list {
			delete(n.aliases, m.Alias)
		}
	}
	n.giveAliases(cfg.ID, &p)
	d.points, d.left = p, false
	return d, nil
}

func (n *EdgeNode) find(id string) *Device {
	if i := slices.IndexFunc(n.devices, func(d *Device) bool { return d.id == id }); i >= 0 {
		return n.devices[i]
	}
	return nil
}

// Device returns the device, or nil if there is none with the identifier.
func (n *EdgeNode) Device(id string) *Device {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.find(id)
}

// Online reports whether the births are published on a connection that stands, as far as is known.
func (n *EdgeNode) Online() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.born
}

// AwaitOnline waits until the births are published; the node may be offline again when it returns. The error is ctx's cause,
// or why the node has ended.
func (n *EdgeNode) AwaitOnline(ctx context.Context) error {
	n.mu.Lock()
	online := n.online
	n.mu.Unlock()
	select {
	case <-online:
		return nil
	case <-n.done:
		return n.Err()
	case <-ctx.Done():
		return fmt.Errorf("sparkplug: edge node %s/%s is not online: %w", n.cfg.Group, n.cfg.ID, context.Cause(ctx))
	}
}

// BirthSequence returns the bdSeq of the last CONNECT, for EdgeNodeConfig.BirthSequence of the next process, which has one more.
func (n *EdgeNode) BirthSequence() uint8 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bdSeq
}

// Client returns the MQTT client of the connection that stands, or that is made; nil before and after. It is for looking, such
// as Stats; what is published with it must not be Sparkplug's. When the PrimaryHost is offline another client takes its place.
func (n *EdgeNode) Client() *mqtt.Client {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return nil
	}
	return n.session.client
}

// Done is closed when the node has ended: by Close, or because the server refuses it for good.
func (n *EdgeNode) Done() <-chan struct{} { return n.done }

// Err returns why the node has ended; nil while it has not, mqtt.ErrClosed after Close.
func (n *EdgeNode) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}
