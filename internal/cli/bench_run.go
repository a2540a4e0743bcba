package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/load"
	"dunlin/internal/load/report"
	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

// benchOutput says what becomes of a result.
type benchOutput struct {
	failIf                                 []string
	json, csv, prometheus, report, compare string
	ndjson                                 bool
	live                                   bool // the seconds were printed as they came
}

func (b *benchOutput) bind(f *pflag.FlagSet) {
	f.StringArrayVar(&b.failIf, "fail-if", nil, "end with status 12 if this holds, such as 'p99>50ms', 'lost>0' or 'rate<1000'; many times")
	f.StringVar(&b.json, "json", "", "write all that was measured to this `file`, as --join takes it; - is stdout")
	f.StringVar(&b.csv, "csv", "", "write a line a second to this `file`; - is stdout")
	f.StringVar(&b.prometheus, "prometheus", "", "write the sums to this `file` in the text format of Prometheus; - is stdout")
	f.BoolVar(&b.ndjson, "ndjson", false, "print a line of JSON each second, and one for the whole, in the place of the table")
	f.StringVar(&b.report, "report", "", "write a page with charts to this `file`; - is stdout")
	f.StringVar(&b.compare, "compare", "", "compare with a result that --json has written to this `file`")
}

// thresholds reads --fail-if.
func (b *benchOutput) thresholds(name string, latencies []string) ([]result.Threshold, error) {
	var all []result.Threshold
	for _, text := range b.failIf {
		t, err := result.ParseThreshold(text, latencies)
		if err != nil {
			return nil, usagef("%s: --fail-if %w", name, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// files are what is written to, by option.
func (b *benchOutput) files() map[string]func(io.Writer, *result.Result) error {
	all := map[string]func(io.Writer, *result.Result) error{}
	for _, f := range []struct {
		file  string
		write func(io.Writer, *result.Result) error
	}{
		{b.json, func(w io.Writer, r *result.Result) error { return r.WriteJSON(w) }},
		{b.csv, func(w io.Writer, r *result.Result) error { return r.WriteCSV(w) }},
		{b.prometheus, func(w io.Writer, r *result.Result) error { return r.WritePrometheus(w) }},
		{b.report, func(w io.Writer, r *result.Result) error { return report.Write(w, *r) }},
	} {
		if f.file != "" {
			all[f.file] = f.write
		}
	}
	return all
}

// ready finds out before the run what would fail after it.
func (b *benchOutput) ready(a *app, name string) (old *result.Result, err error) {
	given := 0
	for _, file := range []string{b.json, b.csv, b.prometheus, b.report} {
		if file == "" {
			continue
		}
		given++
		if err := writable(file); err != nil {
			return nil, failf("%s: %s cannot be written: %w", name, file, err)
		}
	}
	switch {
	case given != len(b.files()):
		return nil, usagef("%s: two of --json, --csv, --prometheus and --report name the same file", name)
	case b.ndjson && b.prints():
		return nil, usagef("%s: --ndjson takes the output, and so does a file named -; give that a name", name)
	case b.compare == "":
		return nil, nil
	}
	old, err = a.readResult(b.compare)
	if err != nil {
		return nil, failf("%s: %s: %w", name, b.compare, err)
	}
	return old, nil
}

// run runs the load and shows what it has measured.
func (b *bench) run(ctx context.Context, a *app, cmd *cobra.Command, s scenario.Scenario) error {
	name := nameOf(cmd)
	if err := s.Check(); err != nil {
		return usagef("%s: %w", name, err)
	}
	thresholds, err := b.thresholds(name, s.Latencies())
	if err != nil {
		return err
	}
	b.verify = b.verify || slices.ContainsFunc(thresholds, result.Threshold.NeedsVerify)
	old, err := b.ready(a, name)
	if err != nil {
		return err
	}
	url, cfg, ways, err := b.ways(ctx)
	if err != nil {
		return err
	}
	live := newBenchLive(a, &s)
	o := load.Options{
		URL: url, Config: cfg, Ways: ways, Verify: b.verify, Dunlin: version(), Command: a.commandLine(), Progress: live.show, Every: live.every,
	}
	if b.ndjson {
		b.live = true
		o.Second = func(second *result.Second) { _ = second.WriteNDJSON(a.out, s.Latency) } // a.out ends the command
	}
	restore := tuneMemory(&s)
	defer restore()
	r, err := load.Run(ctx, o, s)
	live.end()
	if err != nil && ctx.Err() == nil && classify(err) == nil {
		return usagef("%s: %w", name, err)
	}
	if err != nil {
		return err
	}
	if err := b.show(a, name, &r, thresholds, old); err != nil {
		return err
	}
	return ctx.Err() // of a signal, whose status report knows
}

// join shows results that were put together.
func (b *benchOutput) join(a *app, files []string) error {
	if len(files) == 0 {
		return usagef("bench: --join needs the files that --json has written")
	}
	r, err := a.readResults(files)
	if err != nil {
		return failf("bench: --join: %w", err)
	}
	thresholds, err := b.thresholds("bench", sorted(r.Latencies))
	if err != nil {
		return err
	}
	old, err := b.ready(a, "bench")
	if err != nil {
		return err
	}
	return b.show(a, "bench", r, thresholds, old)
}

// show prints and writes a result, and says whether it is as it is to be.
func (b *benchOutput) show(a *app, name string, r *result.Result, thresholds []result.Threshold, old *result.Result) error {
	var broken []string
	for _, t := range thresholds {
		c := t.Check(r)
		r.Checks = append(r.Checks, c)
		if c.Failed {
			broken = append(broken, fmt.Sprintf("%s: it is %s", c.Text, c.Found))
		}
	}
	var err error
	if b.ndjson {
		last := *r
		if b.live {
			last.Timeline = nil // they were written as they came
		}
		err = last.WriteNDJSON(a.out)
	} else if !b.prints() {
		err = printBench(a.out, r)
	}
	if err == nil && old != nil {
		to := a.out
		if b.ndjson || b.prints() { // who reads that does not want a table in it
			to = a.Stderr
		}
		err = r.Compare(to, old)
	}
	for file, write := range b.files() {
		err = errors.Join(err, writeBench(a, file, func(w io.Writer) error { return write(w, r) }))
	}
	if err != nil {
		return failf("%s: %w", name, err)
	}
	if len(broken) > 0 {
		return &failure{status: ExitCheck, err: fmt.Errorf("%s: %s", name, strings.Join(broken, "; "))}
	}
	return nil
}

// prints reports whether stdout is taken by one of the files.
func (b *benchOutput) prints() bool {
	_, taken := b.files()["-"]
	return taken
}

// commandLine is what was typed, without passwords.
func (a *app) commandLine() []string {
	var words []string
	secret := false
	for _, word := range append([]string{"dunlin"}, a.Args...) {
		name, _, _ := strings.Cut(word, "=")
		switch {
		case secret:
			word, secret = "***", false
		case word == "-P" || word == "--pw" || word == "--password":
			secret = true
		case strings.HasPrefix(word, "-P") || name == "--pw" || name == "--password":
			word = name[:min(len(name), 10)] + "=***"
			if strings.HasPrefix(word, "-P") {
				word = "-P***"
			}
		}
		words = append(words, a.masked(word))
	}
	return words
}
