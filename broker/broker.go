// Package broker is the development broker that dunlin carries: MQTT 3.1, 3.1.1
// and 5 over TCP, TLS and WebSocket in the caller's own process, for trying
// things out and for tests. It keeps everything in memory. It wraps
// mochi-mqtt/server, which does the protocol; this package adds listeners that
// are ready when Start returns, users, sessions that go from one connection to the next
// without losing a message, and an end that leaves nothing behind.
//
// It is no broker to rely on: docs/INTEROP.md has what the wrapped broker does in its
// own way.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	// maxPacketSize is the longest packet taken. The wrapped broker reserves the
	// announced length at once, so one must be set.
	maxPacketSize = 64 << 20
	// maxInflight is how many QoS 1 and 2 messages may be under way to one client,
	// where more are dropped with a warning, and how many from it: all that have a
	// packet identifier, for MQTT 3 has no way to tell a client of less. It costs
	// nothing while they do not come.
	maxInflight = 65535
	// maxAliases is how many topic aliases a client may use, as many as Mosquitto lets it.
	maxAliases = 10
	// farewellLimit bounds the writing of DISCONNECT to clients that do not read.
	farewellLimit = time.Second
)

// Config says what a broker serves. The zero value serves anonymous clients on a
// free port of the loopback interface.
//
// What is not set there is the same for every broker: packets of up to 64 MiB, 65,535
// unfinished messages of QoS 1 and 2 each way and 10 topic aliases of a client, of which
// CONNACK of MQTT 5 tells, sessions and messages as long as their clients ask for, and no
// persistence. Messages to topics that begin with $SYS or $share/ are not handed on:
// in MQTT 5 they are refused with 0x87, before it acknowledged, as Mosquitto does.
type Config struct {
	Listeners []Listener   // default: one at tcp://127.0.0.1:0
	TLS       *tls.Config  // for tls:// and wss:// listeners without one of their own; not changed
	Users     []User       // who may connect; with UsersFile, those of both; with neither everyone may
	UsersFile string       // a file as ParseUsers takes it, read by Start; one without a user is an error
	Logger    *slog.Logger // warnings and errors of the broker; default: none are written
	Fault     Fault        // what goes wrong on purpose; default: nothing
}

// Listener is one address that the broker serves.
type Listener struct {
	// URL is scheme://host:port with tcp or mqtt, tls, ssl or mqtts, ws or wss.
	// Port 0 takes a free one. Without a port: 1883, 8883, 80 or 443. An empty
	// host is every address of the machine. A WebSocket listener serves any path.
	URL string
	TLS *tls.Config // for tls and wss; default Config.TLS
}

// Broker is a running broker. Its methods may be called by many goroutines.
type Broker struct {
	server    *mochi.Server
	guard     *guard
	sessions  *sessions
	wills     *wills
	faults    *faults // nil: none
	listeners []*listener
	closing   sync.Once
	closed    chan struct{} // closed when Close is through
	err       error         // of the end; read it after closed
}

// Start binds all listeners and returns a broker that is ready for clients. ctx
// bounds the start only; the broker runs until Close. When one listener cannot be
// bound, nothing stays open, and the error names it.
func Start(ctx context.Context, cfg Config) (*Broker, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("broker: start: %w", err)
	}
	users, err := cfg.users()
	if err != nil {
		return nil, err
	}
	logger := cfg.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	addresses := cfg.Listeners
	if len(addresses) == 0 {
		addresses = []Listener{{URL: "tcp://127.0.0.1:0"}}
	}
	guard, err := newGuard(users, logger)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	faults, err := newFaults(cfg.Fault, logger)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &Broker{guard: guard, sessions: newSessions(), faults: faults, closed: make(chan struct{})}
	for _, address := range addresses {
		l, err := listen(ctx, address, cfg.TLS)
		if err != nil {
			b.unbind()
			return nil, err
		}
		l.logger, l.sessions, l.faults = logger, b.sessions, b.faults
		b.listeners = append(b.listeners, l)
	}
	if err := b.serve(quiet(logger)); err != nil {
		b.unbind()
		return nil, err
	}
	return b, nil
}

// Addr returns the first listener's address as host:port, with the port that was
// really taken.
func (b *Broker) Addr() string { return b.listeners[0].Addr().String() }

