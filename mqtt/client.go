package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/store"
)

// state is where a client is in its life. It only goes forward, except that a
// client that reconnects goes from any but closed back to offline.
type state byte

const (
	offline    state = iota // there is no transport
	opened                  // the transport stands
	connecting              // CONNECT was sent
	connected               // CONNACK accepted it
	closing                 // our last packet is on its way, or the link is being cut
	closed                  // the link has ended
)

// Client is a connection to a server, or with Config.Reconnect as many as it
// takes. Make it with Open or Dial; Close ends it. It is not used again after it
// has ended.
type Client struct {
	// Set by Open, not changed afterwards.
	transport Transport
	log       *slog.Logger
	ctx       context.Context // what handlers see; ends with the client
	cancel    context.CancelFunc
	gone      chan struct{} // closed when the client has ended
	delivered chan struct{} // closed when the deliver loop has ended
	saved     chan struct{} // closed when the save loop has ended; nil: there is none

	dialing bool       // made by Dial, which tells of a failed Connect itself
	begun   time.Time  // by Dial; its time goes on with Connect
	retry   *Reconnect // nil: the client ends with its connection
	store   store.Store

	version   atomic.Uint32 // of the protocol, set by Connect
	hushed    atomic.Bool   // Close was called: no handler or event begins any more
	resent    atomic.Bool   // the server sends again what is not acknowledged
	deliverID atomic.Uint64 // the deliver loop's goroutine

	mu      lock
	remote  string           // the server's URL; mu
	peer    net.Addr         // the server's address; mu
	cfg     Config           // from Connect; mu
	state   state            // mu
	link    *link.Link       // mu
	sess    *session.Session // mu
	connAck ConnAck          // mu
	cause   error            // why the connection ends; mu
	byUser  bool             // Close ended it; mu
	leaving bool             // Close waits for what is not complete; mu

	answered chan struct{} // closed when the CONNACK came, or the link ended; mu
	down     chan struct{} // closed when the link has ended; mu
	asked    bool          // the last CONNECT had Clean Start; mu
	rtt      time.Duration // of the last ping; mu
	course   *course       // over several connections; nil: there is one; mu
	saver    saver         // mu

	accepted    bool          // the CONNACK accepted the session; mu
	pingTimeout time.Duration // in force; mu
	pings       []*ping       // PINGREQs without an answer, oldest first; nil: keep alive; mu
	authData    []byte        // that came with the server's consent; mu
	reauth      chan struct{} // closed when a re-authentication succeeded; mu
	requests    *requester    // mu

	challenges chan []byte // authentication data to be answered, with Config.Auth; mu

	out  outbox        // mu
	in   inbox         // mu
	subs subscriptions // mu
}

// Open makes the transport to the server at url and returns a client that can
// Connect. The schemes are mqtt and tcp (port 1883 unless given), mqtts, ssl,
// tls and tcps (port 8883), ws (80) and wss (443) in a program that imports
// dunlin/mqtt/dial/ws, and unix with the path of a socket. A user name in the
// URL is for Dial. ctx bounds only the opening. The errors are *dial.Error,
// *ArgumentError for the URL, and ErrNotPermitted in ModeOff.
func Open(ctx context.Context, url string, t Transport) (*Client, error) {
	return open(ctx, url, t, false)
}

func open(ctx context.Context, url string, t Transport, dialing bool) (*Client, error) {
	address, err := reachable(url)
	if err != nil {
		return nil, err
	}
	if t.MaxPacket < 0 {
		return nil, &ArgumentError{Name: "Transport.MaxPacket", What: fmt.Sprintf("%d is negative", t.MaxPacket)}
	}
	t.fill()
	begun := time.Now()
	conn, err := t.open(ctx, address)
	if err != nil {
		return nil, err
	}
	c := newClient(t)
	if c.dialing = dialing; dialing {
		c.begun = begun
	}
	c.mu.Lock()
	c.attachLocked(conn, address.String())
	c.mu.Unlock()
	go c.deliverLoop()
	return c, nil
}

// reachable returns the address of url, if connections may be made at all.
func reachable(url string) (dial.Address, error) {
	if CurrentMode() == ModeOff {
		return dial.Address{}, fmt.Errorf("open: mode is off: %w", ErrNotPermitted)
	}
	address, err := dial.ParseAddress(url)
	if err != nil {
		return dial.Address{}, &ArgumentError{Name: "url", What: err.Error()}
	}
	return address, nil
}

