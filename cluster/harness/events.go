package harness

import (
	"slices"
	"sync"
	"time"
)

// what happened to a client's connection.
type what byte

const (
	dialed   what = iota // it began to make a connection
	asked                // it sent CONNECT
	accepted             // the server's CONNACK came
	online               // OnConnect
	offline              // OnDisconnect: it has noticed
)

type event struct {
	what    what
	at      time.Time
	client  int
	node    int  // not of online and offline
	session bool // of accepted: the server has kept the session
}

// events is the history of all connections.
type events struct {
	mu   sync.Mutex
	all  []event
	wake chan struct{} // closed at the next event
}

func newEvents() *events { return &events{wake: make(chan struct{})} }

func (e *events) add(ev event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ev.at = time.Now()
	e.all = append(e.all, ev)
	close(e.wake)
	e.wake = make(chan struct{})
}

// since returns what has happened from a moment on, and a channel that is closed when there is more.
func (e *events) since(from time.Time) ([]event, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := len(e.all)
	for first > 0 && !e.all[first-1].at.Before(from) {
		first--
	}
	return slices.Clone(e.all[first:]), e.wake
}

// where returns the node that each client is connected to; -1: none.
func (e *events) where(clients int) []int {
	at, node := make([]int, clients), make([]int, clients)
	for i := range at {
		at[i] = -1
	}
	all, _ := e.since(time.Time{})
	for _, ev := range all {
		switch ev.what {
		case accepted:
			node[ev.client] = ev.node
		case online:
			at[ev.client] = node[ev.client]
		case offline:
			at[ev.client] = -1
		}
	}
	return at
}

// spread counts the clients by node.
func (e *events) spread(clients, nodes int) []int {
	n := make([]int, nodes)
	for _, node := range e.where(clients) {
		if node >= 0 {
			n[node]++
		}
	}
	return n
}

// Durations are some of many times.
type Durations struct {
	N                int
	Median, P99, Max time.Duration
}

func durations(all []time.Duration) Durations {
	if len(all) == 0 {
		return Durations{}
	}
	slices.Sort(all)
	return Durations{N: len(all), Median: all[len(all)/2], P99: all[(len(all)-1)*99/100], Max: all[len(all)-1]}
}

// comeback is how clients that lost their connections came back.
type comeback struct {
	Lost int // connections
	// Asked is from OnDisconnect to the first CONNECT that was sent to a node that is there: the client's part. Answered is from that
	// CONNECT to the CONNACK that accepted the client, of that node or of a later one: the servers' part, with all attempts that
	// they let fail. Back is from OnDisconnect to OnConnect.
	Asked, Answered, Back Durations
	Away                  int // clients that are not back
	// NoSession are those for which the server had no session any more.
	NoSession int
	// Connects is how many connections were begun in the second that had most.
	Connects int
}

// wayBack is one client's way back.
type wayBack struct{ noticed, asked time.Time }

// comebacks reads the history of a fault: node down was not there until it was mended; -1: all were.
func comebacks(all []event, down int, mended time.Time) comeback {
	var c comeback
	var asks, answers, backs []time.Duration
	var dials []time.Time
	gone := map[int]*wayBack{}
	for _, ev := range all {
		way := gone[ev.client]
		switch ev.what {
		case dialed:
			dials = append(dials, ev.at)
		case asked:
			there := ev.node != down || ev.at.After(mended)
			if way != nil && way.asked.IsZero() && there {
				way.asked = ev.at
				asks = append(asks, ev.at.Sub(way.noticed))
			}
		case accepted:
			if !ev.session {
				c.NoSession++
			}
			if way != nil && !way.asked.IsZero() {
				answers = append(answers, ev.at.Sub(way.asked))
			}
		case online:
			if way != nil {
				backs = append(backs, ev.at.Sub(way.noticed))
				delete(gone, ev.client)
			}
		case offline:
			c.Lost++
			gone[ev.client] = &wayBack{noticed: ev.at}
		}
	}
	c.Asked, c.Answered, c.Back = durations(asks), durations(answers), durations(backs)
	c.Away, c.Connects = len(gone), busiest(dials)
	return c
}

// busiest returns how many of times, which are in order, are in the second that has most.
func busiest(times []time.Time) int {
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
