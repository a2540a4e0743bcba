package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/store"
)

// Version is a version of the MQTT protocol.
type Version byte

// The versions. The zero value of Config.Version means V311.
const (
	V31  Version = 3 // MQTT 3.1
	V311 Version = 4 // MQTT 3.1.1
	V5   Version = 5 // MQTT 5
	// VersionAuto is MQTT 5, or 3.1.1 with a server that does not speak 5: see Config.Version.
	VersionAuto Version = 255
)

// String returns "3.1", "3.1.1", "5" or "auto".
func (v Version) String() string {
	if v == VersionAuto {
		return "auto"
	}
	return wire.Version(v).String()
}

// QoS is a quality of service level.
type QoS byte

// The quality of service levels.
const (
	AtMostOnce  QoS = 0 // fire and forget
	AtLeastOnce QoS = 1 // acknowledged; may arrive twice
	ExactlyOnce QoS = 2 // acknowledged in two steps; arrives once
)

// Defaults of Config and Transport.
const (
	DefaultKeepAlive      = 60 * time.Second
	DefaultConnectTimeout = 30 * time.Second
	DefaultReadBuffer     = 1024
	DefaultMaxPacket      = 16 << 20
)

// Config describes a session: who connects, within what bounds, and who is told
// what. The zero value is a clean MQTT 3.1.1 session under an identifier that the
// server chooses. A Config is copied at the call and not changed.
type Config struct {
	// Version of the protocol; default V311.
	//
	// VersionAuto is for Dial: it tries MQTT 5, and then 3.1.1 if the server says that it does not
	// speak 5, or closes the connection without a CONNACK. What a server accepted stands for the life of
	// the client, after a close if the next connection goes the same way, and with a Store for that of the
	// session; see ConnAck.Version. It takes nothing
	// that only MQTT 5 has, at Dial and until a server has agreed to MQTT 5. A session
	// that KeepSession asks for is kept in both versions: in MQTT 5 for Properties.SessionExpiry,
	// and for ever where that is 0.
	Version Version
	// ClientID identifies the session at the server. Empty: the server chooses,
	// which 3.1.1 allows only for a clean session [MQTT-3.1.3-7] of 3.1.1.
	ClientID string
	// KeepSession asks the server to go on with the session of this client
	// identifier (Clean Session 0, Clean Start 0). Before MQTT 5 the server also
	// keeps it after the connection; in MQTT 5 Properties.SessionExpiry says how
	// long, and by default it ends with the connection.
	KeepSession bool
	// KeepAlive is the longest silence towards the server, in whole seconds up
	// to 65,535. 0 means DefaultKeepAlive, negative none.
	KeepAlive time.Duration
	// Username and Password log in. A nil Password is not sent. Before MQTT 5 a
	// password needs a user name [MQTT-3.1.2-22] of 3.1.1. Where both are zero, Dial takes
	// those of the URL.
	Username string
	Password Secret
	// Will is published by the server when the connection ends without Close.
	Will *Will
	// Properties are the MQTT 5 properties of CONNECT.
	Properties ConnectProperties
	// Auth authenticates in the way of MQTT 5 section 4.12; nil: not.
	Auth Authenticator
	// Mode restricts this client; see SetMode.
	Mode Mode
	// Limits bound memory and time.
	Limits Limits

	// Transport is how the server is reached; for Dial and Open.
	Transport Transport
	// Reconnect has the client made by Dial outlive its connections; nil: it ends
	// with the first.
	Reconnect *Reconnect
	// Store keeps what is accepted beyond this process: publishes of QoS 1 and 2
	// until they are complete, and which QoS 2 messages were received. For Dial; it
	// belongs to one client at a time and to one ClientID, which must not be empty.
	// The caller closes it, after Client.Close. nil: memory only.
	//
	// It goes with KeepSession, and in MQTT 5 with Properties.SessionExpiry: when the
	// server has not kept the session, what was under way is published again or fails
	// with ErrSessionLost; see Reconnect.Republish.
	Store store.Store

	// Poison says what becomes of packets that break the protocol, and that a server sends again
	// on each connection; for Dial and Open.
	Poison PoisonPolicy

	// The callbacks are for Dial and Open. All but OnPacket are called one at a time, in the
	// order of the events, on a goroutine of the client, and may call every method of the
	// client. Each may be nil.

	// OnConnect: the server accepted the session, of each connection.
	OnConnect func(c *Client)
	// OnDisconnect: the connection is gone and Close was not called. Once a connection;
	// not for a Connect that failed, which returns the error. The server ended it
	// in an orderly way if reason is ErrServerClosed or a *DisconnectError.
	OnDisconnect func(reason error)
	// OnRetry: the connection is lost, or could not be made, and the client with
	// Reconnect will try again. It is left out while sixteen times what
	// Limits.ReceiveMessages or ReceiveBytes allow waits for the handlers.
	OnRetry func(r Retry)
	// OnError: something failed that no call returned, such as a handler that
	// panicked (*PanicError), a subscription that could not be renewed, or is left out for
	// a while because the server disconnects at it (*SubscribeError), a publish of an earlier
	// process (*PublishError), a filter that the server reads otherwise (*MisreadError), or
	// a message that was thrown away (*PoisonError).
	OnError func(err error)
	// OnMessage: a message came for a subscription without a handler of its own,
	// or for none. ctx ends when the client is closed.
	OnMessage func(ctx context.Context, m *Received)
	// OnLargeMessage gets the messages that are larger than Transport.MaxPacket, in the
	// place of all other handlers: payload brings the bytes as they come, and an
	// error when the connection breaks in between. What is not read is thrown
	// away. Without OnLargeMessage such a message ends the connection, or is Poison.
	OnLargeMessage func(ctx context.Context, m *Received, payload io.Reader)
	// ManualAck leaves the acknowledgement of what OnMessage and OnLargeMessage get to
	// Received.Ack; for OnLargeMessage the ManualAck of a subscription does, too. It does not
	// count for a Subscription with a handler, which has its own.
	ManualAck bool
	// CopyPerSubscription says that the server, before MQTT 5, sends a copy of a message for each
	// subscription that matches it, as Mosquitto 2.1 does: each copy then goes to one of
	// them, in turn. Otherwise each goes to all, so that two subscriptions that overlap see
	// every message twice. With a server that sends one copy, such as Mosquitto 2.0, only
	// one of them would see it. Retained messages that a subscribe brings, and what comes again after
	// a connection broke, go to all even so. In MQTT 5 servers say which copy is for which, and this does not count.
	CopyPerSubscription bool
	// OnPacket sees every packet in both directions, with credentials masked. Unlike the others it
	// is called at once, on the goroutine that reads or writes: it must return soon, and must not
	// call the client. OnError is told of a panic.
	OnPacket func(p TracedPacket)
}

