package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/format"
	"dunlin/internal/publish"
	"dunlin/internal/retained"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// anyPacket is the largest limit on packets: what a broker keeps, it is to send.
const anyPacket = 1 << 28

// retainedFlags are the options that the commands on retained messages share.
type retainedFlags struct {
	session
	filters, exclude []string
	wait             int64
	quiet            time.Duration
	rate             float64
	yes              bool
	verbose, json    bool
	format           string
}

func (a *app) retainedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retained",
		Short: "List, remove, export and import retained messages",
		Long: "List, remove, export and import the messages that a broker keeps for later subscribers.\n\n" +
			"No broker says when it has sent them all. A list is taken for complete when the broker has\n" +
			"answered three pings in a row and sent no retained message meanwhile, for --quiet-time in all. Brokers that\n" +
			"look messages up slowly need a longer one. What is published meanwhile is passed over.",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("retained: no command %q; ls, rm, export or import?", args[0])
			}
			return usagef("retained: ls, rm, export or import?")
		},
	}
	cmd.AddCommand(a.retainedLs(), a.retainedRm(), a.retainedExport(), a.retainedImport())
	return cmd
}

func (a *app) retainedLs() *cobra.Command {
	r := &retainedFlags{}
	cmd := &cobra.Command{
		Use:     "ls [FILTER...]",
		Short:   "List retained messages: their topics, or what -v, -F and --json say",
		Long:    "List the retained messages that match any of the filters, without one all of them. The order is the broker's.",
		Example: "  dunlin retained ls 'home/#' -T 'home/attic/#'\n  dunlin retained ls --json",
		RunE:    func(cmd *cobra.Command, args []string) error { return r.ls(a, cmd, args) },
	}
	r.bind(cmd)
	r.bindListing(cmd)
	f := cmd.Flags()
	f.BoolVarP(&r.verbose, "verbose", "v", false, "print topic and message")
	f.StringVarP(&r.format, "format", "F", "", "print each in this format, as sub does")
	f.BoolVar(&r.json, "json", false, "print each as a line of JSON")
	return cmd
}

func (a *app) retainedRm() *cobra.Command {
	r := &retainedFlags{}
	cmd := &cobra.Command{
		Use:   "rm FILTER...",
		Short: "Remove retained messages; without --yes only say which",
		Long: "Print the topics of the retained messages that match any of the filters, and with --yes remove them:\n" +
			"an empty retained message is published to each, which subscribers see. Afterwards they are listed\n" +
			"again, and what is still there is status 5.",
		Example: "  dunlin retained rm 'old/#'\n  dunlin retained rm 'old/#' --yes --rate 100",
		RunE:    func(cmd *cobra.Command, args []string) error { return r.rm(a, cmd, args) },
	}
	r.bind(cmd)
	r.bindListing(cmd)
	r.bindChange(cmd, "remove them")
	return cmd
}

func (a *app) retainedExport() *cobra.Command {
	r := &retainedFlags{}
	cmd := &cobra.Command{
		Use:   "export FILE [FILTER...]",
		Short: "Write retained messages to a file, or - for stdout, as lines of JSON",
		Long: "Write the retained messages that match any of the filters, without one all of them, to a file, with\n" +
			"every byte of their payloads, their quality of service and their properties. The file appears when it is\n" +
			"complete, and takes the place of no other one.",
		Example: "  dunlin retained export home.ndjson 'home/#'",
		RunE:    func(cmd *cobra.Command, args []string) error { return r.export(a, cmd, args) },
	}
	r.bind(cmd)
	r.bindListing(cmd)
	return cmd
}

func (a *app) retainedImport() *cobra.Command {
	r := &retainedFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Publish the retained messages of a file that export wrote; without --yes only check it",
		Long: "Check a file that export wrote, and with --yes publish its messages. Afterwards they are listed, and\n" +
			"what is missing or different is status 5. The time in the file counts for messages that expire: they\n" +
			"get what is left of it, and those that have expired are passed over.",
		Example: "  dunlin retained import home.ndjson\n  dunlin retained import home.ndjson --yes",
		RunE:    func(cmd *cobra.Command, args []string) error { return r.importFile(a, cmd, args) },
	}
	r.bind(cmd)
	r.bindQuiet(cmd)
	r.bindChange(cmd, "publish them")
	return cmd
}

func (r *retainedFlags) bindListing(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&r.filters, "topic", "t", nil, "topic filter; may be given many times")
	f.StringArrayVarP(&r.exclude, "filter-out", "T", nil, "pass over topics that match this filter; may be given many times")
	r.bindQuiet(cmd)
}

