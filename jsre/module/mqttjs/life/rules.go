package life

// Operation is a packet that the client is to send.
type Operation byte

// The operations.
const (
	Lasting   Operation = iota // a message of QoS 1 or 2: it is stored until it is acknowledged
	Release                    // PUBREL, which is stored in the place of its message
	Message                    // a message of QoS 0 that waits for a connection
	Momentary                  // a message of QoS 0 that does not
	Subscribe                  // or unsubscribe
	Answer                     // an acknowledgement of what came on this connection
	Ping
	Authenticate
	operations
)

// Rule is what becomes of a packet.
type Rule byte

// The rules.
const (
	Write    Rule = iota // it is sent on the connection that stands
	Store                // it is stored, to be sent by the connection to come
	StoreNow             // it is stored, and sent
	StoreEnd             // it is stored, and sent behind what was stored before
	Park                 // it waits for the connection to come, behind what is stored
	Drop                 // it means nothing any more
	Refuse               // whoever sends it is told that there is no connection
)

// The rows of the rules. The columns are idle, opening, connecting, resuming, live, going, ended.
var (
	lasting   = [phases]Rule{Store, Store, Store, StoreEnd, StoreNow, Store, Store}
	release   = [phases]Rule{Store, Store, Store, StoreNow, StoreNow, Store, Store}
	parked    = [phases]Rule{Park, Park, Park, Park, Write, Park, Park}
	momentary = [phases]Rule{Refuse, Refuse, Refuse, Write, Write, Refuse, Refuse}
	answers   = [phases]Rule{Drop, Drop, Drop, Write, Write, Write, Drop} // the transport knows whether it still can
	pings     = [phases]Rule{Drop, Drop, Drop, Write, Write, Drop, Drop}
	auth      = [phases]Rule{Drop, Drop, Write, Write, Write, Drop, Drop}
)

var rules = [operations][phases]Rule{
	Lasting: lasting, Release: release, Message: parked, Momentary: momentary, Subscribe: parked, Answer: answers, Ping: pings, Authenticate: auth,
}

// Rule returns what becomes of a packet now.
func (m *Machine) Rule(op Operation) Rule { return rules[op][m.phase] }
