package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// tellEvery is the least time between two warnings of dropped messages.
const tellEvery = time.Second

// guard decides who may connect, and tells of messages that the wrapped broker
// drops.
type guard struct {
	mochi.HookBase
	credentials map[string]credential // empty: everyone may connect; fixed
	logger      *slog.Logger          // fixed

	mu      sync.Mutex
	dropped int       // messages; mu
	told    int       // of them; mu
	silent  time.Time // until then no warning; mu
}

// newGuard returns the guard for users that ParseUsers, or the caller, gave.
func newGuard(users []User, logger *slog.Logger) (*guard, error) {
	g := &guard{credentials: make(map[string]credential, len(users)), logger: logger}
	for _, u := range users {
		c, err := newCredential(u.Password)
		if err != nil {
			return nil, err
		}
		g.credentials[u.Name] = c
	}
	return g, nil
}

// ID names the hook.
func (g *guard) ID() string { return "dunlin" }

// Provides lists the hook's methods.
func (g *guard) Provides(b byte) bool {
	switch b {
	case mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublishDropped, mochi.OnConnect, mochi.OnSessionEstablished:
		return true
	default:
		return false
	}
}

// OnConnect prepares a client that connects. Topic aliases towards it are off: the
// wrapped broker keeps aliased messages beyond the connection that they belong to.
func (g *guard) OnConnect(cl *mochi.Client, _ packets.Packet) error {
	cl.Properties.Props.TopicAliasMaximum = 0
	unlimit(cl)
	return nil
}

// OnSessionEstablished prepares a client whose session was kept.
func (g *guard) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) { unlimit(cl) }

// unlimit switches off the send quota of a client that asked for none. After each
// packet of a client with a quota, the wrapped broker takes a read lock twice, and
// hangs when another client publishes to it in between.
func unlimit(cl *mochi.Client) {
	if cl.Properties.Props.ReceiveMaximum >= maxInflight {
		cl.State.Inflight.ResetSendQuota(0)
	}
}

// OnConnectAuthenticate lets in everyone when no user is configured, else those
// with the right password.
func (g *guard) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	if len(g.credentials) == 0 {
		return true
	}
	c, known := g.credentials[string(pk.Connect.Username)]
	if known && c.matches(pk.Connect.Password) {
		return true
	}
	g.logger.Warn("connection refused: wrong user or password",
		"user", string(pk.Connect.Username), "client", cl.ID, "remote", cl.Net.Remote)
	return false
}

// OnACLCheck allows every topic to who is connected.
func (g *guard) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// OnPublishDropped tells of a message that a slow subscriber did not get. A client
// that stalls loses thousands at a time: they are told of together.
func (g *guard) OnPublishDropped(cl *mochi.Client, pk packets.Packet) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropped++
	if now := time.Now(); now.After(g.silent) {
		g.silent = now.Add(tellEvery)
		g.tellLocked("client", cl.ID, "topic", pk.TopicName)
	}
}

// tellRest tells of dropped messages that were not told of yet.
func (g *guard) tellRest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dropped > g.told {
		g.tellLocked()
	}
}

func (g *guard) tellLocked(last ...any) {
	g.logger.Warn("messages dropped: a client reads too slowly", append([]any{"messages", g.dropped - g.told}, last...)...)
	g.told = g.dropped
}

// quiet returns a logger for the wrapped broker, which tells of every start and
// hook at the level of information.
func quiet(l *slog.Logger) *slog.Logger { return slog.New(warnings{l.Handler()}) }

// warnings is a handler that takes warnings and errors only.
type warnings struct {
	slog.Handler
}

// Enabled is false below warnings.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the limit.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the limit.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
