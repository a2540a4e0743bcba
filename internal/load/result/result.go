// Package result is what a load has measured: counts, latencies, how they went over time, and the account of every message.
// Results of several processes are joined without loss.
package result

import (
	"time"

	"dunlin/internal/load/verify"
)

// Format is the number of the form that files have.
const Format = 1

// Result is what one run, or several joined ones, have measured. Durations in names are in the unit that the name says.
type Result struct {
	Format  int       `json:"format"`
	Dunlin  string    `json:"dunlin"` // version of the program
	Name    string    `json:"name"`   // of the scenario or the mode
	Command []string  `json:"command,omitempty"`
	Server  string    `json:"server"` // URL without credentials
	Version string    `json:"protocol"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"` // without the warm-up
	Parts   int       `json:"parts"`   // processes that were joined

	Parameters []Parameter `json:"parameters,omitempty"`
	Cost       Cost        `json:"cost"`

	Counts Counts `json:"counts"`
	// AtEnd are the counts when the load ended: Counts have also what came while the run waited for what was under way. nil: the same.
	AtEnd     *Counts              `json:"at_end,omitempty"`
	Groups    map[string]Counts    `json:"groups"`
	Latency   string               `json:"latency"` // name of the histogram that percentiles without a name mean
	Latencies map[string]Histogram `json:"latencies"`
	Timeline  []Second             `json:"timeline"`
	Events    []Event              `json:"events"` // of connections; at most EventsKept, EventsLost more happened
	EventLost int                  `json:"events_lost"`
	// Faults are why messages failed, and how often each came up.
	Faults map[string]int64 `json:"publish_faults,omitempty"`

	Verified *verify.Account `json:"verified,omitempty"`
	Ledger   *verify.Ledger  `json:"ledger,omitempty"` // what a join needs
	Checks   []Check         `json:"checks,omitempty"`
}

// EventsKept is how many events a result names; the others are counted.
const EventsKept = 10_000

// Cost is what the load generator itself took.
type Cost struct {
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakBytes  int64   `json:"peak_bytes"` // resident memory
	Cores      int     `json:"cores"`
	// LateSeconds is by how much sends came after their time, in sum: a generator that cannot keep its rate says so.
	LateSeconds float64 `json:"late_seconds"`
}

// Counts are sums of a run or of a second of it.
type Counts struct {
	Connects      int64 `json:"connects"` // accepted
	ConnectErrors int64 `json:"connect_errors"`
	Lost          int64 `json:"connections_lost"`
	Dropped       int64 `json:"connections_dropped"` // by the scenario
	Subscribes    int64 `json:"subscribes"`
	Due           int64 `json:"due"`       // messages that should have been sent by then
	Published     int64 `json:"published"` // given to the client
	Acknowledged  int64 `json:"acknowledged"`
	PublishErrors int64 `json:"publish_errors"`
	Received      int64 `json:"received"`
	BytesOut      int64 `json:"bytes_out"` // payloads
	BytesIn       int64 `json:"bytes_in"`
}

// Second is what happened in one second of the clock.
type Second struct {
	Time   int64 `json:"time"` // Unix seconds
	Online int64 `json:"online"`
	Counts
	Latency Histogram `json:"latency"` // of the kind that Result.Latency names
}

// Event is something that happened to a connection.
type Event struct {
	Time   float64 `json:"time"` // Unix seconds
	Group  string  `json:"group"`
	Client int     `json:"client"`
	Kind   string  `json:"kind"` // "connected", "refused", "lost", "dropped", "back"
	Detail string  `json:"detail,omitempty"`
}

// Check is a threshold, and whether it holds.
type Check struct {
	Text   string  `json:"text"`  // as it was given, such as "p99>50ms"
	Value  float64 `json:"value"` // latencies and times in seconds, memory in bytes, rates a second
	Found  string  `json:"found"` // the value for people, such as "61.2ms", or why there is none
	Failed bool    `json:"failed"`
}
