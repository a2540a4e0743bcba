// Package ws carries MQTT over WebSocket, as MQTT 3.1.1 and 5 section 6 say.
// Importing it is enough for the schemes ws and wss:
//
//	import _ "dunlin/mqtt/dial/ws"
//
// [Options] add what a server or a proxy before it may want of the handshake.
package ws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"dunlin/mqtt/dial"
)

func init() { dial.RegisterWebSocket(Options{}.Upgrade) }

// Options say how the handshake is made. The zero value is what an import of the
// package gives; with others, set Transport.WebSocket to their Upgrade:
//
//	mqtt.Transport{WebSocket: ws.Options{Header: h}.Upgrade}
//
// The HTTP path and query are the URL's.
type Options struct {
	// Header is sent with each handshake, beside what the handshake itself needs.
	// A Host in it takes the place of the URL's.
	Header http.Header
	// NewHeader is called for each handshake, for a fresh token, say; what it
	// returns is sent too, in place of fields of the same name in Header. ctx is
	// that of the dialing, and an error ends it.
	NewHeader func(ctx context.Context) (http.Header, error)
	// Subprotocol is offered, and the server must agree to it [MQTT-6.0.0-4].
	// Default "mqtt" [MQTT-6.0.0-3]; servers of MQTT 3.1 may want "mqttv3.1".
	Subprotocol string
}

// HandshakeError is an answer to the handshake that gives no WebSocket for MQTT.
type HandshakeError struct {
	StatusCode int    // of the HTTP answer; 101 when the server switched, but not to MQTT
	What       string // one line in our words
}

// Error returns What.
func (e *HandshakeError) Error() string { return e.What }

// Upgrade makes a WebSocket over conn. It is a [dial.Upgrade]. There is no
// compression. The connection that it returns gives the content of binary frames
// as a stream; a text frame ends it with [ErrTextFrame] [MQTT-6.0.0-1]. Reading
// returns io.EOF after a close frame that means a normal end, *CloseError after
// another, and [ErrNoCloseFrame] when the connection ended without one.
// CloseWrite sends our close frame, Close does not. After a deadline that struck
// a connection cannot be used further.
func (o Options) Upgrade(ctx context.Context, conn net.Conn, a dial.Address) (net.Conn, error) {
	header, err := o.header(ctx)
	if err != nil {
		return nil, err
	}
	subprotocol := cmp.Or(o.Subprotocol, "mqtt")
	stop := context.AfterFunc(ctx, func() { _ = bottom(conn).Close() }) // frees the handshake
	defer stop()
	request := &roundTripper{conn: conn}
	socket, resp, err := websocket.Dial(ctx, target(a), &websocket.DialOptions{ //nolint:bodyclose // the library does, and says so
		HTTPClient:      &http.Client{Transport: request, CheckRedirect: stay},
		HTTPHeader:      header,
		Host:            header.Get("Host"),
		Subprotocols:    []string{subprotocol},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, explain(err, resp, a)
	}
	if got := socket.Subprotocol(); got != subprotocol {
		_ = socket.CloseNow() // the server's fault is what matters
		return nil, &HandshakeError{resp.StatusCode, fmt.Sprintf("the server did not agree to the subprotocol %q at the path %s: "+usualPaths+" [MQTT-6.0.0-4]", subprotocol, a.Path)}
	}
	if !stop() {
		_ = socket.CloseNow()
		return nil, ctx.Err()
	}
	return newStream(request.then, socket), nil
}

// usualPaths are the HTTP paths of MQTT at servers as they come: EMQX 5, HiveMQ 4 and NATS 2 have
// /mqtt, RabbitMQ 3 and 4 have /ws, Mosquitto 2 takes any.
const usualPaths = "brokers often have MQTT at /mqtt (EMQX, HiveMQ, NATS), /ws (RabbitMQ) or / (Mosquitto)"

// stay keeps the client from following a redirect: it would go over the same connection.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// header returns the fields of one handshake.
func (o Options) header(ctx context.Context) (http.Header, error) {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if o.NewHeader != nil {
		fresh, err := o.NewHeader(ctx)
		if err != nil {
			return nil, fmt.Errorf("Options.NewHeader: %w", err)
		}
		for name, values := range fresh {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	for name, values := range header {
		if err := checkField(name, values); err != nil {
			return nil, err
		}
	}
	return header, nil
}

// checkField refuses what would change the meaning of the request.
func checkField(name string, values []string) error {
	const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if name == "" || strings.Trim(name, token) != "" {
		return fmt.Errorf("HTTP header field %q: not a valid name", name)
	}
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return fmt.Errorf("HTTP header field %s: its value contains a control character", name)
		}
	}
	return nil
}

// target returns the URL of the handshake; the default port is not part of Host.
func target(a dial.Address) string {
	host := a.Endpoint()
	if a.Scheme == "ws" && a.Port == "80" || a.Scheme == "wss" && a.Port == "443" {
		host = strings.TrimSuffix(host, ":"+a.Port)
	}
	u := url.URL{Scheme: a.Scheme, Host: host}
	s := u.String() + a.Path
	if a.Query != "" {
		s += "?" + a.Query
	}
	return s
}

// explain says in our words why there is no WebSocket.
func explain(err error, resp *http.Response, a dial.Address) error {
	if resp == nil {
		var request *url.Error
		if errors.As(err, &request) {
			return request.Err // without the URL, whose query may be a secret
		}
		return err
	}
	status := fmt.Sprintf("the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch code := resp.StatusCode; {
	case code == http.StatusSwitchingProtocols:
		status = "the server's answer is not that of a WebSocket for MQTT: " + innermost(err).Error()
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		status += "; it wants credentials of HTTP, which go into ws.Options.Header or NewHeader"
	case code == http.StatusNotFound:
		status += fmt.Sprintf(" for the path %s: "+usualPaths+", at port 8080, 8083, 8084, 9001, 15675 or 1882", a.Path)
	case code/100 == 3:
		status += "; redirects are not followed, use the new URL"
	case code == http.StatusOK, code == http.StatusBadRequest, code == http.StatusUpgradeRequired:
		status += "; it serves HTTP here, but no WebSocket for MQTT"
	}
	return &HandshakeError{resp.StatusCode, status}
}

// innermost returns the cause that wraps no other.
func innermost(err error) error {
	for {
		below := errors.Unwrap(err)
		if below == nil {
			return err
		}
		err = below
	}
}
