// Package work says what is measured: the works and the clients.
package work

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// The tables that works stand in.
const (
	Speed   = "speed"
	Windows = "windows"
	Core    = "core"
	Sizes   = "sizes"
	Nets    = "nets"
	Durable = "durable"
	Idle    = "idle"
	Growth  = "growth"
)

// Work is one thing that clients do.
type Work struct {
	Name  string // unique
	Table string
	Do    string // what a driver calls it
	Net   string // tcp, tls or ws
	Size  int    // of a payload, in bytes
	N     int    // of clients, subscriptions or messages in flight; 0: does not matter, or is the client's own default
	Sync  string // of a store
	View  bool   // handlers do not keep what they get
	Core  bool   // the client has one processor, and the server the others
	Only  []string
}

// Once reports whether the work is about a state, not about messages: it has no
// warm-up and no count.
func (w *Work) Once() bool { return w.Do == "idle" }

// First returns how many messages the first trial has: few where they are large.
func (w *Work) First() int {
	return max(min(500, 64<<20/max(w.Size, 1)), 2*w.N)
}

// Burst is how many messages one client sends before it is another's turn, in the
// works with many clients.
const Burst = 50

// Warm returns how many messages go ahead of count messages that are measured. Each
// of many clients has its turn then: the first one in its life costs more.
func (w *Work) Warm(count int) int {
	switch {
	case w.Once():
		return 0
	case w.Do == "clients":
		return max(count/10, Burst*w.N)
	default:
		return max(count/10, 1)
	}
}

// Trips reports whether the work is about how long one message takes.
func (w *Work) Trips() bool { return strings.HasPrefix(w.Do, "rtt") }

// Published returns the QoS of the messages that the server gets, or false.
func (w *Work) Published() (qos int, ok bool) {
	switch {
	case strings.HasPrefix(w.Do, "pub"):
		return int(w.Do[3] - '0'), true
	case w.Do == "durable", w.Do == "clients", w.Do == "flight", w.Do == "rtt1":
		return 1, true
	default:
		return 0, w.Do == "rtt0"
	}
}

// Received returns the QoS of the messages that the server sends, or false.
func (w *Work) Received() (qos int, ok bool) {
	if strings.HasPrefix(w.Do, "recv") {
		return int(w.Do[4] - '0'), true
	}
	return 0, w.Do == "subs" || w.Do == "rtt0"
}

// views are the clients whose handlers may get a view of the message: no one else
// has such a thing.
var views = []string{Limit, Ours, "libmosquitto"}

// own are the clients that have a default of their own, or none, for how many messages
// are in flight.
var own = []string{Ours, Script, "paho3", "paho5", "libmosquitto", MQTTjs}

// All returns every work, in the order of the tables.
func All() []Work {
	var all []Work
	for _, do := range []string{"pub0", "pub1", "pub2", "recv0", "recv1", "recv2", "rtt0", "rtt1"} {
		all = append(all, Work{Name: do, Table: Speed, Do: do, Net: "tcp", Size: 64})
	}
	all = append(all, Work{Name: "recv0-view", Table: Speed, Do: "recv0", Net: "tcp", Size: 64, View: true, Only: views})
	for _, do := range []string{"recv0-pull", "recv1-pull", "recv0-batch", "recv1-batch"} {
		all = append(all, Work{Name: do, Table: Speed, Do: do, Net: "tcp", Size: 64, Only: []string{Ours}})
	}
	all = slices.Concat(all, windows(), core(), sizes())
	for _, net := range []string{"tls", "ws"} {
		for _, do := range []string{"pub0", "pub1", "recv0", "recv1"} {
			all = append(all, Work{Name: do + "-" + net, Table: Nets, Do: do, Net: net, Size: 64})
		}
	}
	for _, sync := range []string{"always", "interval"} {
		all = append(all, Work{Name: "durable-" + sync, Table: Durable, Do: "durable", Net: "tcp", Size: 64, Sync: sync})
	}
	all = append(all,
		Work{Name: "idle", Table: Idle, Do: "idle", Net: "tcp", N: 1000},
		Work{Name: "idle-10k", Table: Idle, Do: "idle", Net: "tcp", N: 10000, Only: []string{Limit, Ours}})
	return append(all, growth()...)
}

// windows are publishes with another number in flight than drive.Window, which pub1 and
// pub2 have: all clients with as many, and each with its own default.
func windows() (all []Work) {
	for _, do := range []string{"pub1", "pub2"} {
		w := Work{Table: Windows, Do: do + "-window", Net: "tcp", Size: 64}
		equal, each := w, w
		equal.Name, equal.N = do+"-20", 20
		each.Name, each.Only = do+"-default", own
		all = append(all, equal, each)
	}
	return all
}

func core() (all []Work) {
	for _, do := range []string{"pub0", "pub1", "recv0", "recv1", "rtt0", "rtt1"} {
		all = append(all, Work{Name: do + "-core", Table: Core, Do: do, Net: "tcp", Size: 64, Core: true})
	}
	return all
}

// header is more than the topic and the fixed header of a message take: with so much less
// than 16 MiB, its packet is one that every client takes by default.
const header = 1 << 10

func sizes() (all []Work) {
	for _, size := range []int{1, 64} {
		for _, do := range []string{"pub0", "pub1", "recv0", "recv1"} {
			name := fmt.Sprintf("%s-%dk", do, size)
			all = append(all, Work{Name: name, Table: Sizes, Do: do, Net: "tcp", Size: size << 10})
		}
	}
	for _, large := range []struct {
		name string
		size int
	}{{"recv0-64k", 64 << 10}, {"recv0-1m", 1 << 20}, {"recv0-16m", 16<<20 - header}} {
		w := Work{Name: large.name, Table: Sizes, Do: "recv0", Net: "tcp", Size: large.size}
		if large.size > 64<<10 {
			all = append(all, w)
		}
		w.Name, w.View, w.Only = w.Name+"-view", true, views
		all = append(all, w)
	}
	return all
}

// Steps are the sizes of the series of growth.
var Steps = []int{1, 10, 100, 1000, 10000, 65535}

func growth() []Work {
	var all []Work
	for _, do := range []string{"clients", "subs", "flight"} {
		for _, n := range Steps {
			if n > 10000 && do != "flight" { // there are only so many packet identifiers
				continue
			}
			all = append(all, Work{Name: fmt.Sprint(do, "-", n), Table: Growth, Do: do, Net: "tcp", Size: 64, N: n, Only: []string{Ours}})
		}
	}
	return all
}

// Select returns the works that match one of the patterns, which are those of
// path.Match on names, or names of tables; none: all.
func Select(patterns []string) ([]Work, error) {
	all := All()
	if len(patterns) == 0 {
		return all, nil
	}
	used := make([]bool, len(patterns))
	chosen := slices.DeleteFunc(all, func(w Work) bool {
		match := false
		for i, p := range patterns {
			if ok, _ := path.Match(p, w.Name); ok || p == w.Table {
				match, used[i] = true, true
			}
		}
		return !match
	})
	if i := slices.Index(used, false); i >= 0 {
		return nil, fmt.Errorf("no work is called %q; see list", patterns[i])
	}
	return chosen, nil
}
