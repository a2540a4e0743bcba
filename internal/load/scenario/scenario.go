// Package scenario says what a load is made of: groups of clients, what they publish and subscribe to, at which rates, and
// the phases of a run. Whoever drives the load reads it and does not change it.
package scenario

import "time"

// Scenario is a whole load. The modes of the command and the files of users are both made into one.
type Scenario struct {
	Name   string
	Groups []Group
	Phases []Phase // one after another; at least one
	Warmup time.Duration
	// Drain is how long the end waits for messages that are still under way.
	Drain time.Duration
	// Latency names the histogram that percentiles without a name mean, such as "delivery".
	Latency string
	Seed    uint64
}

// Group is a number of clients that do the same. Names may hold templates with the number of the client.
type Group struct {
	Name     string
	Clients  int
	First    int     // number of the first client, so that several processes share a group
	Rate     float64 // connects a second; 0: as fast as the server takes them
	ClientID string  // template
	Username string  // template

	KeepSession   bool
	SessionExpiry time.Duration
	KeepAlive     time.Duration // 0: as the command says; NoPings: none
	Will          *Message
	Publish       []Publish
	Subscribe     []Subscribe
	// Echo has each message that comes answered to its publisher: the far half of a round trip.
	Echo bool
	Drop *Drop
}

// NoPings is a Group.KeepAlive that lasts for ever.
const NoPings time.Duration = -1

// Message is what a publish or a will holds.
type Message struct {
	Topic   string // template
	Payload string // template; empty: Size bytes
	Size    int
	QoS     byte
	Retain  bool
}

// Publish is a stream of messages of each client of a group.
type Publish struct {
	Message
	Rate     float64 // messages a second of one client, kept whatever the server does; 0: as fast as the window allows
	Count    int     // of one client; 0: until the phases end
	InFlight int     // with Rate 0: so many unacknowledged at once; 0: 100
	Topics   int     // so many topics in turn, for templates with the number of the topic; 0: one
	// Answered has the client wait for the answer of an Echo to each message before it sends the next one.
	Answered bool
}

// Subscribe is a subscription of each client of a group.
type Subscribe struct {
	Filter string // template
	QoS    byte
	Share  string // group of a shared subscription; empty: none
	// Work is how long a client takes for each message, as an application would.
	Work time.Duration
}

// Drop has links broken under the clients of a group, without a DISCONNECT.
type Drop struct {
	Every time.Duration // of one client, on average
	For   time.Duration // how long it stays away
	Share float64       // of the clients; 0: all
}

// Phase is a stretch of time with its own rates.
type Phase struct {
	Name     string
	Duration time.Duration // 0: until every Count is reached
	From, To float64       // what rates are multiplied with, at the start and at the end: a ramp where they differ
	Groups   []string      // whose rates are meant; empty: all
	Drops    bool          // whether links are dropped in this phase
}
