package mqtt

import (
	"cmp"
	"context"
	"net"
	"sync/atomic"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
)

// Client is a connection to a server, or with Config.Reconnect as many as it
// takes. Make it with Open or Dial; Close ends it. It is not used again after it
// has ended.
type Client struct {
	// Set when it is made, not changed afterwards.
	opened     *Config         // its Transport and callbacks count, for all connections
	ctx        context.Context // what handlers see; ends with the client
	cancel     context.CancelFunc
	supervisor *supervisor // makes connections; nil: there is one
	saver      *saver      // nil: there is no store

	version atomic.Uint32 // of the protocol, set by Connect
	gone    signal        // the client has ended

	mu       lock
	cfg      *Config          // of the connection that stands, or is made; not changed; mu
	life     life.Machine     // mu
	conn     *connection      // that stands, or the last one; mu
	sess     *session.Session // nil: before Connect, and after the end; mu
	send     sender           // mu
	recv     receiver
	subs     subscriptions // mu
	requests *requester    // mu
	awaited  chan struct{} // closed with the next CONNACK that accepts; nil: nobody waits; mu
	authTurn chan struct{} // holds a value while an Authenticator is in use; mu
}

// Open makes the transport to the server at url and returns a client that can
// Connect. The schemes are mqtt and tcp (port 1883 unless given), mqtts, ssl,
// tls and tcps (port 8883), ws (80) and wss (443) in a program that imports
// dunlin/mqtt/dial/ws, unix with the path of a socket, and mqtt+srv and mqtts+srv with a
// domain, whose SRV records name the servers: the first that can be reached is taken. A user name in the
// URL is for Dial. ctx bounds only the opening.
//
// Of cfg, Open takes the Transport and the callbacks; what Connect is to have, or only
// Dial can do, it does not accept. The errors are *dial.Error, *ArgumentError for URL and
// cfg, and ErrNotPermitted in ModeOff.
func Open(ctx context.Context, url string, cfg Config) (*Client, error) {
	if err := cfg.checkOpen(); err != nil {
		return nil, err
	}
	cfg.fill()
	return open(ctx, url, &cfg, false)
}

// open is Open with a cfg that is filled in and is not changed any more.
func open(ctx context.Context, url string, cfg *Config, dialing bool) (*Client, error) {
	address, err := reachable(url, cfg.Mode)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	conn, address, err := cfg.Transport.open(ctx, address, dial.LookUp)
	if err != nil {
		return nil, err
	}
	c := newClient(cfg, life.Kind{Dialed: dialing})
	c.mu.Lock()
	c.attachLocked(conn, address)
	if dialing { // its time goes on with Connect
		c.conn.begun = begun
	}
	c.mu.Unlock()
	return c, nil
}

// reachable returns the address of url, if connections may be made at all.
func reachable(url string, mode Mode) (dial.Address, error) {
	if err := mode.checkOn("open"); err != nil {
		return dial.Address{}, err
	}
	address, err := dial.ParseAddress(url)
	if err != nil {
		return dial.Address{}, &ArgumentError{Name: "url", What: err.Error()}
	}
	return address, nil
}

// finder finds the servers of an address, as dial.LookUp does.
type finder func(ctx context.Context, address dial.Address, r *net.Resolver) ([]dial.Address, error)

// open makes the connection, within the ConnectTimeout, and says to which server: that is address
// unless it is a domain with SRV records, whose servers lookUp finds.
func (t *Transport) open(ctx context.Context, address dial.Address, lookUp finder) (net.Conn, dial.Address, error) {
	ctx, cancel := within(ctx, t.ConnectTimeout, "no connection")
	defer cancel()
	servers, err := lookUp(ctx, address, t.Resolver)
	if err != nil {
		return nil, address, err
	}
	return dial.OpenFirst(ctx, servers, dial.Options{
		Dial: t.Dial, Resolver: t.Resolver, TLS: t.TLS, HandshakeTimeout: t.TLSTimeout, WebSocket: t.WebSocket,
	})
}