// Secret is a value that is not shown: printed or logged, also within a Config, it is
// "[secret]".
type Secret []byte

// String returns "[secret]".
func (Secret) String() string { return "[secret]" }

// GoString returns "[secret]".
func (Secret) GoString() string { return "[secret]" }

// MarshalText returns "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Limits bound what a client holds and how long it waits. A zero field means
// its default.
type Limits struct {
	// InFlight is the largest number of QoS 1 and 2 publishes that wait for an
	// acknowledgement: 1 to 65,535, default 65,535. A lower Receive Maximum of
	// an MQTT 5 server counts instead.
	InFlight int
	// InFlightQoS2 is how many of those may be of QoS 2. Default: all of InFlight
	// when that is given or the version is 5; else 19, because an earlier server
	// cannot say, and Mosquitto, which takes 20, wants a place for one of QoS 1.
	// Negative: the server has no QoS 2, so that publishes and subscriptions with it
	// are refused at once.
	InFlightQoS2 int
	// ReceiveMaximum is how many QoS 1 and 2 messages an MQTT 5 server may send
	// unacknowledged: 1 to 65,535, the default. One that sends more is broken and
	// left with reason code 0x93; Mosquitto 2.0 does at times. Memory is bounded
	// without it: see ReceiveMessages.
	ReceiveMaximum int
	// TopicAliases is how many topic aliases an MQTT 5 server may use towards the
	// client; default 32, negative: none. Each costs the memory of a topic. None are
	// allowed any more after one that the connection did not know: see PoisonError.
	TopicAliases int
	// SendBytes is how much may wait to be written before publishing blocks;
	// default 1 MiB. One message may exceed it.
	SendBytes int
	// ReceiveMessages and ReceiveBytes are how much may wait for a handler before the client
	// stops reading; default 1,024 messages, 4 MiB. The bytes are those of memory, with
	// topic and properties: see Received.MemorySize. As many bytes again, and at most 256 KiB,
	// are read ahead then, so that the end of the connection is noticed and the pings of a
	// WebSocket are answered.
	ReceiveMessages int
	ReceiveBytes    int
	// PingTimeout is how long after a PINGREQ silence means a dead link;
	// default half of the keep alive interval in force, at least a second.
	PingTimeout time.Duration
	// Drain is how long Close waits for publishes to be acknowledged; default three
	// quarters of the time that it has, negative: not at all.
	Drain time.Duration
	// Queue bounds what waits for acknowledgements and connections, in a client
	// with Reconnect or Store.
	Queue Queue
}

