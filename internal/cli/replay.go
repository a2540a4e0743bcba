package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/internal/recording"
	"dunlin/mqtt"
)

// replay publishes what a recording has.
type replay struct {
	pub
	filters, filterOut, maps []string
	from, to, speed          string
	loop, dryRun             bool
}

func (a *app) replayCommand() *cobra.Command {
	r := &replay{}
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Publish the messages of a recording, with the pauses in which they came",
		Long: "Publish the messages of a file that record, sub --json or mosquitto_sub -F %j wrote, each as it came: topic,\n" +
			"payload, quality of service, retain flag and properties, and as long after the one before. The name - is stdin.\n" +
			"It returns when the broker has all of them. Messages with the retain flag become retained ones; those that a\n" +
			"broker sent to a subscriber as they were published mostly have none.",
		Example: lines("dunlin replay night.ndjson.gz", "# Ten times as fast, from the second hour on, under other topics",
			"dunlin replay night.ndjson.gz --speed 10 --from 1h --map home=test/home",
			"# As fast as the broker takes them", "dunlin replay night.ndjson.gz --speed max",
			"# Only print what would be published, and when", "dunlin replay night.ndjson.gz --dry-run -t 'home/+/door'"),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(a, cmd, args) },
	}
	r.session.bind(cmd)
	r.bindReconnect(cmd)
	f := cmd.Flags()
	f.StringVar(&r.speed, "speed", "1", "how many times as fast as it came; max: without pauses")
	f.StringVar(&r.from, "from", "", "begin with what came at this time, as 2026-05-01T12:00:00Z or, after the first message, 90s")
	f.StringVar(&r.to, "to", "", "end with what came at this time")
	f.StringArrayVarP(&r.filters, "topic", "t", nil, "only topics that match this filter; may be given many times")
	f.StringArrayVarP(&r.filterOut, "filter-out", "T", nil, "leave out topics that match this filter; may be given many times")
	f.StringArrayVar(&r.maps, "map", nil, "publish topic OLD and all below it as NEW, as OLD=NEW; without OLD, all below NEW; may be given many times")
	f.BoolVar(&r.loop, "loop", false, "begin again at the end, until Ctrl-C")
	f.BoolVar(&r.dryRun, "dry-run", false, "connect to nothing: print when, where and how much would be published")
	f.BoolVar(&r.keepGoing, "keep-going", false, "go on after a message that is refused, or a line that is wrong, and fail at the end")
	f.Int64VarP(&r.inFlight, "max-inflight", "M", publish.DefaultInFlight, "messages of QoS 1 and 2 under way at once")
	return cmd
}

func (r *replay) run(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usagef("replay: %d arguments; name one file, or - for stdin", len(args))
	}
	reading, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	source, err := r.paced(reading, a, args[0])
	if err != nil {
		return err
	}
	defer source.Close()
	if r.dryRun {
		return a.noteCut(source, args[0], r.list(a, source, args[0]))
	}
	if _, err := source.Peek(); err != nil && !errors.Is(err, io.EOF) {
		return failf("replay: %s: %w", args[0], err)
	}
	r.inFlight = max(r.inFlight, 1)
	o := publish.Options{InFlight: int(min(r.inFlight, 65535)), KeepGoing: r.keepGoing, Drain: goodbye, Resume: r.reconnect}
	r.outlive(true)
	cfg := mqtt.Config{}
	cfg.Limits.Drain = -1 // publish.Run has waited for all that there is
	client, err := r.connect(cmd.Context(), a, cfg)
	if err != nil {
		return err
	}
	defer r.close(client)
	go func() {
		select {
		case <-client.Done():
			stop(client.Err())
		case <-reading.Done():
		}
	}()
	return a.noteCut(source, args[0], r.publishAll(cmd.Context(), a, client, publishing{source, o, stop}))
}

// noteCut tells, where there is no err, that the recording has no end, and returns err.
func (a *app) noteCut(source *recording.Paced, name string, err error) error {
	if err == nil && source.Cut() {
		a.note("replay: %s has no end: it is still being recorded, that was killed, or a part of the file is missing; what stands there was read", name)
	}
	return err
}

// publishing is what publishAll publishes, and how.
type publishing struct {
	source *recording.Paced
	o      publish.Options
	stop   context.CancelCauseFunc // ends waiting for what the recording has next
}

