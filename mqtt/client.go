package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/session"
)

// state is where a client is in its life. It only goes forward.
type state byte

const (
	opened     state = iota // the transport stands
	connecting              // CONNECT was sent
	connected               // CONNACK accepted it
	closing                 // our last packet is on its way, or the link is being cut
	closed                  // the link has ended
)

// Client is one connection to a server. Make it with Open or Dial; Close ends
// it. It is not used again after its connection ended.
type Client struct {
	// Set by Open, not changed afterwards.
	transport Transport
	remote    string   // the server's URL
	peer      net.Addr // the server's address
	log       *slog.Logger
	ctx       context.Context // what handlers see; ends with the client
	cancel    context.CancelFunc
	answered  chan struct{} // closed when the CONNACK came, or the link ended
	gone      chan struct{} // closed when the link has ended
	delivered chan struct{} // closed when the deliver loop has ended

	dialing bool      // made by Dial, which tells of a failed Connect itself
	begun   time.Time // by Dial; its time goes on with Connect

	version   atomic.Uint32 // of the protocol, set by Connect
	hushed    atomic.Bool   // Close was called: no handler or event begins any more
	resent    atomic.Bool   // the server sends again what is not acknowledged
	deliverID atomic.Uint64 // the deliver loop's goroutine

	mu      sync.Mutex
	cfg     Config           // from Connect; mu
	state   state            // mu
	link    *link.Link       // mu
	sess    *session.Session // mu
	connAck ConnAck          // mu
	cause   error            // why the client ends; mu
	byUser  bool             // Close ended it; mu

	accepted    bool          // the CONNACK accepted the session; mu
	pingTimeout time.Duration // in force; mu
	pings       []*ping       // PINGREQs without an answer, oldest first; nil: keep alive; mu
	authData    []byte        // that came with the server's consent; mu
	reauth      chan struct{} // closed when a re-authentication succeeded; mu
	requests    *requester    // mu

	challenges chan []byte // authentication data to be answered

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
	if CurrentMode() == ModeOff {
		return nil, fmt.Errorf("open: mode is off: %w", ErrNotPermitted)
	}
	address, err := dial.ParseAddress(url)
	if err != nil {
		return nil, &ArgumentError{Name: "url", What: err.Error()}
	}
	if t.MaxPacket < 0 {
		return nil, &ArgumentError{Name: "Transport.MaxPacket", What: fmt.Sprintf("%d is negative", t.MaxPacket)}
	}
	t.fill()
	begun := time.Now()
	ctx, cancel := within(ctx, t.ConnectTimeout, "no connection")
	defer cancel()
	conn, err := dial.Open(ctx, address, dial.Options{
		Dial: t.Dial, TLS: t.TLS, HandshakeTimeout: t.TLSTimeout, WebSocket: t.WebSocket,
	})
	if err != nil {
		return nil, err
	}
	c := newClient(t, address.String())
	if c.dialing = dialing; dialing {
		c.begun = begun
	}
	c.peer = conn.RemoteAddr()
	c.mu.Lock()
	c.link = link.Start(conn, (*owner)(c), link.Config{
		ReadBuffer:  t.ReadBuffer,
		MaxPacket:   t.MaxPacket,
		StreamLarge: t.Handlers.Stream != nil,
		Linger:      linger,
		WriteStalls: c.writeStalls,
	})
	c.mu.Unlock()
	go c.deliverLoop()
	return c, nil
}

func newClient(t Transport, remote string) *Client {
	c := &Client{
		transport: t, remote: remote, log: t.Logger,
		answered:  make(chan struct{}),
		gone:      make(chan struct{}),
		delivered: make(chan struct{}),

		challenges: make(chan []byte, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.in.wake = make(chan struct{}, 1)
	c.in.gate = make(chan struct{}, 1)
	c.subs.table = new(route.Table[*subscription])
	return c
}

// Dial makes the transport to the server at url and connects. It is Open with
// cfg.Transport and Connect with cfg; when either fails nothing is left behind.
// The URL's user name and password count where cfg has neither.
func Dial(ctx context.Context, url string, cfg Config) (*Client, error) {
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

// Remote returns the server's URL in canonical form, without credentials.
func (c *Client) Remote() string { return c.remote }

// RemoteAddr returns the network address of the server.
func (c *Client) RemoteAddr() net.Addr { return c.peer }

// Done returns a channel that is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.gone }

// Err returns why the connection ended: nil while it stands, ErrClosed after
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
		return nil
	case opened, connecting:
		return ErrNotConnected
	default:
		return c.endLocked()
	}
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
