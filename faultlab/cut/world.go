package cut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/faultlab/internal/peer"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

const (
	clientID = "cut"
	// patience bounds a cell. Each wait of the client is a second or two.
	patience = time.Minute
	// standstill is how long nothing but pings has to come before what is not
	// acknowledged never will be.
	standstill = 10 * time.Second
)

var (
	errLost  = errors.New("lost")
	errEarly = errors.New("acknowledged too early")
	errStuck = errors.New("stuck acknowledgements")
)

// world is a client, its server, and what either got.
type world struct {
	*mqtt.Client
	peer   *peer.Peer
	joined chan struct{} // closed when the server accepted a CONNECT
	flow   flow

	mu       sync.Mutex
	received []string // by the server
	handled  []string // by the client's handlers, which have returned
	unseen   []string // acknowledged before a handler had returned
	reported []string // topics of poison
	failure  error
}

// counted is a connection that counts what passes.
type counted struct {
	net.Conn
	read, written atomic.Int64
}

// Read implements net.Conn.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// Write implements net.Conn.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	return n, err
}

// measure runs f on a sound connection and returns how many bytes it takes.
func measure(ctx context.Context, f flow, v mqtt.Version) (in, out int, err error) {
	var first *counted
	made := 0
	err = run(ctx, cell{flow: f, version: v}, func(conn net.Conn) net.Conn {
		c := &counted{Conn: conn}
		if made++; made == f.spared+1 {
			first = c
		}
		return c
	})
	if err != nil {
		return 0, 0, err
	}
	return int(first.read.Load()), int(first.written.Load()), nil
}

// try runs one cell.
func try(ctx context.Context, c cell) error {
	var made atomic.Int64
	return run(ctx, c, func(conn net.Conn) net.Conn {
		n := int(made.Add(1)) - 1 - c.flow.spared
		if n < 0 || n >= len(c.spots) {
			return conn
		}
		s := c.spots[n]
		fault, broken := faults[s.fault]
		switch {
		case !broken:
			return conn // the server ends it
		case s.out:
			return mqtttest.NewFaulty(conn, mqtttest.Faults{OnWrite: fault, WriteBytes: s.at})
		default:
			return mqtttest.NewFaulty(conn, mqtttest.Faults{OnRead: fault, ReadBytes: s.at})
		}
	})
}

// plan says where the server ends its n-th connection.
func (c cell) plan(n int) *peer.Plan {
	n -= c.flow.spared
	if n < 0 || n >= len(c.spots) {
		return nil
	}
	s := c.spots[n]
	if !slices.Contains(endings, peer.Way(s.fault)) {
		return nil
	}
	return &peer.Plan{Way: peer.Way(s.fault), At: s.at, Sent: !s.out}
}

// run runs the flow of c over connections that wrap has a hand in, and returns what
// went wrong.
func run(ctx context.Context, c cell, wrap func(net.Conn) net.Conn) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := &world{joined: make(chan struct{}), flow: c.flow}
	var once sync.Once
	w.peer = peer.New(peer.Config{
		Echo:         true,
		Renumber:     c.flow.renumber,
		Plan:         c.plan,
		Received:     func(_ string, m *peer.Message) { w.note(&w.received, m.Payload) },
		Acknowledged: func(_ string, m *peer.Message) { w.acknowledged(m.Payload) },
		Connected:    func(string, bool) { once.Do(func() { close(w.joined) }) },
	})
	defer w.peer.Close()
	if w.Client, err = w.dial(ctx, c.version, wrap); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	err = c.flow.run(ctx, w)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if e := w.Close(closing); err == nil && e != nil {
		err = fmt.Errorf("close: %w", e)
	}
	return w.judge(err)
}

