package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt"
)

// fleet is the clients: each publishes to one other, and subscribes to what comes for itself.
type fleet struct {
	about   About
	urls    []string
	run     string // in all names, so that runs do not meet
	book    *book
	events  *events
	members []*mqtt.Client
	closing atomic.Bool
	errs    errorLog
}

func newFleet(c Cluster, clients int) *fleet {
	return &fleet{
		about: c.About(), urls: c.URLs(), run: strconv.FormatUint(rand.Uint64(), 36),
		book: newBook(clients), events: newEvents(), members: make([]*mqtt.Client, clients),
	}
}

// name is a client identifier or topic of this run that every server takes.
func (f *fleet) name(kind string, i int) string { return fmt.Sprintf("%s-%s-%d", kind, f.run, i) }

// connectTimeout is how long a client waits for a node that takes its connection and does not answer.
const connectTimeout = 5 * time.Second

// config is that of client i.
func (f *fleet) config(i int) mqtt.Config {
	cfg := mqtt.Config{
		ClientID: f.name("client", i), KeepSession: true, KeepAlive: 5 * time.Second,
		Limits:    mqtt.Limits{PingTimeout: 8 * time.Second}, // a server may answer no ping while it waits for its cluster
		Transport: mqtt.Transport{ConnectTimeout: connectTimeout, Dial: f.dialer(i)},
		Reconnect: &mqtt.Reconnect{
			Servers: f.urls[1:], Order: mqtt.ServersShuffled,
			MinDelay: 500 * time.Millisecond, MaxDelay: 4 * time.Second, Stable: 5 * time.Second, Background: true,
		},
		OnConnect: func(*mqtt.Client) { f.events.add(event{what: online, client: i}) },
		OnDisconnect: func(error) {
			if !f.closing.Load() {
				f.events.add(event{what: offline, client: i})
			}
		},
		OnError: func(err error) { f.errs.add(fmt.Errorf("client %d: %w", i, err)) },
	}
	if f.about.V5 {
		cfg.Version = mqtt.V5
		cfg.Properties.SessionExpiry = time.Hour
	}
	return cfg
}

// dialer makes client i's connections, which are tapped.
func (f *fleet) dialer(i int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		node := f.node(address)
		f.events.add(event{what: dialed, client: i, node: node})
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return newTap(conn, f, i, node), nil
	}
}

func (f *fleet) node(address string) int {
	for i, text := range f.urls {
		if u, err := url.Parse(text); err == nil && u.Host == address {
			return i
		}
	}
	return -1
}

// connect has all clients connect and subscribe, so many a second. Before them a client connects to each node, alone: a
// cluster may set up what it stores when the first one comes.
func (f *fleet) connect(ctx context.Context, ramp float64) error {
	for i, server := range f.urls {
		cfg := mqtt.Config{
			ClientID: f.name("first", i), Reconnect: &mqtt.Reconnect{Background: true},
			Transport: mqtt.Transport{ConnectTimeout: connectTimeout},
		}
		first, err := mqtt.Dial(ctx, server, cfg)
		if err != nil {
			return err
		}
		if err := errors.Join(first.AwaitConnected(ctx), first.Close(ctx)); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	errs := make([]error, len(f.members))
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tick := time.NewTicker(time.Duration(float64(time.Second) / ramp))
	defer tick.Stop()
	for i := range f.members {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		tasks.Go(func() { errs[i] = f.join(ctx, i) })
	}
	tasks.Wait()
	return errors.Join(errs...)
}

func (f *fleet) join(ctx context.Context, i int) error {
	client, err := mqtt.Dial(ctx, f.urls[0], f.config(i))
	if err != nil {
		return fmt.Errorf("client %d: %w", i, err)
	}
	f.members[i] = client
	err = subscribe(ctx, client, mqtt.Subscription{
		Filter: f.name("to", i), QoS: mqtt.AtLeastOnce,
		Handler: func(_ context.Context, m *mqtt.Received) {
			if m, ok := parseMark(m.Payload); ok {
				f.book.handled(m, i)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("client %d: %w", i, err)
	}
	return nil
}

// subscribe goes on until it is granted: a cluster that elects a leader, or has much to do, may refuse it for a while.
func subscribe(ctx context.Context, client *mqtt.Client, s mqtt.Subscription) error {
	for {
		_, err := client.Subscribe(ctx, s)
		if err == nil {
			return nil
		}
		if wait(ctx, time.Second) != nil {
			return err
		}
	}
}

// window is how many messages of a client may be under way: a cluster that is slower than the rate sets the pace.
const window = 4

// publish has client i publish its next message, and reports whether it did.
func (f *fleet) publish(ctx context.Context, i int) bool {
	m, ok := f.book.next(i, window)
	if !ok {
		return false
	}
	_, err := f.members[i].PublishAsync(ctx, mqtt.Message{Topic: f.name("to", f.book.subscriber(i)), Payload: m.payload(), QoS: mqtt.AtLeastOnce},
		func(err error) { f.book.ended(m, err) })
	if err != nil {
		f.book.ended(m, err)
	}
	return true
}

// publishLoop publishes at a rate, or as fast as the windows let it, the clients in turn, until stop is closed and at least as
// many messages as asked for have gone out.
func (f *fleet) publishLoop(ctx context.Context, rate float64, messages int, stop <-chan struct{}) {
	const period = 10 * time.Millisecond
	tick := time.NewTicker(period)
	defer tick.Stop()
	next, sent, due := 0, 0, 0.0
	for {
		due = min(due+rate*period.Seconds(), rate) // a second's messages, where it is behind
		for range f.members {
			if due < 1 {
				break
			}
			if f.publish(ctx, next) {
				sent++
				due--
			}
			next = (next + 1) % len(f.members)
		}
		if sent >= messages && stopped(stop) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// drain waits until every message is acknowledged and handled, or for as long as patience without any progress.
func (f *fleet) drain(ctx context.Context, patience time.Duration) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last, since := -1, time.Now()
	for {
		unfinished, unhandled := f.book.missing()
		left := unfinished + unhandled
		if left != last {
			last, since = left, time.Now()
		}
		if left == 0 || time.Since(since) > patience {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// close ends all clients.
func (f *fleet) close(ctx context.Context) error {
	f.closing.Store(true)
	errs := make([]error, len(f.members))
	var tasks sync.WaitGroup
	for i, c := range f.members {
		if c != nil {
			tasks.Go(func() { errs[i] = c.Close(ctx) })
		}
	}
	tasks.Wait()
	return errors.Join(errs...)
}

// errorLog keeps the first errors, and counts all.
type errorLog struct {
	mu    sync.Mutex
	first []string
	n     int
}

func (l *errorLog) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; len(l.first) < 10 {
		l.first = append(l.first, err.Error())
	}
}

func (l *errorLog) list() (first []string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.n
}
