package dial

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Func makes a connection as net.Dialer.DialContext does.
type Func func(ctx context.Context, network, address string) (net.Conn, error)

// Options say how Open goes about it. The zero value is usable.
type Options struct {
	// Dial makes the connection under TLS; nil: a Dialer, which tries all addresses of a
	// name, in an order that is drawn. An *Error that it returns keeps its Stage.
	Dial Func
	// Resolver is asked for SRV records and, where Dial is nil, for addresses; nil: net.DefaultResolver.
	Resolver *net.Resolver
	// TLS is the configuration of the handshake; nil: the system's authorities.
	// It is not changed. Its ServerName defaults to the address's host, with SRV to the
	// domain unless the host lies within it, its MinVersion to TLS 1.2.
	TLS *tls.Config
	// HandshakeTimeout bounds the TLS handshake alone; 0: only the context does.
	HandshakeTimeout time.Duration
	// WebSocket makes the WebSocket of ws and wss addresses; nil: the one that
	// RegisterWebSocket was told.
	WebSocket Upgrade
}

// The stages of Open, as Error.Stage names them.
const (
	StageResolve   = "resolve" // DNS
	StageDial      = "dial"
	StageProxy     = "proxy" // see package proxy
	StageTLS       = "TLS handshake"
	StageWebSocket = "WebSocket handshake"
)

// Error says which stage of dialing failed, and for which broker.
type Error struct {
	Stage   string // one of the Stage constants
	Address string // the broker's URL, without credentials
	Err     error
}

// Error returns one line: stage, address, cause.
func (e *Error) Error() string { return e.Stage + " " + e.Address + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Open connects to a, shakes hands when a asks for TLS, and then makes the
// WebSocket when it asks for that. Of a domain with SRV records it takes the first server that can be
// reached; LookUp and OpenFirst say which. ctx bounds all stages. The error is an *Error.
func Open(ctx context.Context, a Address, o Options) (net.Conn, error) {
	servers, err := LookUp(ctx, a, o.Resolver)
	if err != nil {
		return nil, err
	}
	conn, _, err := OpenFirst(ctx, servers, o)
	return conn, err
}

// finish makes what goes above conn, a connection to a, and closes it when that fails.
func finish(ctx context.Context, conn net.Conn, a Address, o *Options) (net.Conn, error) {
	if a.TLS {
		var err error
		if conn, err = secure(ctx, conn, a, o); err != nil {
			return nil, err
		}
	}
	if !a.isWebSocket() {
		return conn, nil
	}
	above, err := o.upgrade()(ctx, conn, a)
	if err != nil {
		_ = conn.Close() // the handshake's error is the one that matters
		return nil, &Error{StageWebSocket, a.String(), shorten(ctx, err)}
	}
	return above, nil
}

// connect makes the connection below TLS.
func connect(ctx context.Context, a Address, o *Options) (net.Conn, error) {
	via := o.Dial
	if via == nil {
		via = (&Dialer{Resolver: o.Resolver}).DialContext
	}
	conn, err := via(ctx, a.Network, a.Endpoint())
	if err == nil {
		return conn, nil
	}
	var staged *Error
	if errors.As(err, &staged) {
		return nil, &Error{staged.Stage, a.String(), fmt.Errorf("via %s: %w", staged.Address, shorten(ctx, staged.Err))}
	}
	stage := StageDial
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		stage = StageResolve
	}
	err = shorten(ctx, err)
	if a.isWebSocket() && a.Port == ports[a.Scheme] && errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w; brokers often serve WebSocket at port 8080, 8083, 9001 or 1882", err)
	}
	return nil, &Error{stage, a.String(), err}
}

// secure shakes hands over conn, and closes it when that fails.
func secure(ctx context.Context, conn net.Conn, a Address, o *Options) (net.Conn, error) {
	if o.HandshakeTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.HandshakeTimeout)
		defer cancel()
	}
	above := tls.Client(conn, prepare(o.TLS, a.serverName()))
	if err := above.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is the one that matters
		return nil, &Error{StageTLS, a.String(), shorten(ctx, explain(err, a))}
	}
	return above, nil
}

// prepare copies conf and fills in what it leaves open.
func prepare(conf *tls.Config, host string) *tls.Config {
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	conf = conf.Clone()
	conf.ServerName = cmp.Or(conf.ServerName, host)
	conf.MinVersion = cmp.Or(conf.MinVersion, tls.VersionTLS12)
	return conf
}

// explain says what a server that speaks no TLS looks like from here, and what to try.
func explain(err error, a Address) error {
	plain := strings.TrimSuffix(a.Scheme, "s") // "mqtt" or "ws"
	var (
		record tls.RecordHeaderError
		name   x509.HostnameError
	)
	switch {
	case errors.As(err, &name) && a.Domain != "" && name.Host == a.Domain:
		return fmt.Errorf("%w; a server that SRV records name outside of the domain needs a certificate for the domain: or set the server name of TLS", err)
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return fmt.Errorf("the server speaks HTTP at this port, without TLS: %w; check the port, or use ws for MQTT over WebSocket", err)
	case errors.As(err, &record):
		return fmt.Errorf("%w; the server does not speak TLS at this port: use %s in the place of %s, or its port for TLS, often 8883", err, plain, a.Scheme)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the server hung up: %w; does it speak TLS at this port? If not, use %s in the place of %s", err, plain, a.Scheme)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w; the server was silent: does it speak TLS at this port?", err)
	case strings.Contains(err.Error(), "no application protocol"): // crypto/tls has no type for it
		return fmt.Errorf("%w; the server knows none of the protocols that ALPN offered", err)
	}
	return err
}

// shorten takes off what *Error says already, and puts the context's cause in
// place of the time-out that it led to.
func shorten(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(err, cause) {
			return err
		}
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return withoutOp(err)
}
