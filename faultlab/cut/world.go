package cut

import (
	"context"
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
)

// world is a client, its server, and what either got.
type world struct {
	*mqtt.Client
	peer   *peer.Peer
	joined chan struct{} // closed when the server accepted a CONNECT

	mu       sync.Mutex
	received []string // by the server
	handled  []string // by the client's handlers
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
	err = run(ctx, f, v, func(conn net.Conn) net.Conn {
		c := &counted{Conn: conn}
		if first == nil {
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
	return run(ctx, c.flow, c.version, func(conn net.Conn) net.Conn {
		n := int(made.Add(1))
		if n > len(c.spots) {
			return conn
		}
		s := c.spots[n-1]
		if s.out {
			return mqtttest.NewFaulty(conn, mqtttest.Faults{OnWrite: faults[s.fault], WriteBytes: s.at})
		}
		return mqtttest.NewFaulty(conn, mqtttest.Faults{OnRead: faults[s.fault], ReadBytes: s.at})
	})
}

// run runs one flow over connections that wrap has a hand in, and returns what
// went wrong.
func run(ctx context.Context, f flow, v mqtt.Version, wrap func(net.Conn) net.Conn) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := &world{joined: make(chan struct{})}
	var once sync.Once
	w.peer = peer.New(peer.Config{
		Echo:      true,
		Received:  func(_ string, m *peer.Message) { w.note(&w.received, m.Payload) },
		Connected: func(string, bool) { once.Do(func() { close(w.joined) }) },
	})
	defer w.peer.Close()
	if w.Client, err = w.dial(ctx, v, wrap); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	err = f.run(ctx, w)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if e := w.Close(closing); err == nil && e != nil {
		err = fmt.Errorf("close: %w", e)
	}
	return w.judge(f, err)
}

func (w *world) dial(ctx context.Context, v mqtt.Version, wrap func(net.Conn) net.Conn) (*mqtt.Client, error) {
	cfg := mqtt.Config{
		Version: v, ClientID: clientID, KeepSession: true, KeepAlive: time.Second,
		Limits:    mqtt.Limits{PingTimeout: time.Second},
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond, Background: true},
		Transport: mqtt.Transport{ConnectTimeout: 2 * time.Second,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := w.peer.Dial(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return wrap(conn), nil
			}}, OnMessage: func(_ context.Context, m *mqtt.Received) { w.note(&w.handled, m.Payload) },
		OnError: func(err error) {
			w.mu.Lock()
			w.failure = err
			w.mu.Unlock()
		},
	}
	if v == mqtt.V5 {
		cfg.Properties.SessionExpiry = time.Hour
	}
	return mqtt.Dial(ctx, "mqtt://peer.invalid:1883", cfg)
}

func (w *world) note(to *[]string, payload []byte) {
	w.mu.Lock()
	*to = append(*to, string(payload))
	w.mu.Unlock()
}

// judge says what is wrong with what arrived.
func (w *world) judge(f flow, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch c := w.peer.Counts(); {
	case err != nil:
		return err
	case c.Violated > 0:
		return fmt.Errorf("breach of the protocol: %s", c.Violations[0])
	case w.failure != nil:
		return fmt.Errorf("reported to Config.OnError: %w", w.failure)
	}
	if err := f.out.check("the server received", w.received); err != nil {
		return err
	}
	return f.in.check("the handlers got", w.handled)
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
	return fmt.Errorf("%s %q, want %q at QoS %d", who, got, e.want, e.qos)
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
