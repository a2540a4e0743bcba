package mqtt

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"dunlin/mqtt/dial"
)

// ServerOrder is the order in which a client tries its servers: the one given to Dial and
// Reconnect.Servers. With each attempt it goes on to the next, as long as none accepts it.
// In every order a server that has been silent within the last 15 seconds comes after all others: one that left a
// ping, a CONNECT or the making of a connection without an answer until it timed out, for as long it would hold
// up the client again. So does one that has asked the client to use another.
type ServerOrder byte

// The orders.
const (
	ServersInTurn ServerOrder = iota // one after the other, round and round, as they are listed
	// ServersFirstFirst begins anew after each loss with the one given to Dial, and goes on to the
	// others only while it cannot be reached: the others are spare.
	ServersFirstFirst
	// ServersShuffled draws the order, also of the first attempt and by Reconnect.Weights, and draws
	// anew after each loss and when all were tried. The server of the connection that was lost comes
	// last then. So many clients spread over the servers, and those of a server that
	// fails over all that are left.
	ServersShuffled
)

// silentTime is how long a server that was silent, or that sends clients away, comes after all others: about as long as a cluster takes to be whole again.
// Longer would have the clients of the next server that fails crowd on those that are left.
const silentTime = 15 * time.Second

// rotation says which server is tried next.
type rotation struct {
	urls    []string // the one given to Dial, and those of the Reconnect
	order   ServerOrder
	weights []int
	left    []int       // of urls: those still to be tried before the order is made again
	last    int         // of urls: tried last
	tried   bool        // last counts
	silent  []time.Time // of urls: when it was silent, or sent the client away, last; nil: none did
	failed  []string    // servers that SRV records named and at which attempts failed since there was a connection, or that left that without an answer
}

// follow takes over what policy says.
func (r *rotation) follow(policy *Reconnect) {
	r.urls, r.order, r.weights = append(r.urls, policy.Servers...), policy.Order, policy.Weights
}

// take returns the server for the next attempt.
func (r *rotation) take() string {
	if len(r.urls) == 1 {
		return r.urls[0]
	}
	if len(r.left) == 0 {
		r.line()
	}
	r.last, r.tried = r.left[0], true
	r.left = r.left[1:]
	return r.urls[r.last]
}

// lost notes the end of a connection to the server that was tried last, whose address is at, by err.
func (r *rotation) lost(at string, err error) {
	r.noteSilence(err)
	r.left, r.failed = nil, nil
	if isSilence(err) || sendsAway(err) {
		r.failed = []string{at}
	}
}

// noteSilence notes that the server that was tried last was silent, or has sent the client away, if err says so.
func (r *rotation) noteSilence(err error) {
	if len(r.urls) == 1 || !isSilence(err) && !sendsAway(err) {
		return
	}
	if r.silent == nil {
		r.silent = make([]time.Time, len(r.urls))
	}
	r.silent[r.last] = time.Now()
}

// isSilence reports whether err says that there was no answer in time.
func isSilence(err error) bool {
	var late net.Error
	return errors.Is(err, ErrKeepAlive) || errors.As(err, &late) && late.Timeout()
}

// line puts the servers into the order of the next round.
func (r *rotation) line() {
	switch r.order {
	case ServersShuffled:
		r.draw()
	case ServersFirstFirst:
		r.begin(0)
	default:
		next := 0
		if r.tried {
			next = r.last + 1
		}
		r.begin(next)
	}
	if r.silent == nil {
		return
	}
	now := time.Now()
	for i, at := range r.silent {
		if now.Sub(at) >= silentTime {
			r.silent[i] = time.Time{}
		}
	}
	slices.SortStableFunc(r.left, func(i, j int) int { return r.silent[i].Compare(r.silent[j]) })
}

// begin lines the servers up as they are listed, from one on.
func (r *rotation) begin(first int) {
	r.left = make([]int, len(r.urls))
	for i := range r.left {
		r.left[i] = (first + i) % len(r.urls)
	}
}

// draw draws an order by weight: what comes first is a draw among all, what comes next one among the
// rest. The server that was tried last comes last.
func (r *rotation) draw() {
	keys := make([]float64, len(r.urls))
	r.left = make([]int, len(r.urls))
	for i := range r.urls {
		weight := 1.0
		if r.weights != nil {
			weight = float64(r.weights[i])
		}
		r.left[i] = i
		keys[i] = rand.ExpFloat64() / cmp.Or(weight, neverFirst) // the least of such is each with its share of the weights
	}
	slices.SortFunc(r.left, func(i, j int) int { return cmp.Compare(keys[i], keys[j]) })
	if at := slices.Index(r.left, r.last); r.tried {
		r.left = append(slices.Delete(r.left, at, at+1), r.last)
	}
}

// neverFirst stands for the weight 0, so that those of it are drawn among each other.
const neverFirst = 1e-300

// failedLast puts the servers that SRV records named into the order in which they are tried: those at which an
// attempt failed come last, whatever their priority. Else a server that takes connections and answers none
// would be tried for ever, where it has the best one.
func (r *rotation) failedLast(servers []dial.Address) {
	slices.SortStableFunc(servers, func(a, b dial.Address) int {
		return slices.Index(r.failed, a.String()) - slices.Index(r.failed, b.String())
	})
}

// failedAt notes where an attempt at address ended with err, if SRV records named the server.
func (r *rotation) failedAt(address dial.Address, err error) {
	var at *dial.Error
	if !address.IsSRV() || !errors.As(err, &at) {
		return
	}
	r.failed = slices.DeleteFunc(r.failed, func(known string) bool { return known == at.Address })
	r.failed = append(r.failed, at.Address)
	if len(r.failed) > rememberedServers {
		r.failed = r.failed[1:]
	}
}