func newClient(cfg *Config, kind life.Kind) *Client {
	c := &Client{opened: cfg, cfg: cfg, life: life.New(kind), conn: new(connection)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.recv.init(c)
	c.send.mu = &c.mu
	c.subs.init(c)
	return c
}

// Dial makes the transport to the server at url and connects. It is Open and Connect,
// each with its part of cfg; when either fails nothing is left behind.
// The URL's user name and password count where cfg has neither. With
// cfg.Reconnect the client goes on when a connection ends.
func Dial(ctx context.Context, url string, cfg Config) (*Client, error) {
	if cfg.Reconnect != nil || cfg.Store != nil {
		return dialLasting(ctx, url, cfg)
	}
	return dialFrom(ctx, url, cfg, maxRedirects)
}

// dialFrom is Dial with so many redirections left.
func dialFrom(ctx context.Context, url string, cfg Config, left int) (*Client, error) {
	cfg.takeUser(url)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Version == VersionAuto { // one limit for all attempts
		var cancel context.CancelFunc
		ctx, cancel = within(ctx, cmp.Or(cfg.Transport.ConnectTimeout, DefaultConnectTimeout), "no session")
		defer cancel()
	}
	var c *Client
	err := cfg.negotiate(0, func(as Config) (err error) {
		as.fill()
		c, err = dialOnce(ctx, url, &as)
		return err
	})
	if err != nil {
		return cfg.follow(ctx, err, left)
	}
	return c, nil
}

// dialOnce makes one connection to url and connects by cfg, which is valid, filled in and not changed
// any more.
func dialOnce(ctx context.Context, url string, cfg *Config) (*Client, error) {
	c, err := open(ctx, url, cfg, true)
	if err != nil {
		return nil, err
	}
	if err := c.handshake(ctx, cfg); err != nil {
		c.abort(ErrClosed)
		<-c.recv.done.given() // at once: no handler runs without a session
		return nil, err
	}
	return c, nil
}

// takeUser takes user name and password from the URL where cfg has neither. What
// is wrong with the URL, open tells.
func (cfg *Config) takeUser(url string) {
	address, err := dial.ParseAddress(url)
	if err != nil || address.User == nil || cfg.Username != "" || cfg.Password != nil {
		return
	}
	cfg.Username = address.User.Username()
	if password, has := address.User.Password(); has {
		cfg.Password = []byte(password)
	}
}

// patience bounds ctx to what is left for the CONNACK: all of the
// ConnectTimeout after Open, the rest of it within Dial.
func (c *Client) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	begun := c.conn.begun
	c.mu.Unlock()
	d := c.opened.Transport.ConnectTimeout
	if _, has := ctx.Deadline(); has || d < 0 || begun.IsZero() {
		return within(ctx, d, "no CONNACK")
	}
	return context.WithDeadlineCause(ctx, begun.Add(d), timeoutError{"no CONNACK within " + d.String()})
}

// within bounds ctx to d, unless it has a deadline of its own or d is negative.
func within(ctx context.Context, d time.Duration, what string) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || d < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, timeoutError{what + " within " + d.String()})
}

// timeoutError is a time-out in our words; it is a context.DeadlineExceeded and
// says Timeout as net.Error does.
type timeoutError struct{ what string }

func (e timeoutError) Error() string   { return e.what }
func (e timeoutError) Timeout() bool   { return true }
func (e timeoutError) Temporary() bool { return true }
func (e timeoutError) Unwrap() error   { return context.DeadlineExceeded }

// IsQueued reports whether a packet waits to be written, or a QoS 1 or 2
// publish is not completed.
func (c *Client) IsQueued() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.life.HasEnded() && (c.send.waiting() || c.sess != nil && c.sess.Busy())
}

// Done returns a channel that is closed when the client has ended: with its
// connection, or with Reconnect when no other attempt will be made.
func (c *Client) Done() <-chan struct{} { return c.gone.given() }

// Err returns why the client ended: nil while it has not, ErrClosed after
// Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.life.HasEnded() {
		return nil
	}
	return c.life.End()
}

// lasting reports whether publishes outlive the connection.
func (c *Client) lasting() bool { return c.supervisor != nil }
