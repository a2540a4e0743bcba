package mqtt

import (
	"context"
	"errors"
	"fmt"

	"dunlin/mqtt/internal/wire"
)

// Authenticator is the client's side of an enhanced authentication (MQTT 5
// section 4.12), such as package scram has. Its methods are called one at a
// time, on the goroutine that called Connect or Reauthenticate.
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
var ErrNoAuthenticator = errors.New("reauthenticate: Connect was called without Config.Auth")

// authenticate leads the conversation until answered is closed or over, which
// means success, is received from.
func (c *Client) authenticate(ctx context.Context, auth Authenticator, answered <-chan struct{}) error {
	c.mu.Lock()
	challenges, down := c.challenges, c.down
	c.mu.Unlock()
	for {
		select {
		case <-answered:
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
			if err := c.sendAuth(auth, wire.ContinueAuthentication, reply); err != nil {
				return err
			}
		}
	}
}

// sendAuth sends an AUTH packet, if the connection still stands.
func (c *Client) sendAuth(auth Authenticator, code wire.ReasonCode, data []byte) error {
	p := wire.Auth{Code: code, Properties: authProperties(nil, auth.Method(), data)}
	if err := p.Validate(wire.V5); err != nil {
		return &ArgumentError{Name: "Auth", What: whatIsWrong(err)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connecting && c.state != connected {
		return nil // the caller sees why
	}
	if n := p.Length(wire.V5); c.state == connected && n > c.connAck.MaximumPacketSize { // [MQTT-3.2.2-15]
		return &ArgumentError{Name: "Auth", What: fmt.Sprintf("the packet of %d bytes exceeds the server's Maximum Packet Size of %d", n, c.connAck.MaximumPacketSize)}
	}
	c.out.buf = wire.AppendAuth(c.out.buf, wire.V5, &p)
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
	switch {
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
	data := binary(p.Properties, wire.AuthenticationData)
	if c.state == connected && c.reauth == nil {
		return protocolError(wire.AUTH, "came though no authentication goes on")
	}
	switch {
	case p.Code == wire.ContinueAuthentication:
		select {
		case c.challenges <- data:
			return nil
		default:
			return protocolError(wire.AUTH, "came before the last one was answered")
		}
	case p.Code == wire.Success && c.state == connected:
		c.authData = data
		close(c.reauth)
		c.reauth = nil
		return nil
	default:
		return protocolError(wire.AUTH, "has a reason code that is not for this moment")
	}
}

// Reauthenticate proves the client's identity again on the connection that
// stands, with Config.Auth [MQTT-4.12.1-1]. Messages flow meanwhile. When it
// fails the server, or the client, ends the connection.
func (c *Client) Reauthenticate(ctx context.Context) error {
	auth, done, err := c.beginReauth()
	if err != nil {
		return err
	}
	data, err := auth.Start(ctx)
	if err == nil {
		err = c.sendAuth(auth, wire.ReAuthenticate, data)
	}
	if err == nil {
		err = c.authenticate(ctx, auth, done)
	}
	if err == nil {
		err = c.finishAuth(ctx, auth, done)
	}
	if err != nil {
		c.refuseAuth(err)
		return fmt.Errorf("reauthenticate: %w", err)
	}
	return nil
}

// beginReauth opens the way for AUTH packets. Only one conversation goes on at a
// time.
func (c *Client) beginReauth() (auth Authenticator, done chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.usableLocked() != nil:
		return nil, nil, fmt.Errorf("reauthenticate: %w", c.usableLocked())
	case c.cfg.Auth == nil:
		return nil, nil, ErrNoAuthenticator
	case c.reauth != nil:
		return nil, nil, errors.New("reauthenticate: an authentication goes on already")
	}
	c.reauth = make(chan struct{})
	return c.cfg.Auth, c.reauth, nil
}

// finishAuth checks what came with the server's consent.
func (c *Client) finishAuth(ctx context.Context, auth Authenticator, done <-chan struct{}) error {
	select {
	case <-done:
	default: // the connection has ended
		return c.lost()
	}
	c.mu.Lock()
	data := c.authData
	c.mu.Unlock()
	return auth.Finish(ctx, data)
}

// refuseAuth ends a connection whose server did not prove itself, or whose
// authentication was given up.
func (c *Client) refuseAuth(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return
	}
	c.out.buf = wire.AppendDisconnect(c.out.buf, wire.V5, &wire.Disconnect{Code: wire.NotAuthorized})
	c.link.HurryUp(lastWords)
	c.finishLocked(cause)
}
