// Package publish takes messages from a source and publishes them: with a window, at a rate, and
// with an account of what became of each.
package publish

import (
	"context"
	"time"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// Options say how messages are published. The zero value is good.
type Options struct {
	// InFlight is how many messages of QoS 1 and 2 may be under way, taken from the source and not complete: 0 is
	// DefaultInFlight. Of QoS 0, which is complete once it is written, more may be.
	InFlight int
	// Rate is how many messages leave a second, at most; 0: as fast as it goes.
	Rate float64
	// OneByOne waits for each message to be complete before the next leaves, and then for Pause.
	OneByOne bool
	Pause    time.Duration
	// KeepGoing has the run go on after a message that is refused, lost, or no message at all; otherwise
	// the first ends it, once all that is under way is complete.
	KeepGoing bool
	// Drain is how long, after ctx has ended, what is under way may take to be complete.
	Drain time.Duration
	// Resume waits for the next connection when one is lost, and goes on with the message of QoS 0 that it did not take.
	// It is for a client with Reconnect, which sees to QoS 1 and 2 by itself, and without Queue.QoS0.
	Resume bool

	// Completed is told each message that is complete, with its number from 1 on and what the server
	// answered. It may be nil, and so may the others. They are called one at a time.
	Completed func(number int, m *mqtt.Message, answer mqtt.Answer)
	// Failed is told each message that failed, and each line that is no message.
	Failed func(f Failure)
	// Progress is told how far the run is, each Every, which is a second where it is 0.
	Progress func(p Progress)
	Every    time.Duration
}

// DefaultInFlight is how many messages of QoS 1 and 2 are under way, as in Mosquitto's commands.
const DefaultInFlight = 20

// inFlightQoS0 is how many messages of QoS 0 may wait to be written: enough to be written many at a time.
const inFlightQoS0 = 1024

// NoMatch is the reason code of a message to which nobody subscribes, as an MQTT 5 server may say.
const NoMatch mqtt.ReasonCode = 0x10

// Failure is a message that was not published, or a line that is none.
type Failure struct {
	Number int    // of the message, from 1 on
	Line   int    // where it came from; 0: from no line
	Topic  string // "": it is no message
	Err    error  // *mqtt.PublishError, *mqtt.ArgumentError or *feed.LineError
}

// Result is the account of a run. Taken is the sum of the five that follow.
type Result struct {
	Taken     int // from the source
	Completed int // written at QoS 0, acknowledged at QoS 1 and 2
	Refused   int // by the server, or because no server takes it
	InDoubt   int // sent, or perhaps, and not acknowledged
	Unsent    int // no byte of it left
	Bad       int // lines that are no message

	Unmatched int           // of Completed: nobody subscribes to it, as the server says
	Again     int           // how often a message of QoS 0 waited for another connection
	Elapsed   time.Duration // of the run
}

// Progress is how far a run is.
type Progress struct {
	Result
	Total int           // how many messages there are; 0: not known
	Rate  float64       // messages completed a second, of late
	Left  time.Duration // until the end, as an estimate; 0: not known
}

// Run publishes what s gives through c until s ends, and waits until all of it is complete. When ctx ends first it
// takes no more and waits no longer than Options.Drain. The Result is right in any case. The error is the first
// failure, why the client ended, or the cause of ctx.
func Run(ctx context.Context, c *mqtt.Client, s feed.Source, o Options) (Result, error) {
	if o.InFlight <= 0 {
		o.InFlight = DefaultInFlight
	}
	r := newRun(c, s, o)
	taking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.stop = stop
	watched := r.watch(taking)
	go r.settleLoop()
	err := r.take(taking)
	r.drain(ctx)
	stop(nil)
	<-watched
	return r.account(ctx, err)
}
