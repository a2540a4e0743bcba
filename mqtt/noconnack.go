package mqtt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/link"
)

// NoConnAckError says that a connection came about, and no CONNACK on it: the server closed it, was
// silent, or answered with something that is not MQTT. Error tells what to try.
type NoConnAckError struct {
	Server  string  // its URL, without credentials
	Version Version // that CONNECT named; VersionAuto: all that it tries, one after the other
	// Answer is how the answer began, at most 64 bytes, if it was not MQTT: "HTTP/1.1 400 Bad Request"
	// of a web server, 0x15 0x03 of one that wants TLS.
	Answer []byte
	Err    error // how it ended: ErrServerClosed, ErrTruncated, context.DeadlineExceeded, *PacketError, or what the network says

	withoutALPN bool // TLS was spoken, and no protocol offered
}

// Error returns one line: the server, what came in the place of CONNACK, what to try.
func (e *NoConnAckError) Error() string {
	what, advice := e.explain()
	return "connect " + e.Server + ": " + what + "; " + advice
}

// Unwrap returns how the connection ended.
func (e *NoConnAckError) Unwrap() error { return e.Err }

// The first bytes of answers that are not MQTT.
var (
	tlsAlert  = []byte{0x15, 0x03} // a record of TLS 1.0 to 1.3 that refuses (RFC 8446 section 5.1)
	httpReply = []byte("HTTP/")
)

// explain returns what happened, and what to try.
func (e *NoConnAckError) explain() (what, advice string) {
	secure := e.isScheme("mqtts", "wss")
	switch {
	case startsLike(e.Answer, tlsAlert) && !secure:
		return "the server wants TLS at this port", "use mqtts in the place of mqtt, wss in that of ws, or the port without TLS, often 1883"
	case startsLike(e.Answer, httpReply) && e.wantsALPN():
		return "the server speaks HTTP at this port " + e.quote(), "clouds want ALPN for MQTT at port 443: see dial.TLS.ALPN"
	case startsLike(e.Answer, httpReply):
		return "the server speaks HTTP at this port " + e.quote(), "use its port for MQTT, often 1883, with TLS 8883, or ws (wss) in the place of mqtt (mqtts) for MQTT over WebSocket"
	case len(e.Answer) > 0:
		return "the server does not speak MQTT at this port " + e.quote(), "check the port"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return e.Err.Error(), "the server took the connection and said nothing: it may " + join(e.portAdvice("be no MQTT server, or stand behind a proxy that cannot reach it"))
	case errors.Is(e.Err, syscall.ECONNRESET): // which the network tells with its own addresses
		return "the server reset the connection before CONNACK", "it may " + join(e.closedAdvice())
	default:
		return e.Err.Error() + " before CONNACK", "it may " + join(e.closedAdvice())
	}
}

// quote shows how the answer began, up to the end of its line.
func (e *NoConnAckError) quote() string {
	line, _, _ := bytes.Cut(e.Answer, []byte("\n"))
	return fmt.Sprintf("(%q)", bytes.TrimRight(line, "\r"))
}

// closedAdvice returns why a server may close the connection in the place of an answer.
func (e *NoConnAckError) closedAdvice() []string {
	var reasons []string
	switch e.Version {
	case V31:
		reasons = append(reasons, "not speak MQTT 3.1 (try 3.1.1)")
	case V5:
		reasons = append(reasons, "not speak MQTT 5 (try 3.1.1, or VersionAuto)")
	}
	return append(reasons, e.portAdvice("refuse without a word the login, the certificate, or a client identifier that another client has just used")...)
}

// portAdvice returns what the server may want at this port, and last.
func (e *NoConnAckError) portAdvice(last string) []string {
	var reasons []string
	switch {
	case e.wantsALPN():
		reasons = append(reasons, "want ALPN at port 443 (dial.TLS.ALPN)")
	case e.isScheme("ws", "wss"):
		reasons = append(reasons, "serve MQTT at another path")
	case e.isScheme("mqtt"):
		reasons = append(reasons, "want TLS (mqtts) or WebSocket (ws) at this port")
	case e.isScheme("mqtts"):
		reasons = append(reasons, "want WebSocket at this port (wss)")
	}
	return append(reasons, last)
}

// wantsALPN reports whether this is a port where clouds tell MQTT from HTTP by ALPN, and none was offered.
func (e *NoConnAckError) wantsALPN() bool {
	return e.withoutALPN && e.isScheme("mqtts") && strings.HasSuffix(e.Server, ":443")
}

func (e *NoConnAckError) isScheme(schemes ...string) bool {
	for _, s := range schemes {
		if strings.HasPrefix(e.Server, s+"://") {
			return true
		}
	}
	return false
}

// join returns a list as people write it.
func join(parts []string) string {
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + ", or " + parts[last]
}

// startsLike reports whether answer begins with prefix, as far as it has come.
func startsLike(answer, prefix []byte) bool {
	n := min(len(answer), len(prefix))
	return n > 0 && bytes.Equal(answer[:n], prefix[:n])
}

// noteAnswerLocked keeps the beginning of what cannot be MQTT, and reports whether it came in the
// place of a CONNACK: who sent it is left without a word.
func (c *Client) noteAnswerLocked() bool {
	if c.life.Rule(life.Packet) != life.Handshake {
		return false
	}
	input := c.conn.link.Head()
	foreign := startsLike(input, tlsAlert) || len(input) > 1 && isText(input)
	if foreign {
		c.conn.answer = input
	}
	return foreign
}

// isText reports whether b is printable ASCII, up to the end of its first line.
func isText(b []byte) bool {
	for _, c := range b {
		if c == '\r' || c == '\n' {
			return true
		}
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// connectError returns why no session came about on conn, which has ended.
func (conn *connection) connectError(cfg *Config) error {
	var refused *ConnectError
	if errors.As(conn.ended, &refused) {
		return refused
	}
	if conn.answer == nil && !closedByServer(conn.ended) && !errors.Is(conn.ended, context.DeadlineExceeded) {
		return fmt.Errorf("connect %s: %w", conn.remote, conn.ended)
	}
	return &NoConnAckError{
		Server: conn.remote, Version: cfg.Version, Answer: conn.answer, Err: conn.ended,
		withoutALPN: cfg.Transport.TLS == nil || len(cfg.Transport.TLS.NextProtos) == 0,
	}
}

// closedByServer reports whether all that the server answered is err: it closed the connection, or
// the WebSocket. A network that fails, and an alert of TLS, which says why, are something else.
func closedByServer(err error) bool {
	for _, other := range []error{syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH, net.ErrClosed} {
		if errors.Is(err, other) {
			return false
		}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" { // as crypto/tls calls an alert
		return false
	}
	var read *link.ReadError
	return errors.As(err, &read) || endedByServer(err)
}
