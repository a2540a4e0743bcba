package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/recording"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// recorder writes messages to a file, with the times at which they come.
type recorder struct {
	subscribing
	filterOut []string
	noStale   bool
	duration  time.Duration
	importing importing
}

func (a *app) recordCommand() *cobra.Command {
	r := &recorder{}
	cmd := &cobra.Command{
		Use:   "record FILE [FILTER...]",
		Short: "Record messages to a file, to be replayed",
		Long: "Subscribe to topic filters and write each message, with the time at which it came, to a new file as a\n" +
			"line of JSON, with every byte of its payload, its quality of service, retain flag and properties. The name - is\n" +
			"stdout, and one that ends with .gz is compressed. Ctrl-C, -C and --duration end it.\n" +
			"A message is acknowledged when it is written. With -q 1 or 2 nothing is missing that the broker had\n" +
			"for this client, also where the connection was lost meanwhile; the filters get QoS 2 unless -q says less.\n" +
			"With --import it reads what a capture of a network has of MQTT over TCP or WebSocket, and connects to nothing.",
		Example: lines("dunlin record night.ndjson.gz -t 'home/#' --duration 8h", "dunlin replay night.ndjson.gz --speed 60",
			"# See what is in it", "dunlin replay night.ndjson.gz --dry-run",
			"# What clients published while tcpdump or Wireshark captured", "dunlin record field.ndjson --import field.pcapng"),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(a, cmd, args) },
	}
	r.session.bind(cmd)
	r.bindQoS(cmd)
	r.bindReconnect(cmd)
	r.bindSubscription(cmd)
	f := cmd.Flags()
	f.StringArrayVarP(&r.filterOut, "filter-out", "T", nil, "leave out topics that match this filter; may be given many times")
	f.BoolVarP(&r.noStale, "no-stale", "R", false, "leave out messages that the broker had retained")
	f.Int64VarP(&r.count, "count", "C", 0, "end after this many messages")
	f.DurationVar(&r.duration, "duration", 0, "end after this time, such as 90s or 8h")
	r.importing.bind(f)
	return cmd
}

func (r *recorder) run(a *app, cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("import") {
		return r.importCapture(a, cmd, args)
	}
	if r.importing.delivered || r.importing.resync {
		return usagef("record: --delivered and --resync need --import: they are about a capture")
	}
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if !cmd.Flags().Changed("qos") {
		r.qos = 2
	}
	if len(args) == 0 {
		return usagef("record: no file; name one, or - for stdout")
	}
	if r.duration < 0 {
		return usagef("record: --duration %v is negative", r.duration)
	}
	name := args[0]
	if looksLikeFilter(name) {
		return usagef("record: no file; %q looks like a topic filter; name a file first, or - for stdout", name)
	}
	o := r.receive(a, "record")
	if o.Subscriptions, err = r.subscriptions("record", args[1:], false); err != nil {
		return err
	}
	o.Granted = r.granted(a, "record", o.Subscriptions)
	o.FilterOut, o.NoStale, o.Wait = r.filterOut, r.noStale, r.duration
	if name == "-" {
		o.Out = a.out
		_, err := r.receiveAll(a, cmd, o)
		return err
	}
	count, err := intoFile(name, func(w io.Writer) (int, error) {
		o.Out = w
		return r.receiveAll(a, cmd, o)
	})
	if err != nil && count == 0 {
		return err
	}
	a.note("record: %s in %s", counted(count, "message"), name)
	return err
}

// intoFile makes a recording of what write writes, and says how many messages that are. A file without any stays only where that is no fault.
func intoFile(name string, write func(io.Writer) (int, error)) (int, error) {
	w, err := recording.Create(name)
	if err != nil {
		return 0, failf("record: %w", err)
	}
	count, err := write(w)
	if closed := w.Close(); err == nil && closed != nil {
		err = failf("record: %s: %w", name, closed)
	}
	if err != nil && count == 0 {
		_ = os.Remove(name) // it is ours and empty
	}
	return count, err
}

// receiveAll records until it is enough, and returns how many messages were written.
func (r *recorder) receiveAll(a *app, cmd *cobra.Command, o subscribe.Options) (int, error) {
	count := 0
	o.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
		count++
		return recording.Append(dst, m, time.Now())
	}
	_, err := subscribe.Run(cmd.Context(), r.dial(a, cmd, &o), o)
	if errors.Is(err, subscribe.ErrTimeout) {
		return count, nil // --duration is over
	}
	return count, r.outcome("record", err)
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
