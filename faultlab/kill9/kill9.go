// Package kill9 kills a client's process, again and again, and counts what was
// lost and what came twice. The client has its disk store; the server is one that
// never forgets and drops links where it likes.
package kill9

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"dunlin/faultlab/internal/lab"
)

// The sides of a connection that are killed.
const (
	sidePublisher  = "publish"
	sideSubscriber = "subscribe"
)

const about = "kill the process of a client with a disk store at random moments, while links drop"

// options are those of the program.
type options struct {
	client   string
	kills    int
	drop     float64
	qos      []byte
	versions []byte
	sides    []string
	early    bool
	messages int
	drain    time.Duration
	seed     uint64
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	o, exit, done := parse(args)
	if done {
		return exit
	}
	result := lab.NewResult("kill9", o.seed, map[string]any{
		"client": o.client, "kills": o.kills, "drop": o.drop, "qos": fmt.Sprint(o.qos), "versions": fmt.Sprint(o.versions),
		"sides": strings.Join(o.sides, ","), "early": o.early, "messages": o.messages,
	})
	var total tally
	cells := o.cells()
	for i, c := range cells {
		share := o.kills*(i+1)/len(cells) - o.kills*i/len(cells)
		got, err := c.run(ctx, share, func(kills int, t tally) {
			lab.Show(progress, "kill9 %s: %d of %d kills, %s", c.name(), kills, share, t)
		})
		lab.Done(progress)
		total.add(got)
		if err != nil {
			result.Fail("%s: %v", c.name(), err)
		}
		got.judge(c, result)
	}
	if total.kills < o.kills {
		result.Fail("%d of %d kills: interrupted", total.kills, o.kills)
	}
	total.show(result, o)
	return result.End(out)
}

func parse(args []string) (o options, exit int, done bool) {
	flags, seed := lab.Flags("kill9", about)
	flags.StringVar(&o.client, "client", "dunlin", "the client: "+strings.Join(slices.Sorted(maps.Keys(drivers)), ", "))
	flags.IntVar(&o.kills, "kills", 50, "how many kills, shared out among versions and sides")
	flags.Float64Var(&o.drop, "drop", 0.01, "chance that a link is dropped at a packet, either way")
	flags.IntVar(&o.messages, "messages", 200, "most messages published between two kills")
	flags.BoolVar(&o.early, "early", false, "every second kill comes 0 to 20 ms after the start, not 60 to 200 ms")
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "how long the last start may take without any progress")
	qos := flags.String("qos", "mixed", "1, 2, or mixed: both by turns")
	version := flags.String("version", "", "3 (MQTT 3.1.1), 5, or 3,5; default: those that the client knows")
	side := flags.String("side", sidePublisher+","+sideSubscriber, "who is killed: publish, subscribe, or both")
	if exit, done = lab.Parse(flags, seed, args); done {
		return o, exit, true
	}
	o.seed = *seed
	misused := func(format string, args ...any) (options, int, bool) {
		return o, lab.Misused(flags, format, args...), true
	}
	d, ok := drivers[o.client]
	if !ok {
		return misused("there is no client %q", o.client)
	}
	if o.qos, ok = map[string][]byte{"1": {1}, "2": {2}, "mixed": {1, 2}}[*qos]; !ok {
		return misused("-qos %s is none of 1, 2, mixed", *qos)
	}
	if o.versions, ok = chooseVersions(d, *version); !ok {
		return misused("-version %s: %s knows %v", *version, o.client, d.versions)
	}
	o.sides = lab.Fields(*side)
	for _, s := range o.sides {
		if s != sidePublisher && s != sideSubscriber {
			return misused("-side %s is none of publish, subscribe", s)
		}
	}
	if o.kills < 1 || o.messages < 1 || o.drop < 0 || o.drop > 0.5 || len(o.sides) == 0 {
		return misused("-kills and -messages are at least 1, -drop from 0 to 0.5, -side not empty")
	}
	return o, exit, false
}

func chooseVersions(d driver, list string) (versions []byte, ok bool) {
	if list == "" {
		return d.versions, true
	}
	for _, v := range lab.Fields(list) {
		if len(v) != 1 || !slices.Contains(d.versions, v[0]-'0') {
			return nil, false
		}
		versions = append(versions, v[0]-'0')
	}
	return versions, len(versions) > 0
}

// cells returns each version on each side.
func (o *options) cells() []*cell {
	var cells []*cell
	for _, v := range o.versions {
		for _, s := range o.sides {
			cells = append(cells, &cell{options: *o, version: v, side: s})
		}
	}
	return cells
}

// tally is what was counted.
type tally struct {
	kills, drops         int
	accepted, arrived    int
	lost, duplicated     int
	repeated, skipped    int
	repairs, wrong       int
	violations           int
	findings             []string
	restarts, unfinished int
}

func (t *tally) add(u tally) {
	t.kills += u.kills
	t.drops += u.drops
	t.accepted += u.accepted
	t.arrived += u.arrived
	t.lost += u.lost
	t.duplicated += u.duplicated
	t.repeated += u.repeated
	t.skipped += u.skipped
	t.repairs += u.repairs
	t.wrong += u.wrong
	t.violations += u.violations
	t.unfinished += u.unfinished
}

// String is for the line of progress.
func (t tally) String() string {
	return fmt.Sprintf("%d accepted, %d arrived, %d duplicated, %d drops, %d repairs", t.accepted, t.arrived, t.duplicated, t.drops, t.repairs)
}

// judge tells result what was wrong in one cell.
func (t *tally) judge(c *cell, result *lab.Result) {
	for _, f := range t.findings {
		result.Fail("%s: %s", c.name(), f)
	}
	for _, bad := range []struct {
		n    int
		what string
	}{
		{t.lost, "accepted messages were lost"},
		{t.duplicated, "QoS 2 messages came twice"},
		{t.repairs, "starts failed"},
		{t.wrong, "payloads were wrong"},
		{t.violations, "breaches of the protocol"},
	} {
		if bad.n > 0 {
			result.Fail("%s: %d %s", c.name(), bad.n, bad.what)
		}
	}
}

func (t *tally) show(result *lab.Result, o options) {
	for name, n := range map[string]int{
		"kills": t.kills, "drops": t.drops, "accepted": t.accepted, "arrived": t.arrived, "lost": t.lost,
		"duplicated_qos2": t.duplicated, "repeated_qos1": t.repeated, "repairs": t.repairs, "wrong": t.wrong,
		"violations": t.violations, "open_flows_at_end": t.unfinished,
	} {
		result.Count(name, n)
	}
	if slices.Contains(o.sides, sideSubscriber) {
		result.Count("skipped_by_sequence", t.skipped)
	}
}
