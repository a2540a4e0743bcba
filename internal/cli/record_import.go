package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/capture"
	"dunlin/internal/recording"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// importing are the options of record that are about a capture.
type importing struct {
	capture           string
	delivered, resync bool
}

func (i *importing) bind(f *pflag.FlagSet) {
	f.StringVar(&i.capture, "import", "", "record from this file of tcpdump or Wireshark (pcap or pcapng, compressed or not; - is stdin) in the place of\n"+
		"connecting; -p and -i choose servers' port and client, -V is the version of connections that began before")
	f.BoolVar(&i.delivered, "delivered", false, "with --import: what servers sent to clients, in the place of what clients published")
	f.BoolVar(&i.resync, "resync", false, "with --import: read on behind what was not captured, where packets seem to begin")
}

// ofImport are the options that have a meaning with --import.
var ofImport = []string{
	"import", "delivered", "resync", "port", "id", "protocol-version", "topic", "filter-out", "no-stale", "count", "quiet",
}

// errEnough ends an import that has as many messages as were asked for.
var errEnough = errors.New("enough")

// importCapture makes a recording of a capture.
func (r *recorder) importCapture(a *app, cmd *cobra.Command, args []string) error {
	o, err := r.importOptions(a, cmd, args)
	if err != nil {
		return err
	}
	in, err := openRecording(cmd.Context(), a, r.importing.capture)
	if err != nil {
		return failf("record: %w", err)
	}
	defer in.Close()
	if args[0] == "-" {
		_, err := r.readCapture(cmd.Context(), a, in, o, output{a.out, "stdout"})
		return err
	}
	_, err = intoFile(args[0], func(w io.Writer) (int, error) {
		return r.readCapture(cmd.Context(), a, in, o, output{w, args[0]})
	})
	return err
}

// importOptions checks the options.
func (r *recorder) importOptions(a *app, cmd *cobra.Command, args []string) (capture.Options, error) {
	var o capture.Options
	a.quiet = r.quiet
	for _, check := range []func(*cobra.Command) error{checkNumbers, checkEmpty} {
		if err := check(cmd); err != nil {
			return o, err
		}
	}
	var other error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if other == nil && !slices.Contains(ofImport, f.Name) {
			other = usagef("record: %s has no meaning with --import, which connects to nothing; leave it out", optionName(f))
		}
	})
	version, known := versions[strings.ToLower(r.protocol)]
	switch {
	case other != nil:
		return o, other
	case len(args) == 0 || looksLikeFilter(args[0]):
		return o, usagef("record: no file to write to; name one first, or - for stdout")
	case !known:
		return o, usagef("record: -V %q is not auto, 5, 3.1.1 or 3.1", r.protocol)
	}
	r.topics = append(r.topics, args[1:]...)
	for _, filter := range slices.Concat(r.topics, r.filterOut) {
		if err := (&mqtt.Subscription{Filter: filter}).Validate(mqtt.VersionAuto); err != nil {
			return o, usagef("record: %w", err)
		}
	}
	if version != mqtt.VersionAuto {
		o.Version = version
	}
	o.Delivered, o.Resync, o.Client, o.Port = r.importing.delivered, r.importing.resync, r.id, uint16(r.port)
	return o, nil
}

// output is where a recording goes, with the name that errors have for it.
type output struct {
	io.Writer
	name string
}

// readCapture writes the messages of a capture, says what there was, and returns how many it has written.
func (r *recorder) readCapture(ctx context.Context, a *app, in io.Reader, o capture.Options, to output) (int, error) {
	out := bufio.NewWriterSize(to, 64<<10)
	written := 0
	var line []byte
	o.Each = func(m *mqtt.Received, at time.Time) error {
		if !r.wants(m) {
			return nil
		}
		var err error
		if line, err = recording.Append(line[:0], m, at); err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
		if written++; int64(written) == r.count {
			return errEnough
		}
		return nil
	}
	sum, err := capture.Import(ctx, in, o)
	if errors.Is(err, errEnough) {
		err = nil
	}
	if unwritten := out.Flush(); unwritten != nil {
		return written, failf("record: %s: %w; it lacks the end of the recording, make room and import again", to.name, unwritten)
	}
	for _, text := range sum.Notes() {
		a.note("record: %s", text)
	}
	return written, r.imported(a, sum, written, err)
}

// imported says what was written.
func (r *recorder) imported(a *app, sum *capture.Summary, written int, err error) error {
	name := r.importing.capture
	other := otherWay(sum, r.importing.delivered)
	switch {
	case err != nil && written == 0:
		return failf("record: %s: %w", name, err)
	case written == 0:
		return failf("record: %s has no message that is wanted; %s", name, other)
	}
	a.note("record: %s of %s; %s", counted(written, "message"), name, other)
	if err != nil {
		return failf("record: %s: %w; what stands before is recorded", name, err)
	}
	return nil
}

// otherWay says what went the way that was not asked for.
func otherWay(sum *capture.Summary, delivered bool) string {
	if delivered {
		return counted(sum.OtherWay, "message") + " from clients to servers left out, which are taken without --delivered"
	}
	return counted(sum.OtherWay, "message") + " from servers to clients left out, which --delivered takes in their place"
}

// wants tells whether a message of a capture is to be written.
func (r *recorder) wants(m *mqtt.Received) bool {
	if len(r.topics) > 0 && !subscribe.MatchesAny(r.topics, m.Topic) || subscribe.MatchesAny(r.filterOut, m.Topic) {
		return false
	}
	return !r.noStale || !m.Retain
}
