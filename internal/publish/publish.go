// Package publish takes messages from a source and publishes them: with a window, at a rate, and
// with an account of what became of each.
package publish

import (
	"context"
	"errors"
	"time"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// Options say how messages are published. The zero value is good.
type Options struct {
	// InFlight is how many messages may be under way, taken from the source and not complete: 0 is
	// DefaultInFlight. QoS 0 is complete once it is written; of it more may be under way.
	InFlight int
	// Rate is how many messages leave a second, at most; 0: as fast as it goes.
	Rate float64
	// Pause waits for each message to be complete, and then so long, before the next leaves;
	// 0: no pause. OneByOne waits for it without a pause.
	Pause    time.Duration
	OneByOne bool
	// KeepGoing has a message that is refused, lost, or no message at all be told and counted;
	// otherwise the first ends the run, once all that is under way is complete.
	KeepGoing bool
	// Drain is how long, after ctx has ended, what is under way may take to be complete.
	Drain time.Duration
	// Resume publishes again what a lost connection has kept from leaving (QoS 0). It is for a
	// client with Reconnect, which sees to QoS 1 and 2 by itself.
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

// Failure is a message that was not published.
type Failure struct {
	Number int    // of the message, from 1 on
	Topic  string // "": a line that is no message
	Err    error  // *mqtt.PublishError, *mqtt.ArgumentError or *feed.LineError
}

// Result is the account of a run. Taken is the sum of what follows it.
type Result struct {
	Taken     int // from the source
	Completed int // written at QoS 0, acknowledged at QoS 1 and 2
	Refused   int // by the server, or because no server takes it
	InDoubt   int // sent, or perhaps, and not acknowledged
	Unsent    int // no byte of it left

	Bad       int           // lines that are no message
	Unmatched int           // of Completed: nobody subscribes to the topic (reason code 0x10), as far as the server says
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
	return Result{}, errors.ErrUnsupported
}
