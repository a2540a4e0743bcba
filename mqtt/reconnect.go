package mqtt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/wire"
)

// Reconnect says how a client goes on when its connection is lost. The zero value is good: it
// tries the same server again, for as long as it takes, and no lost connection or session ends a
// publish of QoS 1. What ends in doubt with it is a publish of QoS 2 whose session the server has
// lost, which KeepSession prevents, and any at which the server disconnects again and again
// (ErrQuarantined).
//
// What the application asked for goes on, too: subscriptions are made again when
// the server has lost them, a SUBSCRIBE or UNSUBSCRIBE without an answer is sent again, and
// publishes of QoS 1 and 2 are sent again until they are acknowledged, in their
// order, with their identifiers where the server has kept the session.
type Reconnect struct {
	// Servers are the URLs of further servers of the same session, besides the one given to
	// Dial, which refuses them if any cannot be read.
	Servers []string
	// Order is the order in which they are tried; default ServersInTurn.
	Order ServerOrder
	// Weights are for ServersShuffled: how often a server comes first, of the one given to Dial and of each
	// of Servers. With 3, 1 and 1 the first is it three times as often as each other; one with 0 is tried when
	// all others were. nil: all alike.
	Weights []int
	// The wait before the k-th retry in a row, counted from 0, is anything between
	// 0 and MinDelay times 2 to the power of k, at most MaxDelay: default 1 and
	// 120 seconds. With several servers k counts rounds of all of them. Names are resolved anew each time.
	MinDelay, MaxDelay time.Duration
	// MinTimeout is how long one of several servers has at first for an attempt, up to its CONNACK, before the next has its turn:
	// default one second, or twice as long as the fastest attempt of this client took. Behind one that did not answer in time the
	// next has four times as long, at most Transport.ConnectTimeout, which is also what the one attempt of a Dial
	// without Background has. Each of the servers that SRV records name has it from the connection on.
	MinTimeout time.Duration
	// Stable is how long a connection has to last for the waits to begin anew,
	// default 30 seconds.
	Stable time.Duration
	// Background has Dial return at once and connect in the background: Subscribe
	// before anything can come, and publish before there is a connection. Otherwise
	// Dial returns the error of a first attempt that fails.
	Background bool
	// Prepare is asked before each attempt, the first one too: it may change the URL, and in Config
	// whatever is of the attempt, such as a password that expires, the Will, Auth or Transport.TLS.
	// ClientID, Version, KeepSession, Limits, Mode, Store, Reconnect, the callbacks, and of the
	// Transport its Logger, MaxPacket and ReadBuffer stay as they were. An error is an attempt that
	// failed. ctx ends with Close or the attempt.
	Prepare func(ctx context.Context, a *Attempt) error
	// GiveUp reports whether err, by which a connection ended or did not come
	// about, ends the client. nil: IsPermanent, except for a server that has moved while there are others.
	GiveUp func(err error) bool
	// QuarantineAfter is how long the client looks for the message, sending one at a time, when the server ends connection
	// after connection without an answer, before it gives up, with ErrQuarantined, the one that was alone in flight at three such
	// ends: default 2 minutes. A cluster without a leader ends connections at good messages, too. It does not count where the
	// server says why, in MQTT 5, and means the message, such as 0x90 Topic Name invalid.
	QuarantineAfter time.Duration
	// Republish says which publishes that may have been sent go out again, as new ones, when the
	// server has lost the session. By default those of QoS 1 do, so that one may arrive
	// twice, as at least once allows; those of QoS 2 fail with ErrInDoubt and
	// ErrSessionLost, because they must not.
	Republish RepublishPolicy
}

// RepublishPolicy says what is published again when the server has lost the session. A
// QoS 2 message that it had taken over (PUBREC) never is.
type RepublishPolicy byte

// The policies.
const (
	RepublishQoS1 RepublishPolicy = iota // QoS 1; QoS 2 fails
	RepublishAll                         // QoS 1 and 2: a message of QoS 2 may arrive twice
	RepublishNone                        // both fail with ErrInDoubt and ErrSessionLost
)

// republishes reports whether what may have been sent at qos is published again.
func (r *Reconnect) republishes(qos QoS) bool {
	policy := RepublishQoS1
	if r != nil {
		policy = r.Republish
	}
	return policy == RepublishAll || policy == RepublishQoS1 && qos == AtLeastOnce
}

// Attempt is one attempt to connect, before it begins.
type Attempt struct {
	Number int   // 0 for the first of all
	Last   error // why the last one failed, or its connection ended; nil: none
	URL    string
	Config Config
}

// Retry tells of an attempt to come.
type Retry struct {
	Number int           // of the attempt, from 1 on
	Delay  time.Duration // until it begins
	Err    error         // why it is necessary
}

// Queue bounds the publishes of QoS 1 and 2 that are not complete, and what
// becomes of those of QoS 0 without a connection. Zero fields are defaults.
type Queue struct {
	Messages int         // default 100,000
	Bytes    int         // of their packets; default 64 MiB. One message may exceed it
	Full     QueuePolicy // what happens when there is no room
	// QoS0 queues QoS 0 messages, too, while there is no connection; otherwise they
	// fail with ErrNotConnected. They are never saved to a Store.
	QoS0 bool
}

