// Package subscribe receives messages until it is enough: what a command that prints messages does
// besides making text of them. Both dunlin sub and the commands with Mosquitto's names stand on it;
// what they do otherwise is in Options.
package subscribe

import (
	"context"
	"errors"
	"io"
	"time"

	"dunlin/mqtt"
)

// Why a run ended before its time. Run wraps them.
var (
	// ErrTimeout says that Options.Wait ran out.
	ErrTimeout = errors.New("timed out")
	// ErrAllRefused says that the server refused each of the subscriptions.
	ErrAllRefused = errors.New("all subscriptions were refused")
	// ErrLost says that the connection ended, and that no other one will be made.
	ErrLost = errors.New("connection lost")
)

// Options say which messages are wanted, where they go, and when it is enough.
type Options struct {
	// Subscriptions are asked for in one packet. Their handlers and ManualAck are not looked at. Messages have
	// no subscription identifiers unless one of the subscriptions has.
	Subscriptions []mqtt.Subscription
	// Choose, unless nil, takes the place of Subscriptions where what is asked for depends on the server.
	Choose func(client *mqtt.Client) ([]mqtt.Subscription, error)
	// Unsubscribe are filters that are unsubscribed after that, each in a packet of its own.
	Unsubscribe               []string
	UnsubscribeUserProperties []mqtt.UserProperty

	// FilterOut are filters of topics that are passed over.
	FilterOut []string
	// NoStale passes over messages with the retain flag.
	NoStale bool
	// RetainedOnly ends the run at the first message without the retain flag, which is not written.
	RetainedOnly bool
	// RemoveRetained has the server forget the retained messages that come, but not those that NoStale or
	// FilterOut passes over.
	RemoveRetained bool
	// Wanted, unless nil, is asked for what none of these passes over, and passes over what it refuses.
	Wanted func(m *mqtt.Received) bool
	// RandomFilter is the share of messages that is written, in per cent; 0: all. The others count in Count.
	RandomFilter float64

	// Append appends to dst what is to be written of m, in the order of arrival and by one goroutine
	// at a time. It keeps neither m nor its payload. An error ends the run, and m is not acknowledged.
	Append func(dst []byte, m *mqtt.Received) ([]byte, error)
	// Out gets what Append made, of one message or of many that came together. A message of QoS 1 or 2 is
	// acknowledged after it was written. While a write blocks a quarter of a MiB is made at most, and then
	// the client stops reading; pings go on. An error ends the run.
	Out io.Writer
	// EachSecond, unless nil, takes the place of Append: it appends what is to be written of the messages
	// that came in the last second. Count does not count then.
	EachSecond func(dst []byte, s Second) []byte

	// Count ends the run after so many messages; 0: never. Not one more is written, and what came
	// beyond them is not acknowledged.
	Count int64
	// Wait ends the run after that time, which begins with Run; 0: never.
	Wait time.Duration
	// ExitAfterSubscribe ends the run when the server has answered the subscriptions, or, where there are none, what
	// is unsubscribed.
	ExitAfterSubscribe bool

	// Granted, unless nil, is told the server's answer to Subscriptions, a code for each, also where some
	// are failures, and before the run ends because all are.
	Granted func(codes []mqtt.ReasonCode)
	// Warn, unless nil, is told what failed without ending the run. Any goroutine may call it.
	Warn func(err error)
	// Redial, unless nil, is asked when the connection was lost or could not be made again, the first one
	// excepted. Where it returns nil, perhaps after it has waited, Run connects and subscribes anew, and
	// goes on counting. It is for clients without mqtt.Config.Reconnect, which do so by themselves.
	Redial func(ctx context.Context, reason error) error
	// Leave, unless nil, is called when all is written and acknowledged, before the client is closed.
	Leave func(client *mqtt.Client)
	// Disconnect says more than a plain DISCONNECT when the run ends; nil: plain. In MQTT 5 only; before
	// it does not count.
	Disconnect *mqtt.DisconnectOptions
}

// Second is what came in a second.
type Second struct {
	Messages, Bytes int64 // payloads only
	Total           int64 // messages since the run began
}

// Dial makes a connected client. cfg has the OnMessage, ManualAck, OnConnect and OnDisconnect of Run; all
// else is the caller's, who has these two called where it has its own. Messages above
// mqtt.DefaultMaxPacket come only where it allows them.
type Dial func(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error)

// Result is what a run has done.
type Result struct {
	Connected bool  // the server accepted the session at least once
	Messages  int64 // that counted
	Refused   int   // subscriptions that the server refused, at the last time of asking
}

// Run connects, subscribes, and writes messages until it is enough, which is no error; until something
// ends it: the error says what; or until ctx ends: then the error is its cause. The client is closed then,
// with DISCONNECT if it can be sent, and everything taken is written and acknowledged before; only the end
// of ctx bounds the time for that.
func Run(ctx context.Context, dial Dial, o Options) (Result, error) {
	r := newRun(ctx, o)
	defer r.end(nil)
	if o.Wait > 0 {
		timer := time.AfterFunc(o.Wait, func() { r.end(ErrTimeout) })
		defer timer.Stop()
	}
	if o.EachSecond != nil {
		go r.countSeconds()
	}
	err := r.connections(dial)
	r.sink.drain(ctx)
	return r.outcome(err)
}
