package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// Func makes a connection as net.Dialer.DialContext does.
type Func func(ctx context.Context, network, address string) (net.Conn, error)

// Options say how Open goes about it. The zero value is usable.
type Options struct {
	// Dial makes the connection under TLS; nil: net.Dialer.
	Dial Func
	// TLS is the configuration of the handshake; nil: the system's authorities.
	// It is not changed. Its ServerName defaults to the address's host, its
	// MinVersion to TLS 1.2.
	TLS *tls.Config
	// HandshakeTimeout bounds the TLS handshake alone; 0: only the context does.
	HandshakeTimeout time.Duration
}

// The stages of Open, as Error.Stage names them.
const (
	StageDial = "dial"
	StageTLS  = "TLS handshake"
)

// Error says which stage of dialing failed, and for which broker.
type Error struct {
	Stage   string // StageDial or StageTLS
	Address string // the broker's URL, without credentials
	Err     error
}

// Error returns one line: stage, address, cause.
func (e *Error) Error() string { return e.Stage + " " + e.Address + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Open connects to a and, when a asks for TLS, shakes hands. ctx bounds both
// stages. The error is an *Error.
func Open(ctx context.Context, a Address, o Options) (net.Conn, error) {
	via := o.Dial
	if via == nil {
		via = (&net.Dialer{}).DialContext
	}
	conn, err := via(ctx, a.Network, a.Endpoint())
	if err != nil {
		return nil, &Error{StageDial, a.String(), shorten(ctx, err)}
	}
	if !a.TLS {
		return conn, nil
	}
	if o.HandshakeTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.HandshakeTimeout)
		defer cancel()
	}
	secure := tls.Client(conn, prepare(o.TLS, a.Host))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is the one that matters
		return nil, &Error{StageTLS, a.String(), shorten(ctx, err)}
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