// open makes the connection, within the ConnectTimeout.
func (t *Transport) open(ctx context.Context, address dial.Address) (net.Conn, error) {
	ctx, cancel := within(ctx, t.ConnectTimeout, "no connection")
	defer cancel()
	return dial.Open(ctx, address, dial.Options{
		Dial: t.Dial, TLS: t.TLS, HandshakeTimeout: t.TLSTimeout, WebSocket: t.WebSocket,
	})
}

// attachLocked begins a connection.
func (c *Client) attachLocked(conn net.Conn, remote string) {
	c.remote, c.peer = remote, conn.RemoteAddr()
	c.state, c.accepted, c.cause = opened, false, nil
	c.answered, c.down = make(chan struct{}), make(chan struct{})
	c.link = link.Start(conn, (*owner)(c), link.Config{
		ReadBuffer:  c.transport.ReadBuffer,
		MaxPacket:   c.transport.MaxPacket,
		StreamLarge: c.transport.Handlers.Stream != nil,
		Linger:      linger,
		WriteStalls: c.writeStalls,
	})
}

func newClient(t Transport) *Client {
	c := &Client{
		transport: t, log: t.Logger,
		gone:      make(chan struct{}),
		delivered: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.mu.note = c.noteHandledLocked
	c.in.wake = make(chan struct{}, 1)
	c.in.gate = make(chan struct{}, 1)
	c.subs.client = c
	c.subs.table = new(route.Table[*subscription])
	return c
}

// Dial makes the transport to the server at url and connects. It is Open with
// cfg.Transport and Connect with cfg; when either fails nothing is left behind.
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
	c, err := open(ctx, url, cfg.Transport, true)
	if err != nil {
		return nil, err
	}
	if err := c.Connect(ctx, cfg); err != nil {
		c.abort(ErrClosed)
		<-c.delivered // at once: no handler runs without a session
		return cfg.follow(ctx, err, left)
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
	d := c.transport.ConnectTimeout
	if _, has := ctx.Deadline(); has || d < 0 || c.begun.IsZero() {
		return within(ctx, d, "no CONNACK")
	}
	return context.WithDeadlineCause(ctx, c.begun.Add(d), timeoutError{"no CONNACK within " + d.String()})
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

// IsConnected reports whether the server has accepted the session and the
// connection stands.
func (c *Client) IsConnected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == connected
}

// IsQueued reports whether a packet waits to be written, or a QoS 1 or 2
// publish is not completed.
func (c *Client) IsQueued() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != closed && (c.out.waiting() || c.sess != nil && c.sess.Busy())
}

// Remote returns the server's URL in canonical form, without credentials; of the
// last connection when there is none.
func (c *Client) Remote() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// RemoteAddr returns the network address of the server; nil before the first
// connection.
func (c *Client) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer
}

// Done returns a channel that is closed when the client has ended: with its
// connection, or with Reconnect when no other attempt will be made.
func (c *Client) Done() <-chan struct{} { return c.gone }

// Err returns why the client ended: nil while it has not, ErrClosed after
// Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != closed {
		return nil
	}
	return c.endLocked()
}

// endLocked returns why nothing can be sent any more, for an error's cause.
func (c *Client) endLocked() error {
	switch {
	case c.byUser:
		return ErrClosed
	case c.cause != nil:
		return fmt.Errorf("%w: %w", ErrClosed, c.cause)
	default:
		return ErrClosed
	}
}

// usableLocked returns nil when the client is connected, else why it is not.
func (c *Client) usableLocked() error {
	switch c.state {
	case connected:
		if c.leaving {
			return ErrClosed
		}
		return nil
	case offline, opened, connecting:
		if c.byUser || c.leaving {
			return ErrClosed
		}
		return ErrNotConnected
	default:
		return c.endLocked()
	}
}

// parkedLocked reports whether what cannot be sent now will be later.
func (c *Client) parkedLocked() bool {
	return c.retry != nil && c.state < connected && !c.byUser
}

// writeStalls is how long a write may make no progress: as long as silence is
// allowed to last.
func (c *Client) writeStalls() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state < connected || c.connAck.KeepAlive <= 0 {
		return 0
	}
	return c.connAck.KeepAlive + c.pingTimeout
}
