package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"dunlin/mqtt"
)

// ping measures how long a broker takes to answer.
type ping struct {
	session
	count      int64
	interval   time.Duration
	within     time.Duration
	wait       int64
	json       bool
	connecting time.Duration   // how long the connection took
	trips      []time.Duration // of the pings that were answered
	sent       int
	where      string // the broker's URL
}

func (a *app) pingCommand() *cobra.Command {
	p := &ping{}
	cmd := &cobra.Command{
		Use:   "ping [URL]",
		Short: "Measure how long a broker takes to answer",
		Long: "Connect, send PINGREQ as often as -C says, and print how long each answer took, and a summary.\n" +
			"It ends with status 0 when all were answered, and within the time of --within.",
		Example: lines(
			"# Is the broker there, and how fast does it answer?", "dunlin ping -h broker.example -C 3 --interval 100ms",
			"# The same as JSON, for a monitor that is to see when an answer takes more than a second", "dunlin ping mqtt://broker.example -C 1 --within 1s --json"),
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(a, cmd, args) },
	}
	p.bind(cmd)
	f := cmd.Flags()
	f.Int64VarP(&p.count, "count", "C", 4, "how many pings to send")
	f.DurationVar(&p.interval, "interval", time.Second, "time from one ping to the next")
	f.DurationVar(&p.within, "within", 0, "end with status 12 when an answer took longer than this")
	f.Int64VarP(&p.wait, "wait", "W", 0, "end after this many seconds, with status 27")
	f.BoolVar(&p.json, "json", false, "print a line of JSON for each ping, and one for all of them")
	return cmd
}

func (p *ping) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := p.complete(a, cmd, args)
	switch {
	case err != nil:
		return err
	case len(args) > 0 && hostAndPort(args[0]):
		return usagef("ping: takes no argument but a URL, and %q is given; write mqtt://%s", args[0], args[0])
	case len(args) > 0:
		return usagef("ping: takes no argument but a URL, and %q is given", args[0])
	case p.interval < 0:
		return usagef("ping: --interval %v is negative", p.interval)
	case p.within < 0 || cmd.Flags().Changed("within") && p.within == 0:
		return usagef("ping: --within %v is not positive", p.within)
	}
	ctx, finish := context.WithCancelCause(cmd.Context())
	defer finish(nil)
	if p.wait > 0 {
		timer := time.AfterFunc(time.Duration(p.wait)*time.Second, func() { finish(errTimeout) })
		defer timer.Stop()
	}
	p.where = shownURL(p.url)
	begin := time.Now()
	client, err := p.connect(ctx, a, mqtt.Config{})
	if err != nil {
		return p.outcome(ctx, err)
	}
	defer p.close(client)
	p.connecting = time.Since(begin)
	p.printConnected(a, client)
	err = p.send(ctx, a, client)
	p.printSummary(a)
	if err = p.outcome(ctx, err); err != nil {
		return err
	}
	if slowest := slices.Max(p.trips); p.within > 0 && slowest > p.within {
		return &failure{status: ExitCheck, err: fmt.Errorf("ping %s: an answer took %s, longer than --within %s", p.where, shownTrip(slowest), p.within)}
	}
	return nil
}

// send sends the pings and prints the answers.
func (p *ping) send(ctx context.Context, a *app, client *mqtt.Client) error {
	next := time.NewTicker(max(p.interval, time.Nanosecond))
	defer next.Stop()
	for n := range p.count {
		if n > 0 {
			select {
			case <-next.C:
			case <-ctx.Done():
				return ctx.Err()
			case <-client.Done(): // before the answer would be missed
				return fmt.Errorf("%w: %w", errLost, client.Err())
			}
		}
		p.sent++
		took, err := client.Ping(ctx)
		if err != nil {
			return err
		}
		p.trips = append(p.trips, took)
		p.printTrip(a, took)
	}
	return nil
}

// outcome says how the run ended: ctx knows, unless err came on its own.
func (p *ping) outcome(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() == nil {
		if f := classify(err); f != nil && f.status == ExitLost {
			return &failure{status: ExitLost, err: fmt.Errorf("ping %s: %w", p.where, err)}
		}
		return err
	}
	if errors.Is(context.Cause(ctx), errTimeout) {
		return &failure{status: ExitTimeout, err: fmt.Errorf("ping %s: timed out after %d s", p.where, p.wait)}
	}
	return err // of a signal, whose status report knows
}

// printConnected prints what there is to know of the connection.
func (p *ping) printConnected(a *app, client *mqtt.Client) {
	ack := client.ConnAck()
	if p.json {
		p.printJSON(a, map[string]any{"connected": p.where, "version": ack.Version.String(), "ms": milliseconds(p.connecting)})
		return
	}
	_, _ = fmt.Fprintf(a.out, "connected to %s with MQTT %s in %s\n", p.where, ack.Version, shownTrip(p.connecting)) // a.out ends the command
}

// printTrip prints an answer.
func (p *ping) printTrip(a *app, took time.Duration) {
	if p.json {
		p.printJSON(a, map[string]any{"ping": p.sent, "ms": milliseconds(took)})
		return
	}
	_, _ = fmt.Fprintf(a.out, "ping %d: %s\n", p.sent, shownTrip(took))
}

// printSummary prints what all pings have in common.
func (p *ping) printSummary(a *app) {
	answered := len(p.trips)
	sorted := slices.Sorted(slices.Values(p.trips))
	if p.json {
		all := map[string]any{"sent": p.sent, "answered": answered}
		if answered > 0 {
			all["min_ms"], all["avg_ms"], all["max_ms"] = milliseconds(sorted[0]), milliseconds(average(sorted)), milliseconds(sorted[answered-1])
			all["p50_ms"], all["p99_ms"] = milliseconds(percentile(sorted, 50)), milliseconds(percentile(sorted, 99))
		}
		p.printJSON(a, all)
		return
	}
	_, _ = fmt.Fprintf(a.out, "%d sent, %d answered", p.sent, answered)
	if answered > 0 {
		_, _ = fmt.Fprintf(a.out, ": min %s, avg %s, p50 %s, p99 %s, max %s", shownTrip(sorted[0]), shownTrip(average(sorted)),
			shownTrip(percentile(sorted, 50)), shownTrip(percentile(sorted, 99)), shownTrip(sorted[answered-1]))
	}
	_, _ = fmt.Fprintln(a.out)
}

func (p *ping) printJSON(a *app, line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		a.note("ping: %v", err)
		return
	}
	_, _ = a.out.Write(jsonIf(a.StdoutTerminal, append(text, '\n'))) // a.out ends the command
}

// average returns the mean of trips, of which there is one at least.
func average(trips []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, t := range trips {
		sum += t
	}
	return sum / time.Duration(len(trips))
}

// percentile returns the smallest trip that p per cent of all do not exceed.
func percentile(sorted []time.Duration, p float64) time.Duration {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank-1, 0)]
}

// shownTrip shows a time with three digits.
func shownTrip(d time.Duration) string { return fmt.Sprintf("%.3f ms", milliseconds(d)) }

// milliseconds returns d with three decimals.
func milliseconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e6 }
