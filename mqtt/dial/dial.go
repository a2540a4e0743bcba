package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// Func makes a connection as net.Dialer.DialContext does.
type Func func(ctx context.Context, network, address string) (net.Conn, error)

// Error says which stage of dialing failed, and for which broker.
type Error struct {
	Stage   string // "dial" or "TLS handshake"
	Address string // the broker's URL, without credentials
	Err     error
}

// Error returns one line: stage, address, cause.
func (e *Error) Error() string { return e.Stage + " " + e.Address + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Open connects to a: with via, or a net.Dialer when via is nil, and then, when
// a asks for TLS, with a handshake according to conf. ctx bounds both stages.
// conf is not changed; its ServerName defaults to a.Host, its MinVersion to
// TLS 1.2. The error is an *Error.
func Open(ctx context.Context, a Address, via Func, conf *tls.Config) (net.Conn, error) {
	if via == nil {
		via = (&net.Dialer{}).DialContext
	}
	conn, err := via(ctx, a.Network, a.Endpoint())
	if err != nil {
		return nil, &Error{"dial", a.String(), shorten(ctx, err)}
	}
	if !a.TLS {
		return conn, nil
	}
	secure := tls.Client(conn, prepare(conf, a.Host))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is the one that matters
		return nil, &Error{"TLS handshake", a.String(), shorten(ctx, err)}
	}
	return secure, nil
}

// prepare copies conf and fills in what it leaves open.
func prepare(conf *tls.Config, host string) *tls.Config {
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	conf = conf.Clone()
	if conf.ServerName == "" {
		conf.ServerName = host
	}
	if conf.MinVersion == 0 {
		conf.MinVersion = tls.VersionTLS12
	}
	return conf
}

// shorten takes off what *Error says already, and puts the context's cause in
// place of the time-out that it led to.
func shorten(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	if op, ok := err.(*net.OpError); ok && op.Err != nil { //nolint:errorlint // only the outermost layer repeats the address
		return op.Err
	}
	return err
}