func (r *retainedFlags) bindQuiet(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&r.quiet, "quiet-time", retained.DefaultQuiet, "how long nothing has to come before the list is complete")
	f.Int64VarP(&r.wait, "wait", "W", 0, "give up after this many seconds, with status 27")
}

func (r *retainedFlags) bindChange(cmd *cobra.Command, what string) {
	f := cmd.Flags()
	f.BoolVar(&r.yes, "yes", false, what)
	f.Float64Var(&r.rate, "rate", 1000, "at most so many messages a second; 0: as fast as it goes")
}

// start completes the options and checks the filters; fallback is the filter without any.
func (r *retainedFlags) start(cmd *cobra.Command, args []string, fallback string) error {
	if r.quiet <= 0 || r.rate < 0 {
		return usagef("%s: --quiet-time has to be longer than 0, and --rate not below 0", nameOf(cmd))
	}
	r.filters = append(r.filters, args...)
	if r.urlTopic != "" && (len(r.filters) == 0 || !r.isDefault()) {
		r.filters = append(r.filters, r.urlTopic)
	}
	if len(r.filters) == 0 && fallback != "" {
		r.filters = []string{fallback}
	}
	if len(r.filters) == 0 {
		return usagef("%s: no topic filter; give one, or '#' for all", nameOf(cmd))
	}
	for _, filter := range append(append([]string{}, r.filters...), r.exclude...) {
		s := mqtt.Subscription{Filter: filter}
		if err := s.Validate(r.version); err != nil {
			return err
		}
	}
	return nil
}

// with connects, bounded by -W, and calls do.
func (r *retainedFlags) with(a *app, cmd *cobra.Command, do func(ctx context.Context, c *mqtt.Client) error) error {
	ctx, finish := context.WithCancelCause(cmd.Context())
	defer finish(nil)
	if r.wait > 0 {
		timer := time.AfterFunc(time.Duration(r.wait)*time.Second, func() { finish(errTimeout) })
		defer timer.Stop()
	}
	cfg := mqtt.Config{
		OnDisconnect: func(reason error) { finish(fmt.Errorf("%w: %w", errLost, reason)) },
		OnError:      func(err error) { a.note("%s: %v", nameOf(cmd), forUsers(err)) },
	}
	cfg.Transport.MaxPacket = anyPacket
	client, err := r.connect(ctx, a, cfg)
	if err == nil {
		defer r.close(client)
		err = do(ctx, client)
	}
	var known *failure
	if ctx.Err() == nil || err == nil || errors.As(err, &known) {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, errTimeout) {
		return &failure{status: ExitTimeout, err: fmt.Errorf("%s: timed out after %d s, before it was complete", nameOf(cmd), r.wait)}
	} else if errors.Is(cause, errLost) {
		return fmt.Errorf("%s: %w", nameOf(cmd), cause)
	}
	return err
}

func (r *retainedFlags) listing() retained.Listing {
	return retained.Listing{Filters: r.filters, Exclude: r.exclude, Quiet: r.quiet}
}

func (r *retainedFlags) ls(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if r.json && (r.verbose || r.format != "") || r.verbose && r.format != "" {
		return usagef("retained ls: only one of -v, -F and --json")
	}
	printer, err := format.New(format.Options{Format: r.format, Verbose: r.verbose, Escape: a.StdoutTerminal})
	if err != nil {
		return usagef("retained ls: -F: %w", err)
	}
	if err := r.start(cmd, args, "#"); err != nil {
		return err
	}
	out := (&printing{Options: format.Options{Format: r.format}}).stream(a)
	listing := r.listing()
	listing.Exact = r.json || r.format != "" // which may show the quality of service
	return r.with(a, cmd, func(ctx context.Context, c *mqtt.Client) error {
		var line []byte
		_, err := listing.Run(ctx, c, func(m *mqtt.Received, at time.Time) error {
			var wrong error
			switch {
			case r.json:
				return a.printRecord(m, at)
			case r.verbose || r.format != "":
				line, wrong = printer.Append(line[:0], m, at)
			default:
				line = append(append(line[:0], lineIf(a.StdoutTerminal, m.Topic)...), '\n')
			}
			if wrong != nil {
				a.note("retained ls: %q: %v", m.Topic, wrong)
			}
			_, err := out.Write(line)
			return err
		})
		return err
	})
}