// URLs returns the address of every listener, in the order of Config, with the
// ports that were really taken.
func (b *Broker) URLs() []string {
	urls := make([]string, len(b.listeners))
	for i, l := range b.listeners {
		urls[i] = l.url()
	}
	return urls
}

// Fault returns what goes wrong on purpose, with the seed that was really taken.
func (b *Broker) Fault() Fault {
	if b.faults == nil {
		return Fault{}
	}
	return b.faults.Fault
}

// Faults returns how often something went wrong on purpose so far.
func (b *Broker) Faults() FaultCounts { return b.faults.counts() }

// Close ends all connections and listeners and returns when they have ended.
// Clients of MQTT 5 are told first, as long as ctx and a second last. Further
// calls wait for the first one and return what it returned.
func (b *Broker) Close(ctx context.Context) error {
	b.closing.Do(func() {
		defer close(b.closed)
		b.sayGoodbye(ctx)
		b.err = b.server.Close()
		b.wills.end()
		b.guard.tellRest()
		b.faults.tell()
	})
	<-b.closed
	return b.err
}

// serve starts the wrapped broker on listeners that are bound already.
func (b *Broker) serve(logger *slog.Logger) error {
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumPacketSize = maxPacketSize
	capabilities.MaximumInflight = maxInflight
	capabilities.ReceiveMaximum = maxInflight
	capabilities.TopicAliasMaximum = maxAliases
	capabilities.MaximumMessageExpiryInterval = 0                  // else every message gets one
	capabilities.Compatibilities.NoInheritedPropertiesOnAck = true // PUBACK has no room for a PUBLISH's
	b.server = mochi.New(&mochi.Options{Capabilities: capabilities, Logger: logger})
	b.sessions.server = b.server
	b.wills = newWills(b.server)
	hooks := []mochi.Hook{b.guard, b.sessions, &answers{server: b.server}, b.wills}
	if b.faults != nil {
		b.faults.server = b.server
		hooks = append(hooks, b.faults)
	}
	for _, hook := range hooks {
		if err := b.server.AddHook(hook, nil); err != nil {
			return fmt.Errorf("broker: %w", err)
		}
	}
	for _, l := range b.listeners {
		if err := b.server.AddListener(attached{l}); err != nil {
			return fmt.Errorf("broker: listen on %s: %w", l.url(), err)
		}
	}
	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// sayGoodbye sends DISCONNECT to the connected clients of MQTT 5. Older versions
// have no such packet from a server: their connection just ends [MQTT-3.14.1].
func (b *Broker) sayGoodbye(ctx context.Context) {
	limit := time.Now().Add(farewellLimit)
	if d, ok := ctx.Deadline(); ok && d.Before(limit) {
		limit = d
	}
	for _, l := range b.listeners {
		l.refuse(limit)
	}
	stop := context.AfterFunc(ctx, func() {
		for _, l := range b.listeners {
			l.refuse(time.Now())
		}
	})
	defer stop()
	var told sync.WaitGroup
	for _, client := range b.server.Clients.GetAll() {
		if client.Properties.ProtocolVersion < 5 || client.Closed() {
			continue
		}
		told.Go(func() {
			// An error means that the client is gone, which is what comes next anyway.
			_ = b.server.DisconnectClient(client, packets.ErrServerShuttingDown)
		})
	}
	told.Wait()
}

// unbind gives back what Start had bound before it failed.
func (b *Broker) unbind() {
	for _, l := range b.listeners {
		l.end()
	}
}

// users returns all users of the configuration.
func (c *Config) users() ([]User, error) {
	users := c.Users
	if c.UsersFile != "" {
		fromFile, err := readUsersFile(c.UsersFile)
		if err != nil {
			return nil, err
		}
		if len(fromFile) == 0 {
			// Taking it for "no users" would open the broker to everyone.
			return nil, fmt.Errorf("broker: users file %s holds no user; add a line name:password", c.UsersFile)
		}
		users = append(users[:len(users):len(users)], fromFile...)
	}
	for _, u := range users {
		if u.Name == "" {
			return nil, errors.New("broker: a user without a name; every one needs a name and a password")
		}
	}
	return users, nil
}
