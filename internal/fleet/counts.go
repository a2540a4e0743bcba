package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Count is something that is counted.
type Count int

// What is counted.
const (
	Connects   Count = iota // sessions that the server accepted
	Failures                // attempts to connect that failed
	Lost                    // connections that ended otherwise than by the device
	Cuts                    // links that the scenario has cut
	Births                  // announcements of a device
	Telemetry               // readings published
	Confirmed               // of those of QoS 1 and 2: what the server has acknowledged
	Unsent                  // readings for which there was no connection, at QoS 0, or no room
	Commands                // that reached a device
	Answers                 // to them
	Wakes                   // of sleeping devices
	Waited                  // messages that a sleeping device found when it woke
	Downloads               // of firmware that were begun
	Chunks                  // of firmware that a device has taken
	BadChunks               // whose checksum is wrong
	Resumed                 // downloads that went on after a connection had ended
	Installed               // downloads whose checksum is right
	Spoilt                  // downloads whose checksum is wrong
	Asked                   // commands that the service has sent
	Answered                // of them
	Unanswered              // of them, at the end
	Seen                    // messages that were checked
	Violations              // of rules, found by the check
	Advice                  // recommendations not followed, found by the check
	Errors                  // other ones that clients told of
	counted
)

// countNames are the names of counts in results and limits, and how people read them.
var countNames = [counted]struct{ name, text string }{
	Connects:   {"connects", "sessions that the server accepted"},
	Failures:   {"connect_errors", "attempts to connect that failed"},
	Lost:       {"connections_lost", "connections lost"},
	Cuts:       {"cuts", "links cut by the scenario"},
	Births:     {"births", "births"},
	Telemetry:  {"telemetry", "readings published"},
	Confirmed:  {"acknowledged", "readings acknowledged (QoS 1 and 2)"},
	Unsent:     {"unsent", "readings that could not be sent"},
	Commands:   {"commands", "commands received by devices"},
	Answers:    {"answers", "commands answered by devices"},
	Wakes:      {"wakes", "times that a sleeping device woke"},
	Waited:     {"waited", "messages that waited for a sleeping device"},
	Downloads:  {"downloads", "firmware downloads begun"},
	Chunks:     {"chunks", "firmware chunks taken"},
	BadChunks:  {"bad_chunks", "firmware chunks with a wrong checksum"},
	Resumed:    {"resumed", "firmware downloads resumed"},
	Installed:  {"installed", "firmware installed, checksum right"},
	Spoilt:     {"spoilt", "firmware with a wrong checksum"},
	Asked:      {"asked", "commands sent by the service"},
	Answered:   {"answered", "of them answered"},
	Unanswered: {"unanswered", "of them not answered"},
	Seen:       {"checked", "messages checked"},
	Violations: {"violations", "rules broken"},
	Advice:     {"advice", "recommendations not followed"},
	Errors:     {"errors", "other errors of clients"},
}

// Text says for people what is counted.
func (c Count) Text() string { return countNames[c].text }

// Name is the name in results and limits.
func (c Count) Name() string { return countNames[c].name }

// Counts returns all counts, in the order in which they are shown.
func Counts() []Count {
	all := make([]Count, counted)
	for i := range all {
		all[i] = Count(i)
	}
	return all
}

type counters [counted]atomic.Int64

func (c *counters) add(what Count) { c[what].Add(1) }

// Result is what a run has come to.
type Result struct {
	Name    string           `json:"name"`
	Server  string           `json:"server"`
	Seed    uint64           `json:"seed"`
	Speed   float64          `json:"speed"`
	Devices int              `json:"devices"`
	Started time.Time        `json:"started"`
	Seconds float64          `json:"seconds"`
	Counts  map[string]int64 `json:"counts"`
	Breaks  []Break          `json:"breaks,omitempty"` // the first ones
}

// Get returns a count.
func (r *Result) Get(c Count) int64 { return r.Counts[c.Name()] }

// Break is a rule that a device has broken.
type Break struct {
	Rule  string `json:"rule"`
	Topic string `json:"topic"`
	What  string `json:"what"`
	// Advice says that the rule is a recommendation: who does otherwise is not at fault.
	Advice bool `json:"advice,omitempty"`
}

// Limit is a bound on a count; a run that is beyond it has failed.
type Limit struct {
	Text  string
	count Count
	above bool
	bound int64
	equal bool
}

// ParseLimit reads a limit such as "violations>0".
func ParseLimit(text string) (Limit, error) {
	at := strings.IndexAny(text, "<>")
	if at < 0 {
		return Limit{}, fmt.Errorf("%q is no limit; write one such as violations>0", text)
	}
	l := Limit{Text: text, above: text[at] == '>'}
	rest := text[at+1:]
	rest, l.equal = strings.CutPrefix(rest, "=")
	var err error
	if l.bound, err = strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err != nil {
		return Limit{}, fmt.Errorf("limit %q: %q is no whole number", text, strings.TrimSpace(rest))
	}
	name := strings.TrimSpace(text[:at])
	i := slices.IndexFunc(countNames[:], func(n struct{ name, text string }) bool { return n.name == name })
	if i < 0 {
		var all []string
		for _, n := range countNames {
			all = append(all, n.name)
		}
		return Limit{}, fmt.Errorf("limit %q: nothing is counted as %q; there are %s", text, name, strings.Join(all, ", "))
	}
	l.count = Count(i)
	return l, nil
}

// Failed reports whether r is beyond the limit, and the value that it has.
func (l Limit) Failed(r *Result) (value int64, failed bool) {
	value = r.Get(l.count)
	switch {
	case l.equal && value == l.bound:
		return value, true
	case l.above:
		return value, value > l.bound
	}
	return value, value < l.bound
}