// printRecord prints a message as export writes it.
func (a *app) printRecord(m *mqtt.Received, at time.Time) error {
	line, err := retained.AppendLine(nil, m, at)
	if err != nil {
		return err
	}
	_, err = a.out.Write(jsonIf(a.StdoutTerminal, line))
	return err
}

func (r *retainedFlags) export(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("retained export: no file; name one, or - for stdout")
	}
	if looksLikeFilter(args[0]) {
		return usagef("retained export: no file; %q looks like a topic filter; name a file first, or - for stdout", args[0])
	}
	if err := r.start(cmd, args[1:], "#"); err != nil {
		return err
	}
	name, listing := args[0], r.listing()
	listing.Exact = true
	return r.with(a, cmd, func(ctx context.Context, c *mqtt.Client) error {
		if name == "-" {
			_, err := listing.Run(ctx, c, a.printRecord)
			return err
		}
		w, err := retained.Create(name)
		if err != nil {
			return failf("retained export: %w", err)
		}
		defer w.Close()
		n, err := listing.Run(ctx, c, w.Write)
		if err != nil {
			return err
		}
		if err := w.Commit(); err != nil {
			return failf("retained export: %w", err)
		}
		a.note("retained export: %s in %s", messages(n), name)
		return nil
	})
}

func (r *retainedFlags) rm(a *app, cmd *cobra.Command, args []string) error {
	args, err := r.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if err := r.start(cmd, args, ""); err != nil {
		return err
	}
	return r.with(a, cmd, func(ctx context.Context, c *mqtt.Client) error {
		removal := &retained.Removal{}
		_, err := r.listing().Run(ctx, c, func(m *mqtt.Received, _ time.Time) error {
			removal.Topics = append(removal.Topics, m.Topic)
			_, err := fmt.Fprintf(a.out, "%s\n", lineIf(a.StdoutTerminal, m.Topic))
			return err
		})
		switch {
		case err != nil:
			return err
		case !r.yes:
			a.note("retained rm: %s would be removed; nothing is done without --yes", messages(len(removal.Topics)))
			return nil
		case len(removal.Topics) == 0:
			a.note("retained rm: no retained message matches")
			return nil
		}
		return r.remove(ctx, a, c, removal)
	})
}

// remove removes what was listed, and looks again.
func (r *retainedFlags) remove(ctx context.Context, a *app, c *mqtt.Client, removal *retained.Removal) error {
	if err := r.publish(ctx, a, c, removal, "removed"); err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, topic := range removal.Topics {
		gone[topic] = true
	}
	left, example := 0, ""
	_, err := r.listing().Run(ctx, c, func(m *mqtt.Received, _ time.Time) error {
		if gone[m.Topic] {
			left, example = left+1, m.Topic
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.note("retained rm: %s removed", messages(len(removal.Topics)-left))
	if left > 0 {
		return &failure{status: ExitRejected, err: fmt.Errorf("retained rm: %s still there, such as %q", messages(left), example), hint: "the broker refuses it, or it was published again"}
	}
	return nil
}

// publish publishes what source gives, within --rate.
func (r *retainedFlags) publish(ctx context.Context, a *app, c *mqtt.Client, source measured, label string) error {
	progress := terminal.NewProgress(a.screen, terminal.ProgressOptions{
		Terminal: a.StderrTerminal, Label: label, Total: int64(source.Total()), Line: func(text string) string { return "dunlin: " + text + "\n" },
	})
	defer progress.Clear()
	refused := 0
	result, err := publish.Run(ctx, c, source, publish.Options{
		Rate: r.rate, KeepGoing: true,
		Progress: func(p publish.Progress) { progress.Set(int64(p.Completed)) },
		Failed: func(f publish.Failure) {
			const shown = 10 // of many that are alike
			if refused++; refused <= shown {
				progress.Clear()
				a.note("retained: %q: %v", f.Topic, f.Err)
			}
		},
	})
	// Mosquitto 2.0.11 closes the connection after it has refused a removal: the refusal is what matters.
	if err != nil && result.Refused > 0 && result.Completed+result.Refused == source.Total() {
		return &failure{status: ExitRejected, err: fmt.Errorf("retained: %s refused; %w", messages(result.Refused), err)}
	}
	return err
}

// looksLikeFilter reports whether a file's name has a wildcard of topic filters as one of its levels.
func looksLikeFilter(name string) bool {
	levels := strings.Split(name, "/")
	return slices.Contains(levels, "#") || slices.Contains(levels, "+")
}

// messages is a number of retained messages in words.
func messages(n int) string {
	if n == 1 {
		return "1 retained message"
	}
	return fmt.Sprintf("%d retained messages", n)
}