// QueuePolicy is what happens to a publish for which the queue has no room.
type QueuePolicy byte

// The policies.
const (
	QueueBlock      QueuePolicy = iota // the call waits
	QueueFail                          // the call fails with ErrQueueFull
	QueueDropOldest                    // the oldest that was never sent fails with ErrQueueFull
)

// fill puts the defaults in place of zeros.
func (r *Reconnect) fill() {
	r.MinDelay = cmp.Or(r.MinDelay, time.Second)
	r.MaxDelay = cmp.Or(r.MaxDelay, 120*time.Second)
	r.MinTimeout = cmp.Or(r.MinTimeout, time.Second)
	r.QuarantineAfter = cmp.Or(r.QuarantineAfter, 2*time.Minute)
	r.Stable = cmp.Or(r.Stable, 30*time.Second)
	if r.GiveUp == nil {
		others := len(r.Servers) > 0
		r.GiveUp = func(err error) bool { return IsPermanent(err) && (!others || !sendsAway(err)) }
	}
}

func (r *Reconnect) check() error {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"MinDelay", r.MinDelay}, {"MaxDelay", r.MaxDelay}, {"MinTimeout", r.MinTimeout}, {"Stable", r.Stable}, {"QuarantineAfter", r.QuarantineAfter}} {
		if f.value < 0 {
			return configFault("Reconnect."+f.name, "is negative", f.value)
		}
	}
	if r.Republish > RepublishNone {
		return configFault("Reconnect.Republish", "is no policy", r.Republish)
	}
	for _, url := range r.Servers { // later it would end the client, as what stays wrong
		if _, err := dial.ParseAddress(url); err != nil {
			return &ArgumentError{Name: "Reconnect.Servers", What: err.Error()}
		}
	}
	return r.checkOrder()
}

// checkOrder finds what is wrong with the order of servers.
func (r *Reconnect) checkOrder() error {
	switch {
	case r.Order > ServersShuffled:
		return configFault("Reconnect.Order", "is no order", r.Order)
	case r.Weights == nil:
		return nil
	case r.Order != ServersShuffled:
		return configFault("Reconnect.Weights", "count with ServersShuffled alone, and Order is", r.Order)
	case len(r.Weights) != 1+len(r.Servers):
		return configFault("Reconnect.Weights", fmt.Sprintf("are not one for the server of Dial and one for each of the %d others", len(r.Servers)), len(r.Weights))
	case slices.Min(r.Weights) < 0:
		return configFault("Reconnect.Weights", "has a negative one", slices.Min(r.Weights))
	}
	return nil
}

// delay draws the wait before the k-th retry in a row: all of it is random, so
// that clients that lost a server together do not come back together. The bound
// comes before the draw, or most waits would be exactly MaxDelay.
func (r *Reconnect) delay(k int) time.Duration {
	most := r.MinDelay
	for range k {
		if most >= r.MaxDelay {
			break
		}
		most *= 2
	}
	return rand.N(min(most, r.MaxDelay) + 1)
}

// IsPermanent reports whether no further attempt can succeed after err: the server
// refused the client for a reason that stays, or said that another client has taken the
// session over, which would go on for ever if both came back. Before MQTT 5 a server does not say
// so, and one that restarts again and again looks the same: that ends nobody. Nor does one that asks to use another
// server for a while (0x9C), as EMQX does when a node is to be emptied: the next attempt may reach that.
func IsPermanent(err error) bool {
	var refused *ConnectError
	if errors.As(err, &refused) {
		if refused.Version < V5 {
			return refused.Code != 3 // Server unavailable
		}
		return permanent(wire.ReasonCode(refused.Code))
	}
	var left *DisconnectError
	if errors.As(err, &left) {
		switch wire.ReasonCode(left.Code) {
		case wire.SessionTakenOver:
			return !left.own
		case wire.AdministrativeAction, wire.ServerMoved:
			return true
		}
		return false
	}
	var bad *ArgumentError
	return errors.As(err, &bad) || errors.Is(err, ErrNotPermitted)
}

// permanent reports whether a CONNACK code says something that will be so again.
func permanent(code wire.ReasonCode) bool {
	switch code {
	case wire.UnspecifiedError, wire.ImplementationSpecificError, wire.ServerUnavailable, wire.ServerBusy,
		wire.QuotaExceeded, wire.UseAnotherServer, wire.ConnectionRateExceeded:
		return false
	}
	return true
}

// sendsAway reports whether err says that the server wants the client to go to another one, for a while or for ever: one that
// it knows, or one that the server names (MQTT 5 section 4.11).
func sendsAway(err error) bool {
	var refused *ConnectError
	var left *DisconnectError
	code := wire.Success
	switch {
	case errors.As(err, &refused) && refused.Version == V5:
		code = wire.ReasonCode(refused.Code)
	case errors.As(err, &left):
		code = wire.ReasonCode(left.Code)
	}
	return code == wire.UseAnotherServer || code == wire.ServerMoved
}
