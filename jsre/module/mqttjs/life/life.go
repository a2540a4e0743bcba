// Package life is the life of a client of the API of MQTT.js as a machine: in which phase its connection
// is, what each event means there, and what becomes of a packet. It has no I/O, clock or goroutine; the
// client does what it says.
package life

// Phase is where a client is.
type Phase byte

// The phases. There is a transport from Connecting to Going.
const (
	Idle       Phase = iota // no transport; an attempt may follow
	Opening                 // an attempt reads the script's options, which may call the script
	Connecting              // CONNECT is on its way
	Resuming                // the server accepted; what was stored before goes first
	Live                    // the session goes on
	Going                   // DISCONNECT is on its way, or the transport is being cut
	Ended                   // the script has ended the client, and was told so
	phases
)

// String returns the name of p.
func (p Phase) String() string {
	return [...]string{"idle", "opening", "connecting", "resuming", "live", "going", "ended"}[p]
}

// Event is something that happens to a client.
type Event byte

// The events.
const (
	Attempt  Event = iota // a connection is wanted now
	Fail                  // the options are none to connect with
	Ask                   // a transport is being made, and CONNECT goes over it
	Accept                // CONNACK tells success
	Resume                // what was stored is through
	Depart                // the script's end of the client takes effect
	Cut                   // the transport is to end without a word
	Close                 // the transport has ended
	Complete              // the end of the client is complete
	events
)

// Deed is what an event demands of the client.
type Deed byte

// The deeds.
const (
	Nothing      Deed = iota
	Open              // read the options and make a transport
	Renew             // the same after an end, with stores and a state that begin anew
	OpenLater         // the same as soon as the transport that ends has closed
	Welcome           // go on with the session
	Part              // send DISCONNECT, and close once that is written; by force, close at once
	CutTransport      // close it at once
	GiveUp            // likewise, without waiting for that
	Wait              // the transport is closing
	Tell              // tell the script that the client has ended
	TellClosed        // tell the script that the connection is gone
)

type step struct {
	to   Phase
	deed Deed
}

// steps says what each event does in each phase. What is not here changes nothing.
var steps = [events][phases]*step{
	Attempt: {Idle: {Opening, Open}, Going: {Going, OpenLater}, Ended: {Opening, Renew}},
	Fail:    {Opening: {Idle, Nothing}},
	Ask:     {Opening: {Connecting, Nothing}},
	Accept:  {Connecting: {Resuming, Welcome}},
	Resume:  {Resuming: {Live, Welcome}},
	Depart: {
		Idle: {Idle, Tell}, Opening: {Idle, Tell}, Connecting: {Idle, GiveUp},
		Resuming: {Going, Part}, Live: {Going, Part}, Going: {Going, Wait},
	},
	Cut: {
		Opening: {Idle, Nothing}, Connecting: {Going, CutTransport},
		Resuming: {Going, CutTransport}, Live: {Going, CutTransport}, Going: {Going, CutTransport},
	},
	Close: {
		Connecting: {Idle, TellClosed}, Resuming: {Idle, TellClosed}, Live: {Idle, TellClosed}, Going: {Idle, TellClosed},
	},
	Complete: {Idle: {Ended, Tell}},
}

// Machine is the life of one client. The zero value has not begun.
type Machine struct {
	phase    Phase
	accepted bool // the server accepted the connection that stands
	leaving  bool // the script ends the client: no attempt follows, and nothing new is taken
	barred   bool // no attempt follows by itself, for the server refused us
	begun    bool // there was an attempt
	ended    bool // there was an end
}

// Step takes an event and returns what the client has to do.
func (m *Machine) Step(e Event) Deed {
	s := steps[e][m.phase]
	if s == nil {
		return Nothing
	}
	m.phase = s.to
	switch e {
	case Attempt:
		if s.deed != OpenLater {
			m.barred, m.accepted = false, false
		}
		if s.deed == Renew {
			m.leaving = false
		}
	case Ask:
		m.begun = true
	case Accept:
		m.accepted = true
	case Close:
		m.accepted = false
	case Complete:
		m.ended = true
	default:
	}
	return s.deed
}

// Phase returns the phase.
func (m *Machine) Phase() Phase { return m.phase }

// Connected reports whether the server accepted the connection and its transport has not ended.
func (m *Machine) Connected() bool { return m.accepted }

// Begun reports whether there was an attempt that the script could end.
func (m *Machine) Begun() bool { return m.begun }

// Leave tells that the script ends the client.
func (m *Machine) Leave() { m.leaving = true }

// Stay takes Leave back.
func (m *Machine) Stay() { m.leaving = false }

// Leaving reports whether the script ends the client, or has ended it.
func (m *Machine) Leaving() bool { return m.leaving }

// Bar has no attempt follow by itself, or one again.
func (m *Machine) Bar(barred bool) { m.barred = barred }

// Returns reports whether another attempt follows a connection that ends, as far as the machine knows.
func (m *Machine) Returns() bool { return !m.leaving && !m.barred }

// HasEnded reports whether there ever was an end, and whether the client has ended now.
func (m *Machine) HasEnded() (ever, now bool) { return m.ended, m.phase == Ended }
