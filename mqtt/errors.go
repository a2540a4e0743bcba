package mqtt

import (
	"errors"
	"fmt"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/link"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// Outcomes and states, to be asked for with errors.Is.
var (
	// ErrNotSent: no byte of the request left.
	ErrNotSent = errors.New("not sent")
	// ErrInDoubt: the request was sent, or may have been, and its answer will
	// not be known.
	ErrInDoubt = errors.New("in doubt: sent, but not acknowledged")
	// ErrQueued: the waiting ended before the operation did: no byte of it has left
	// yet, and it goes on.
	ErrQueued = errors.New("still waiting to be sent")
	// ErrRejected: the server refused the request.
	ErrRejected = errors.New("rejected by the server")
	// ErrTakenAtQoS1: the server acknowledged a QoS 2 message as one of QoS 1, so it may
	// arrive more than once.
	ErrTakenAtQoS1 = errors.New("taken at QoS 1, so it may arrive more than once")
	// ErrNoQoS2: the server answered a QoS 2 publish as one of QoS 1, or Limits.InFlightQoS2 says
	// that it has no QoS 2. What had left by then is ErrTakenAtQoS1; nothing more of QoS 2 is
	// sent, on that connection or at all.
	ErrNoQoS2 = errors.New("the server has no QoS 2; publish at QoS 1")
	// ErrSaved: the message is in the Config.Store and not acknowledged yet: the
	// next client of the session sends it.
	ErrSaved = errors.New("saved: not acknowledged yet, to be sent when the session goes on")
	// ErrSessionLost: the server has lost the session, so what became of the
	// message is not known; see Reconnect.Republish, and its exception.
	ErrSessionLost = session.ErrLost
	// ErrQueueFull: Limits.Queue has no room.
	ErrQueueFull = errors.New("the queue is full")
	// ErrExpired: the Message Expiry Interval ended before the message could be
	// sent.
	ErrExpired = errors.New("the message has expired")
	// ErrQuarantined: the server ended the connection each time it got the message, or the
	// subscription.
	ErrQuarantined = errors.New("the server disconnects each time it comes")
	// ErrClosed: Close was called, or the client closed itself when its
	// connection ended.
	ErrClosed = life.ErrClosed
	// ErrNotConnected: the client is open, but the server has not accepted a
	// Connect yet, or the connection is lost and being made again.
	ErrNotConnected = life.ErrNotConnected
	// ErrNotPermitted: the mode forbids it; see SetMode.
	ErrNotPermitted = errors.New("not permitted in this mode")
	// ErrTakenOver: another client has connected with the same client identifier, as the server says,
	// or as it seems: see DisconnectError.
	ErrTakenOver = errors.New("another client has taken the session over")
	// ErrKeepAlive: the server was silent for longer than the keep alive
	// interval and the ping time-out.
	ErrKeepAlive = session.ErrSilent
	// ErrServerClosed: the server closed the connection between two packets.
	ErrServerClosed = link.ErrClean
	// ErrTruncated: the server closed the connection within a packet.
	ErrTruncated = link.ErrTruncated
)

// ReasonCode is the result of an operation as the server gives it (MQTT 5
// section 2.4). Codes from 0x80 on are failures.
type ReasonCode byte

// String returns the code and its name in the standard: "0x87 Not authorized".
func (c ReasonCode) String() string { return wire.ReasonCode(c).String() }

// Name returns the name in the standard: "Not authorized".
func (c ReasonCode) Name() string { return wire.ReasonCode(c).Name() }

// ArgumentError says that an argument cannot be used. Nothing was sent.
type ArgumentError struct {
	Name string // the argument or Config field
	What string // what is wrong with it
}

// Error returns one line that begins with the argument's name.
func (e *ArgumentError) Error() string { return e.Name + ": " + e.What }

// Unwrap returns ErrNotSent.
func (e *ArgumentError) Unwrap() error { return ErrNotSent }

// whatIsWrong returns the part of err that says what is wrong, without the
// packet and the reason code, which are the protocol's business.
func whatIsWrong(err error) string {
	if e := (*wire.Error)(nil); errors.As(err, &e) {
		return e.What
	}
	return err.Error()
}

// ConnectError says that the server refused the session.
type ConnectError struct {
	Server       string // its URL, without credentials
	Version      Version
	Code         ReasonCode // before MQTT 5 the CONNACK return code, 1 to 5
	ReasonString string     // the server's own words, MQTT 5 only
	Reference    string     // another server to use, MQTT 5 only

	UserProperties []UserProperty // MQTT 5 only
}

// Name returns the standard's name of the code.
func (e *ConnectError) Name() string {
	return wire.ReasonCode(e.Code).NameIn(wire.CONNACK, wire.Version(e.Version))
}

// Error returns one line with the server, the code, its name and the server's words.
func (e *ConnectError) Error() string {
	s := fmt.Sprintf("connect %s: refused by the server: 0x%02X %s", e.Server, byte(e.Code), e.Name())
	if e.ReasonString != "" {
		s += fmt.Sprintf(" (%q)", e.ReasonString)
	}
	if e.Reference != "" {
		s += fmt.Sprintf("; it names another server: %q", e.Reference)
	}
	if e.refusesVersion() {
		s += "; the server does not speak MQTT " + e.Version.String()
		if e.Version != V311 {
			s += ": try 3.1.1, or VersionAuto"
		}
	}
	return s
}

// Unwrap returns ErrRejected.
func (e *ConnectError) Unwrap() error { return ErrRejected }

// PublishError says what became of a publish that did not complete.
type PublishError struct {
	Topic        string
	PacketID     uint16     // 0 when none was given
	Outcome      error      // ErrNotSent, ErrQueued, ErrInDoubt, ErrRejected, ErrTakenAtQoS1 or ErrSaved
	Code         ReasonCode // when rejected
	ReasonString string     // the server's own words, MQTT 5 only
	Err          error      // the cause, or nil
}

// Error returns one line: topic, packet identifier, outcome, cause.
func (e *PublishError) Error() string {
	var b strings.Builder
	b.WriteString("publish to " + route.Quote(e.Topic))
	if e.PacketID != 0 {
		fmt.Fprintf(&b, " (packet %d)", e.PacketID)
	}
	b.WriteString(": " + e.Outcome.Error())
	if errors.Is(e.Outcome, ErrRejected) {
		b.WriteString(": " + e.Code.String())
		if e.ReasonString != "" {
			fmt.Fprintf(&b, " (%q)", e.ReasonString)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the outcome and the cause.
func (e *PublishError) Unwrap() []error { return causes(e.Outcome, e.Err) }

// SubscribeError says what became of a subscribe or unsubscribe that did not
// fully succeed.
type SubscribeError struct {
	Op           string // "subscribe" or "unsubscribe"
	Filters      []string
	Codes        []ReasonCode // one a filter when the server answered, else nil
	ReasonString string       // the server's own words, MQTT 5 only
	Outcome      error        // ErrNotSent, ErrQueued, ErrInDoubt or ErrRejected
	Err          error        // the cause, or nil
}

// Error returns one line that names the filters that were refused, or all.
func (e *SubscribeError) Error() string {
	var parts []string
	for i, f := range e.Filters {
		switch {
		case i >= len(e.Codes):
			parts = append(parts, route.Quote(f))
		case e.Codes[i] >= 0x80:
			parts = append(parts, route.Quote(f)+": "+e.Codes[i].String())
		}
	}
	s := e.Op + " " + strings.Join(parts, ", ") + ": " + e.Outcome.Error()
	if e.ReasonString != "" {
		s += fmt.Sprintf(" (%q)", e.ReasonString)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if len(e.Filters) > 1 && e.Codes == nil && errors.Is(e.Outcome, ErrInDoubt) && e.Err != nil && endedByServer(e.Err) {
		s += "; some servers take fewer topic filters at once (AWS IoT Core 8): use several calls"
	}
	return s
}

// Unwrap returns the outcome and the cause.
func (e *SubscribeError) Unwrap() []error { return causes(e.Outcome, e.Err) }

// DisconnectError says that the server ended the connection with a DISCONNECT. Those of
// MQTT 5 say why. Before it a server has none to send; some send one without a reason even so,
// such as mochi 2.7.9 when another client takes the session over, and when it shuts down.
type DisconnectError struct {
	Version      Version    // of the connection
	Code         ReasonCode // before MQTT 5 always 0
	ReasonString string
	Reference    string // another server to use

	UserProperties []UserProperty

	repeated bool // connections that were made at once ended like that
	own      bool // the session may have been taken over by a CONNECT of this client
}

// bare reports whether e has no reason, because its version has none.
func (e *DisconnectError) bare() bool { return e.Version != 0 && e.Version < V5 }

// Unwrap returns ErrTakenOver if another client has taken the session over: in MQTT 5 the
// server says so, and before a client with Reconnect guesses it when it happens again and again. It is not called so
// where it may have been this client: a server that left its CONNECT without an answer may read it later.
func (e *DisconnectError) Unwrap() error {
	if e.repeated || !e.own && wire.ReasonCode(e.Code) == wire.SessionTakenOver {
		return ErrTakenOver
	}
	return nil
}

// Error returns one line with the code, its name and the server's words.
func (e *DisconnectError) Error() string {
	switch {
	case e.repeated:
		return "the server disconnected without a reason again and again: another client seems to use the same client identifier, so give each its own; or the server restarts again and again"
	case e.bare():
		return "the server disconnected without a reason: another client may have connected with the same client identifier, or the server shuts down"
	}
	s := "the server disconnected: " + fmt.Sprintf("0x%02X ", byte(e.Code)) +
		wire.ReasonCode(e.Code).NameIn(wire.DISCONNECT, wire.V5)
	if e.ReasonString != "" {
		s += fmt.Sprintf(" (%q)", e.ReasonString)
	}
	if e.Reference != "" {
		s += fmt.Sprintf("; it names another server: %q", e.Reference)
	}
	if e.own {
		s += "; it may have been by this client's own CONNECT, which a server had left without an answer"
	}
	return s
}

// PacketError says that the server broke the protocol, so that the client ended
// the connection.
type PacketError struct {
	Code ReasonCode // what an MQTT 5 server was told, such as 0x81 Malformed Packet
	Err  error
}

// Error returns one line that names the packet and what is wrong with it.
func (e *PacketError) Error() string { return "the server broke the protocol: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *PacketError) Unwrap() error { return e.Err }

// PoisonError says that a packet was thrown away that broke the protocol, as Config.Poison has it. A
// message was given to no handler; one of QoS 1 or 2 is acknowledged, in MQTT 5 with a reason
// code that refuses it, unless its packet identifier is 0. It is told once a message: not again
// when a retained one or a repeat comes on a later connection. Of another packet what can be read
// is taken, and it is told once for each kind of fault.
type PoisonError struct {
	Packet   string // "PUBLISH", and seldom another
	Topic    string // of a PUBLISH as it came, well formed or not; at most 256 bytes of it
	Size     int    // of the packet in bytes
	QoS      QoS    // of a PUBLISH
	PacketID uint16
	Retain   bool
	Err      *PacketError // what is wrong with it
}

// Error returns one line: packet, topic, size, what is wrong and what to do.
func (e *PoisonError) Error() string {
	if e.Packet != wire.PUBLISH.String() {
		return fmt.Sprintf("a faulty %s (packet %d) was taken for what can be read of it, so that it does not end each connection: %v", e.Packet, e.PacketID, e.Err.Err)
	}
	return fmt.Sprintf("a message to %s (%d bytes, QoS %d, packet %d) was thrown away, so that it does not end each connection: %v; look for who publishes it",
		route.Quote(e.Topic), e.Size, e.QoS, e.PacketID, e.Err.Err)
}

// Unwrap returns the cause.
func (e *PoisonError) Unwrap() error { return e.Err }

// PanicError says that a handler or callback panicked. The message it had was
// not acknowledged; the client goes on. Reconnect's Prepare, or an Authenticator, that panics
// is an attempt that failed.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where
}

// Error returns one line without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("a handler panicked: %v", e.Value) }

// DroppedError says that QoS 0 messages were lost, or reports of poison left out: the handlers took
// none while somebody waited for the server, and many times Limits.ReceiveMessages or
// ReceiveBytes were queued.
type DroppedError struct {
	Messages int // how many since the last report
}

// Error returns one line with the number.
func (e *DroppedError) Error() string {
	return fmt.Sprintf("%d QoS 0 messages, or reports of poison, dropped: the handlers are too slow; raise Limits.ReceiveMessages or subscribe with QoS 1", e.Messages)
}

// UnhandledError says that messages were acknowledged, and dropped, because they matched no
// subscription and Config.OnMessage is nil: a server that goes on with a session may send some
// before the program has subscribed.
type UnhandledError struct {
	Messages int    // how many since the last report
	Topic    string // of the first of them
}

// Error returns one line with the number, a topic and what to do.
func (e *UnhandledError) Error() string {
	return fmt.Sprintf("%d messages dropped, such as to %s: they match no subscription; set Config.OnMessage, or subscribe before connecting with Reconnect.Background",
		e.Messages, route.Quote(e.Topic))
}

// MisreadError says that a message came which seems to be for a subscription, though its
// filter does not match: the server reads the filter otherwise than MQTT does. Its handler
// does not get such messages; Config.OnMessage does, if there is one. It is told once a
// subscription.
type MisreadError struct {
	Filter string
	Topic  string // of the first such message
}

// Error returns one line with the filter, the topic and what to do.
func (e *MisreadError) Error() string {
	return fmt.Sprintf("a message to %s seems to have come for the filter %s, which the server reads otherwise than MQTT: its handler does not get such messages; use a filter without '.', '*' and '>', and none that begins with a wildcard for topics that begin with '$'",
		route.Quote(e.Topic), route.Quote(e.Filter))
}

// memoryOf returns how many bytes of the server's words err holds.
func memoryOf(err error) int {
	var refused *ConnectError
	var left *DisconnectError
	var poison *PoisonError
	switch {
	case errors.As(err, &poison):
		return messageOverhead + len(poison.Topic)
	case errors.As(err, &refused):
		return len(refused.ReasonString) + len(refused.Reference) + userMemory(refused.UserProperties)
	case errors.As(err, &left):
		return len(left.ReasonString) + len(left.Reference) + userMemory(left.UserProperties)
	default:
		return 0
	}
}

// causes drops nils.
func causes(errs ...error) []error {
	n := 0
	for _, err := range errs {
		if err != nil {
			errs[n] = err
			n++
		}
	}
	return errs[:n]
}
