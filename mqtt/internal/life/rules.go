package life

// Operation is something that a client may be asked to do, or that comes to it.
type Operation byte

// The operations.
const (
	Publish     Operation = iota // of QoS 1 or 2, or of QoS 0 where these are queued, too
	PublishNow                   // of QoS 0: without a connection it is not kept
	Subscribe                    // or unsubscribe
	Exchange                     // what belongs to the connection that stands: a ping, a request, re-authentication
	Acknowledge                  // what handlers, or Received.Ack, say of a message
	Packet                       // from the server
	KeepAlive                    // to look whether a ping is due, or its answer is late
	operations
)

// Rule is what happens to an operation.
type Rule byte

// The rules.
const (
	Take         Rule = iota // it is done on the connection that stands
	Park                     // it is kept for the connection to come
	Note                     // the session notes it, and nothing is sent
	Handshake                // of packets: CONNACK and AUTH are taken, others break the protocol
	Early                    // of packets: any breaks the protocol
	NotConnected             // it is refused with ErrNotConnected
	Closed                   // it is refused with ErrClosed
	Ignore                   // it is left out, without an error
)

// The four kinds of client, as columns of the rules' blocks.
const (
	once = iota
	reconnects
	saves
	both
	kinds
)

// The rows of the rules: what happens in each phase. The columns are between, opening, connecting, live, going, ended.
var (
	refused = [phases]Rule{NotConnected, NotConnected, NotConnected, Take, Closed, Closed}
	parked  = [phases]Rule{Park, Park, Park, Take, Park, Closed}
	awaited = [phases]Rule{NotConnected, NotConnected, NotConnected, Take, NotConnected, Closed} // later it may be asked again
	packets = [phases]Rule{Ignore, Early, Handshake, Take, Ignore, Ignore}                       // after a last packet nothing counts
	pings   = [phases]Rule{Ignore, Ignore, Ignore, Take, Ignore, Ignore}
)

// rules says what happens to each operation, in each phase and for each kind of
// client. A client that saves and does not reconnect ends with its connection: what
// handlers say after it is noted for the store.
var rules = [operations][kinds][phases]Rule{
	Publish:    {once: refused, reconnects: parked, saves: refused, both: parked},
	PublishNow: {once: refused, reconnects: awaited, saves: refused, both: awaited},
	Subscribe:  {once: refused, reconnects: parked, saves: refused, both: parked},
	Exchange:   {once: refused, reconnects: awaited, saves: refused, both: awaited},
	// No acknowledgement outlives its connection: the session knows which messages are
	// of an earlier one, and what there is to remember of them.
	Acknowledge: {
		once:       {Closed, Closed, Closed, Take, Note, Closed},
		reconnects: {Note, Note, Note, Take, Note, Closed},
		saves:      {Note, Note, Note, Take, Note, Note},
		both:       {Note, Note, Note, Take, Note, Note},
	},
	Packet:    {once: packets, reconnects: packets, saves: packets, both: packets},
	KeepAlive: {once: pings, reconnects: pings, saves: pings, both: pings},
}

// column returns the column of k.
func (k Kind) column() uint8 {
	switch {
	case k.Reconnects && k.Saves:
		return both
	case k.Saves:
		return saves
	case k.Reconnects:
		return reconnects
	default:
		return once
	}
}

// begins reports whether op asks for something new, which a client that is being
// closed does not begin.
func (op Operation) begins() bool { return op <= Exchange }

// Rule returns what happens to op now.
func (m *Machine) Rule(op Operation) Rule {
	if op.begins() && (m.draining || m.closed) {
		return Closed
	}
	return rules[op][m.column][m.phase]
}

// Refusal returns why op is refused now, nil when it is not.
func (m *Machine) Refusal(op Operation) error {
	switch m.Rule(op) {
	case NotConnected:
		return m.Lost()
	case Closed:
		return m.End()
	default:
		return nil
	}
}
