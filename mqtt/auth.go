package mqtt

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// Authenticator is the client's side of an enhanced authentication (MQTT 5
// section 4.12), such as package scram has. Its methods are called one at a
// time, on the goroutine that called Connect or Reauthenticate, or that makes the
// connections of a client with Reconnect. Their ctx ends with the connection.
type Authenticator interface {
	// Method returns the Authentication Method, such as "SCRAM-SHA-256".
	Method() string
	// Start begins a conversation and returns the first data, nil for none.
	Start(ctx context.Context) ([]byte, error)
	// Continue answers the server's data.
	Continue(ctx context.Context, data []byte) ([]byte, error)
	// Finish checks the data that came with the server's consent.
	Finish(ctx context.Context, data []byte) error
}

// ErrNoAuthenticator is returned by Reauthenticate when Config.Auth is nil.
var ErrNoAuthenticator = errors.New("Connect was called without Config.Auth")

// authentication is the state of an enhanced authentication on one connection. The
// client's mutex guards it.
type authentication struct {
	challenges chan []byte   // data of the server to be answered
	data       []byte        // that came with the server's consent
	again      chan struct{} // closed when a re-authentication succeeded; nil: none goes on
}

// authenticate leads the conversation on conn until agreed, which is closed when the
// server consents, or the end of conn.
func (c *Client) authenticate(ctx context.Context, conn *connection, auth Authenticator, agreed <-chan struct{}) error {
	var challenges <-chan []byte // none come where no method was asked for
	var down <-chan struct{}     // without a method it is agreed that tells of the end, too
	if conn.auth != nil {
		challenges, down = conn.auth.challenges, conn.down.given()
	}
	for {
		select {
		case <-agreed:
			return nil
		case <-down:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case data := <-challenges:
			reply, err := auth.Continue(ctx, data)
			if err != nil {
				return fmt.Errorf("authentication %s: %w", auth.Method(), err)
			}
			if err := c.sendAuth(conn, auth, wire.ContinueAuthentication, reply); err != nil {
				return err
			}
		}
	}
}

// sendAuth sends an AUTH packet on conn, if it still stands.
func (c *Client) sendAuth(conn *connection, auth Authenticator, code wire.ReasonCode, data []byte) error {
	p := wire.Auth{Code: code, Properties: authProperties(nil, auth.Method(), data)}
	if err := p.Validate(wire.V5); err != nil {
		return &ArgumentError{Name: "Auth", What: whatIsWrong(err)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rule := c.life.Rule(life.Packet)
	if c.conn != conn || rule != life.Handshake && rule != life.Take {
		return nil // the caller sees why
	}
	if n := p.Length(wire.V5); conn.accepted && n > conn.connAck.MaximumPacketSize { // [MQTT-3.2.2-15]
		return &ArgumentError{Name: "Auth", What: fmt.Sprintf("the packet of %d bytes exceeds the server's Maximum Packet Size of %d", n, conn.connAck.MaximumPacketSize)}
	}
	c.send.buf = wire.AppendAuth(c.send.buf, wire.V5, &p)
	c.kickLocked()
	return nil
}

func authProperties(p wire.Properties, method string, data []byte) wire.Properties {
	p = p.AppendText(wire.AuthenticationMethod, method)
	if data != nil {
		p = p.AppendBinary(wire.AuthenticationData, data)
	}
	return p
}

// checkAuthMethod refuses a packet of another authentication than the one that
// CONNECT asked for [MQTT-4.12.0-5], [MQTT-4.12.0-6].
func (c *Client) checkAuthMethod(t wire.Type, p wire.Properties) error {
	method, has := p.Text(wire.AuthenticationMethod)
	_, data := p.Binary(wire.AuthenticationData)
	switch {
	case data && c.cfg.Auth == nil:
		return protocolError(t, "has authentication data though no authentication method was asked for")
	case has && c.cfg.Auth == nil:
		return protocolError(t, "has an authentication method though none was asked for")
	case has && method != c.cfg.Auth.Method():
		return protocolError(t, "has another authentication method than CONNECT")
	}
	return nil
}

// handleAuth takes an AUTH of the server: a challenge, or the end of a
// re-authentication.
func (c *Client) handleAuth(h wire.Header, body []byte) error {
	if c.cfg.Auth == nil {
		return protocolError(wire.AUTH, "is not expected: no authentication method was asked for")
	}
	p, err := wire.ParseAuth(h, body, wire.V5)
	if err != nil {
		return err
	}
	if err := errors.Join(c.checkAuthMethod(wire.AUTH, p.Properties), c.checkDeclined(wire.AUTH, p.Properties)); err != nil {
		return err
	}
	data := binaryOf(p.Properties, wire.AuthenticationData)
	conn := c.conn
	if conn.accepted && conn.auth.again == nil {
		return protocolError(wire.AUTH, "came though no authentication goes on")
	}
	switch {
	case p.Code == wire.ContinueAuthentication:
		select {
		case conn.auth.challenges <- data:
			return nil
		default:
			return protocolError(wire.AUTH, "came before the last one was answered")
		}
	case p.Code == wire.Success && conn.accepted:
		conn.auth.data = data
		close(conn.auth.again)
		conn.auth.again = nil
		return nil
	default:
		return protocolError(wire.AUTH, "has a reason code that is not for this moment")
	}
}

// Reauthenticate proves the client's identity again on the connection that
// stands, with Config.Auth [MQTT-4.12.1-1]. Messages flow meanwhile. When it
// fails the server, or the client, ends the connection; when the connection ends first,
// so does Reauthenticate, and the next connection is left alone.
func (c *Client) Reauthenticate(ctx context.Context) error {
	conn, auth, agreed, err := c.beginReauth()
	if err != nil {
		return fmt.Errorf("reauthenticate: %w", err)
	}
	ctx, cancel := conn.bound(ctx)
	defer cancel()
	if err := c.reauthenticate(ctx, conn, auth, agreed); err != nil {
		c.refuseAuth(conn, err)
		return fmt.Errorf("reauthenticate: %w", err)
	}
	return nil
}

// bound returns a context that ends with conn, too.
func (conn *connection) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		select {
		case <-conn.down.given():
			cancel(conn.lost)
		case <-stopped:
		}
	}()
	return ctx, sync.OnceFunc(func() { close(stopped); cancel(nil) })
}

