// Package life is the life of a client as a machine: in which phase it is, and
// what each operation and each event means there. It has no I/O, clock, lock or
// goroutine; the caller guards it, and does what it says.
package life

import (
	"errors"
	"fmt"
	"time"
)

// Why an operation is refused.
var (
	ErrClosed       = errors.New("client is closed")
	ErrNotConnected = errors.New("client is not connected")
)

// Kind says what outlives a connection of a client.
type Kind struct {
	Reconnects bool // another connection follows one that ends
	Saves      bool // a store keeps what was accepted beyond the client
	Dialed     bool // the call that makes the client tells of a first connection that fails
}

// Phase is where a client is in its life. There is at most one transport at a time,
// from Opening to Going.
type Phase byte

// The phases.
const (
	Between    Phase = iota // there is no transport: before the first one, or between two
	Opening                 // a transport stands, and CONNECT was not sent
	Connecting              // CONNECT was sent
	Live                    // the server accepted the session
	Going                   // the last packet is on its way, or the transport is being cut
	Ended                   // there is none, and none will follow
	phases
)

// String returns the name of p.
func (p Phase) String() string {
	return [...]string{"between connections", "opening", "connecting", "live", "going", "ended"}[p]
}

// Machine is the life of one client. Make it with New.
type Machine struct {
	kind     Kind
	column   uint8 // of the rules
	phase    Phase
	number   uint64 // of the connection, counted from 1
	asked    bool   // CONNECT was sent on it
	accepted bool   // the server accepted it
	accepts  int    // connections that it accepted
	since    time.Time
	draining bool  // Close waits for what is not complete: nothing begins any more
	closed   bool  // Close ends the client
	cause    error // why the connection ends
	last     error // why the last one ended, or did not come about
}

// New returns the life of a client that has no transport yet.
func New(kind Kind) Machine { return Machine{kind: kind, column: kind.column()} }

// Attach tells that a transport stands. It reports false when Close was called
// meanwhile: then the transport is not wanted.
func (m *Machine) Attach() (wanted bool) {
	if m.closed || m.phase == Ended {
		return false
	}
	m.phase, m.asked, m.accepted, m.cause = Opening, false, false, nil
	m.number++
	return true
}

// Connect tells that CONNECT is to be sent, or returns why it cannot be.
func (m *Machine) Connect() error {
	switch m.phase {
	case Opening:
		m.phase, m.asked = Connecting, true
		return nil
	case Going, Ended:
		return fmt.Errorf("connect: %w", m.End())
	case Between:
		return fmt.Errorf("connect: %w", m.Lost())
	default:
		return errors.New("connect: Connect was called before; open another client")
	}
}

// Accept tells that the server accepted the session at now.
func (m *Machine) Accept(now time.Time) {
	m.phase, m.accepted, m.since = Live, true, now
	m.accepts++
}

// Leave tells that the connection is over because of cause: the last packet is on
// its way, or the transport is being cut. The first cause counts. It reports false when there is no
// transport, or it has ended.
func (m *Machine) Leave(cause error) bool {
	if m.phase == Between || m.phase == Ended {
		return false
	}
	if m.cause == nil {
		m.cause = cause
	}
	m.phase = Going
	return true
}

// Next is what follows a connection that has ended.
type Next byte

// What can follow.
const (
	Reconnect Next = iota // another attempt
	Finish                // nothing: call Finish
	Wait                  // whoever makes connections at the moment decides
)

// Settle returns what follows for whoever makes connections, after an attempt:
// Wait means that one stands, or is about to end and will tell.
func (m *Machine) Settle() Next {
	switch {
	case m.phase == Ended || m.phase == Between && (m.closed || !m.kind.Reconnects):
		return Finish
	case m.phase == Between:
		return Reconnect
	default:
		return Wait
	}
}

// Detach tells that the transport has ended because of err, unless a cause is known.
// dialing says that somebody is making connections and will see.
func (m *Machine) Detach(err error, dialing bool) Next {
	m.Leave(err)
	if m.accepted {
		m.last = m.cause
	}
	m.phase = Between
	switch {
	case dialing:
		return Wait
	case m.closed || !m.kind.Reconnects:
		return Finish
	default:
		return Reconnect
	}
}

// Fail tells that an attempt to connect failed because of err.
func (m *Machine) Fail(err error) { m.last = err }

// Finish ends the client. err, unless nil, is why, where no connection's end tells.
func (m *Machine) Finish(err error) {
	m.phase = Ended
	if err != nil {
		m.cause = err
	}
}

// Drain tells that Close waits for what is not complete. It reports false when there
// is nothing to wait for: no connection stands.
func (m *Machine) Drain() bool {
	if m.phase != Live {
		return false
	}
	m.draining = true
	return true
}

// Farewell is what Close has to do.
type Farewell byte

// What Close may have to do.
const (
	Nothing       Farewell = iota // the client has ended, or does so already
	StopDialing                   // end the attempts to connect
	Cut                           // end the transport without a word
	SayDisconnect                 // send DISCONNECT, then end it
)

// Close tells that the application ends the client, and returns what that takes.
func (m *Machine) Close() Farewell {
	if m.phase == Ended || m.phase == Going && !m.lasting() {
		return Nothing
	}
	m.closed = true
	switch m.phase {
	case Between:
		return StopDialing
	case Going:
		return Nothing
	case Live: // the server accepted us: before that a DISCONNECT has no place
		return SayDisconnect
	default:
		return Cut
	}
}

// TellsOfEnd reports whether the application is to be told that the connection
// ended: it did not ask for that, and no call returns the error.
func (m *Machine) TellsOfEnd() bool {
	if m.closed {
		return false
	}
	return m.accepted || !m.asked && !m.kind.Dialed && !m.lasting()
}

// lasting reports whether publishes outlive the connection.
func (m *Machine) lasting() bool { return m.kind.Reconnects || m.kind.Saves }

// End returns why nothing can be sent any more.
func (m *Machine) End() error {
	if m.closed || m.cause == nil {
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrClosed, m.cause)
}

// Lost returns why what needs a connection cannot be done now.
func (m *Machine) Lost() error {
	cause := m.cause
	if m.phase == Between {
		cause = m.last
	}
	switch {
	case m.closed || m.phase == Ended || m.phase == Going && !m.kind.Reconnects:
		return m.End()
	case cause == nil:
		return ErrNotConnected
	default:
		return fmt.Errorf("%w: %w", ErrNotConnected, cause)
	}
}

// Phase returns the phase, for tests and for what is printed.
func (m *Machine) Phase() Phase { return m.phase }

// Live reports whether the server accepted the session and the connection stands.
func (m *Machine) Live() bool { return m.phase == Live }

// HasEnded reports whether no connection follows.
func (m *Machine) HasEnded() bool { return m.phase == Ended }

// Connection returns the number of the connection that stands, or of the last one; 0:
// there was none.
func (m *Machine) Connection() uint64 { return m.number }

// Accepted reports whether the server accepted that connection, and Accepts how many
// it accepted.
func (m *Machine) Accepted() bool { return m.accepted }

// Accepts returns how many connections the server accepted.
func (m *Machine) Accepts() int { return m.accepts }

// Since returns when it accepted the last one.
func (m *Machine) Since() time.Time { return m.since }

// Closed reports whether Close was called.
func (m *Machine) Closed() bool { return m.closed }

// Cause returns why the connection ends, nil while it does not.
func (m *Machine) Cause() error { return m.cause }

// Last returns why the last connection ended, or the last attempt failed.
func (m *Machine) Last() error { return m.last }