func (w *world) dial(ctx context.Context, v mqtt.Version, wrap func(net.Conn) net.Conn) (*mqtt.Client, error) {
	cfg := mqtt.Config{
		Version: v, ClientID: clientID, KeepSession: true, KeepAlive: time.Second,
		Limits:    mqtt.Limits{PingTimeout: time.Second},
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond, Background: true},
		Transport: mqtt.Transport{
			ConnectTimeout: 2 * time.Second,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := w.peer.Dial(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return wrap(conn), nil
			},
		},
		OnMessage: w.handle,
		OnError:   w.report,
	}
	if v == mqtt.V5 {
		cfg.Properties.SessionExpiry = time.Hour
	}
	return mqtt.Dial(ctx, "mqtt://peer.invalid:1883", cfg)
}

// report takes what the client reports: poison, or what should not be.
func (w *world) report(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var poison *mqtt.PoisonError
	if errors.As(err, &poison) {
		w.reported = append(w.reported, poison.Topic)
		return
	}
	w.failure = err
}

func (w *world) handle(_ context.Context, m *mqtt.Received) {
	if w.flow.handling > 0 {
		<-time.After(w.flow.handling)
	}
	w.note(&w.handled, m.Payload)
}

// acknowledged is told of each message that the client has acknowledged.
func (w *world) acknowledged(payload []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := string(payload)
	if slices.Contains(w.flow.in.want, m) && !slices.Contains(w.handled, m) {
		w.unseen = append(w.unseen, m)
	}
}

func (w *world) note(to *[]string, payload []byte) {
	w.mu.Lock()
	*to = append(*to, string(payload))
	w.mu.Unlock()
}

// judge says what is wrong with what arrived; err is how the flow ended.
func (w *world) judge(err error) error {
	c := w.peer.Counts() // before the lock: the server holds its own while it tells of messages
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &w.flow
	if err = errors.Join(w.early(), err); err != nil {
		return err
	}
	switch {
	case c.Violated > 0:
		return fmt.Errorf("breach of the protocol: %s", c.Violations[0])
	case w.failure != nil:
		return fmt.Errorf("reported to Config.OnError: %w", w.failure)
	}
	if err := f.out.check("the server received", w.received); err != nil {
		return err
	}
	slices.Sort(w.reported)
	if want := slices.Sorted(slices.Values(f.poison)); !slices.Equal(w.reported, want) {
		return fmt.Errorf("messages to %q were reported, want %q", w.reported, want)
	}
	return f.in.check("the handlers got", w.handled)
}

// early says which messages were acknowledged before a handler was through with them.
// Those that no handler has got since are lost.
func (w *world) early() error {
	switch lost := without(w.unseen, w.handled); {
	case len(lost) > 0:
		return fmt.Errorf("%w: %q were acknowledged, and no handler got them", errLost, lost)
	case len(w.unseen) > 0:
		return fmt.Errorf("%w: %q, before a handler had returned", errEarly, w.unseen)
	}
	return nil
}

// without returns those of all that are not among some.
func without(all, some []string) (rest []string) {
	for _, s := range all {
		if !slices.Contains(some, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// expectation is what has to arrive.
type expectation struct {
	want []string
	qos  mqtt.QoS // of them all
}

// check compares: at QoS 2 it is exactly that, at QoS 1 some may be there again
// later, at QoS 0 some may be missing. Nothing else may be there.
func (e expectation) check(who string, got []string) error {
	compared := got
	if e.qos == mqtt.AtLeastOnce {
		compared = nil
		for _, m := range got {
			if !slices.Contains(compared, m) {
				compared = append(compared, m)
			}
		}
	}
	ok := slices.Equal(compared, e.want)
	if e.qos == mqtt.AtMostOnce {
		ok = isPart(compared, e.want)
	}
	if ok {
		return nil
	}
	err := fmt.Errorf("%s %q, want %q at QoS %d", who, got, e.want, e.qos)
	if e.qos != mqtt.AtMostOnce && len(without(e.want, got)) > 0 {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// isPart reports whether got is want with some missing.
func isPart(got, want []string) bool {
	for _, w := range want {
		if len(got) > 0 && got[0] == w {
			got = got[1:]
		}
	}
	return len(got) == 0
}