// publishAll publishes, and says how many messages there were.
func (r *replay) publishAll(ctx context.Context, a *app, client *mqtt.Client, p publishing) error {
	report := newPubReport(a, p.source, false)
	report.command, report.bound, report.connected = "replay", "Ctrl-C ends that", client.IsConnected
	defer report.end()
	report.watch(&p.o)
	failed := p.o.Failed
	p.o.Failed = func(f publish.Failure) {
		failed(f)
		if !p.o.KeepGoing {
			p.stop(f.Err)
		}
	}
	result, err := publish.Run(ctx, client, p.source, p.o)
	err = report.outcome(ctx, result, err)
	if err == nil {
		a.note("replay: %s published", counted(result.Completed, "message"))
	}
	return err
}

// paced returns the messages that the options ask for.
func (r *replay) paced(ctx context.Context, a *app, name string) (*recording.Paced, error) {
	var c recording.Choice
	var err error
	c.Filters, c.FilterOut = r.filters, r.filterOut
	for _, m := range []struct {
		option, text string
		to           *recording.Moment
	}{{"from", r.from, &c.From}, {"to", r.to, &c.To}} {
		if m.text == "" {
			continue
		}
		if *m.to, err = recording.ParseMoment(m.text); err != nil {
			return nil, usagef("replay: --%s %w", m.option, err)
		}
	}
	if c.From.IsAfter(c.To) {
		return nil, usagef("replay: --from %s is later than --to %s", r.from, r.to)
	}
	for _, text := range r.maps {
		m, err := recording.ParseMap(text)
		if err != nil {
			return nil, usagef("replay: --map %w", err)
		}
		c.Maps = append(c.Maps, m)
	}
	for _, filter := range append(append([]string{}, r.filters...), r.filterOut...) {
		if err := (&mqtt.Subscription{Filter: filter}).Validate(mqtt.VersionAuto); err != nil {
			return nil, usagef("replay: %w", err)
		}
	}
	speed := 0.0
	if r.speed != "max" {
		if speed, err = strconv.ParseFloat(r.speed, 64); err != nil || !(speed > 0 && speed <= 1e9) { // which NaN is not
			return nil, usagef("replay: --speed %q is neither max nor a number above 0", r.speed)
		}
	}
	if r.loop && name == "-" {
		return nil, usagef("replay: --loop cannot read stdin again; name a file")
	}
	return &recording.Paced{
		Open: func() (io.ReadCloser, error) { return openRecording(ctx, a, name) }, Choice: c, Speed: speed, Loop: r.loop,
	}, nil
}

// openRecording opens a file, or stdin. Where it is a terminal or pipe, waiting for it ends with ctx.
func openRecording(ctx context.Context, a *app, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(feed.Interruptible(ctx, a.Stdin)), nil
	}
	if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() {
		return os.Open(name)
	}
	type outcome struct {
		file *os.File
		err  error
	}
	opened := make(chan outcome, 1)
	go func() { // a named pipe is open when somebody writes to it
		f, err := os.Open(name)
		opened <- outcome{f, err}
	}()
	select {
	case o := <-opened:
		if o.err != nil {
			return nil, o.err
		}
		return struct {
			io.Reader
			io.Closer
		}{feed.Interruptible(ctx, o.file), o.file}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// timeForm has all columns of the same width.
const timeForm = "2006-01-02T15:04:05.000000Z"

// list prints what would be published, and when.
func (r *replay) list(a *app, source *recording.Paced, name string) error {
	source.Loop = false
	wrong := 0
	for {
		e, err := source.Peek()
		if bad := (*feed.LineError)(nil); errors.As(err, &bad) && r.keepGoing {
			a.note("replay: %v", err)
			wrong++
			source.Skip()
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return failf("replay: %s: %w", name, err)
		}
		m := &e.Message
		line := fmt.Sprintf("%s q%d %s %d", e.Time.UTC().Format(timeForm), m.QoS, m.Topic, len(m.Payload))
		if _, err := io.WriteString(a.out, lineIf(a.StdoutTerminal, line)+"\n"); err != nil {
			return err
		}
		source.Skip()
	}
	if wrong > 0 {
		return failf("replay: %s wrong", counted(wrong, "line"))
	}
	return nil
}