// boundToConnection returns a context that ends with the connection that stands, too.
func (c *Client) boundToConnection(ctx context.Context) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	return conn.bound(ctx)
}

// takeAuth waits until no other conversation uses the Authenticator, and releaseAuth
// lets the next one begin: after a connection ended within one, it may go on for a
// while.
func (c *Client) takeAuth(ctx context.Context) error {
	c.mu.Lock()
	if c.authTurn == nil {
		c.authTurn = make(chan struct{}, 1)
	}
	turn := c.authTurn
	c.mu.Unlock()
	select {
	case turn <- struct{}{}: // whatever became of ctx
		return nil
	default:
	}
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("another authentication has not ended: %w", context.Cause(ctx))
	}
}

func (c *Client) releaseAuth() { <-c.authTurn }

// reauthenticate holds the conversation, once no other one uses the Authenticator.
func (c *Client) reauthenticate(ctx context.Context, conn *connection, auth Authenticator, agreed <-chan struct{}) error {
	if err := c.takeAuth(ctx); err != nil {
		return err
	}
	defer c.releaseAuth()
	data, err := auth.Start(ctx)
	if err == nil {
		err = c.sendAuth(conn, auth, wire.ReAuthenticate, data)
	}
	if err == nil {
		err = c.authenticate(ctx, conn, auth, agreed)
	}
	if err != nil {
		return err
	}
	select {
	case <-agreed:
	default: // the connection has ended
		return conn.lost
	}
	c.mu.Lock()
	data = conn.auth.data
	c.mu.Unlock()
	return auth.Finish(ctx, data)
}

// beginReauth opens the way for AUTH packets. Only one conversation goes on at a
// time.
func (c *Client) beginReauth() (conn *connection, auth Authenticator, agreed chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn = c.conn
	switch {
	case c.life.Refusal(life.Exchange) != nil:
		return nil, nil, nil, c.life.Refusal(life.Exchange)
	case c.cfg.Auth == nil:
		return nil, nil, nil, ErrNoAuthenticator
	case conn.auth.again != nil:
		return nil, nil, nil, errors.New("an authentication goes on already")
	}
	conn.auth.again = make(chan struct{})
	return conn, c.cfg.Auth, conn.auth.again, nil
}

// refuseAuth ends conn, whose server did not prove itself, or whose authentication
// was given up.
func (c *Client) refuseAuth(conn *connection, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == conn && c.life.Live() {
		c.disconnectLocked(&wire.Disconnect{Code: wire.NotAuthorized}, cause)
	}
}