// Transport describes how to reach a server.
type Transport struct {
	// TLS configures mqtts, its synonyms and wss. nil: the system's authorities,
	// TLS 1.2 or later, the URL's host as server name; with SRV records the domain, unless the
	// server's name lies within it. It is not changed.
	// dial.TLS makes one from files.
	TLS *tls.Config
	// TLSTimeout bounds the TLS handshake alone; 0: only ConnectTimeout does.
	TLSTimeout time.Duration
	// Dial makes the connection under TLS; nil: a dial.Dialer, which tries all addresses of a
	// name, in an order that is drawn. A proxy.Dialer's DialContext goes through a proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver is asked for SRV records (mqtt+srv, mqtts+srv) and, where Dial is nil, for the addresses
	// of names, anew at each attempt; nil: net.DefaultResolver.
	Resolver *net.Resolver
	// WebSocket makes the WebSocket of ws and wss, as a ws.Options' Upgrade
	// does; nil: the one of package dial/ws, when the program imports it.
	WebSocket dial.Upgrade
	// Redirect is asked when an MQTT 5 server refuses with the name of another one
	// (Server Reference). It returns the URL to go on to, and false to give up; nil:
	// give up. next is what the other server will see: the Config without Username,
	// Password and Auth, which it may fill in again, if the other server is to be
	// trusted with them. For Dial.
	Redirect func(reference string, next *Config) (url string, follow bool)
	// ConnectTimeout bounds the whole of Dial, from DNS over TCP, proxy, TLS and
	// WebSocket to CONNACK, where the context sets no deadline; with Open and
	// Connect, each of them. 0: DefaultConnectTimeout, negative: none.
	ConnectTimeout time.Duration
	// ReadBuffer is the first size of the read buffer in bytes, default
	// DefaultReadBuffer. Longer packets still arrive whole. While nothing comes it is smaller.
	ReadBuffer int
	// MaxPacket is the largest inbound packet in bytes, default
	// DefaultMaxPacket. A larger one ends the connection before it is read, or is thrown
	// away: see Config.OnLargeMessage and Config.Poison.
	MaxPacket int
	// Logger gets what happens to the client: at level Info each connection and each attempt to come, Warn the loss
	// of one and messages dropped, Error a handler that panicked, a store that fails and messages put aside, Debug
	// packets that nobody asked for. nil: none. Payloads and passwords are never logged. The handler of the log
	// may block: it delays handlers then, as OnConnect would.
	Logger *slog.Logger
}

// fill puts the defaults in place of zeros.
func (t *Transport) fill() {
	t.ConnectTimeout = cmp.Or(t.ConnectTimeout, DefaultConnectTimeout)
	t.ReadBuffer = max(cmp.Or(t.ReadBuffer, DefaultReadBuffer), 16)
	t.MaxPacket = min(cmp.Or(t.MaxPacket, DefaultMaxPacket), wire.MaxLength+5) // longer ones cannot be
	if t.Logger == nil {
		t.Logger = slog.New(slog.DiscardHandler)
	}
}

// fill puts the defaults in place of zeros.
func (l *Limits) fill(version Version) {
	if l.InFlightQoS2 == 0 && l.InFlight == 0 && version < V5 {
		l.InFlightQoS2 = 19
	}
	l.InFlight = cmp.Or(l.InFlight, 65535)
	l.InFlightQoS2 = cmp.Or(l.InFlightQoS2, l.InFlight)
	l.SendBytes = cmp.Or(l.SendBytes, 1<<20)
	l.ReceiveMessages = cmp.Or(l.ReceiveMessages, 1024)
	l.ReceiveBytes = cmp.Or(l.ReceiveBytes, 4<<20)
	l.ReceiveMaximum = cmp.Or(l.ReceiveMaximum, 65535)
	l.TopicAliases = max(cmp.Or(l.TopicAliases, 32), 0)
	l.Queue.Messages = cmp.Or(l.Queue.Messages, 100_000)
	l.Queue.Bytes = cmp.Or(l.Queue.Bytes, 64<<20)
}

// keepOpened puts back what Open was given, which stays for the client's life.
func (cfg *Config) keepOpened(opened *Config) {
	cfg.Transport, cfg.Poison = opened.Transport, opened.Poison
	cfg.keepCallbacks(opened)
}

// keepCallbacks puts back the callbacks.
func (cfg *Config) keepCallbacks(opened *Config) {
	cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry, cfg.OnError = opened.OnConnect, opened.OnDisconnect, opened.OnRetry, opened.OnError
	cfg.OnMessage, cfg.OnLargeMessage, cfg.ManualAck, cfg.OnPacket = opened.OnMessage, opened.OnLargeMessage, opened.ManualAck, opened.OnPacket
	cfg.CopyPerSubscription = opened.CopyPerSubscription
}

// fill puts the defaults in place of zeros.
func (cfg *Config) fill() {
	cfg.Transport.fill()
	cfg.Version = cmp.Or(cfg.Version, V311)
	cfg.KeepAlive = cmp.Or(cfg.KeepAlive, DefaultKeepAlive)
	cfg.KeepAlive = max(cfg.KeepAlive, 0)
	cfg.Limits.fill(cfg.Version)
}
