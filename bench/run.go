package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"dunlin/bench/measure"
	"dunlin/bench/report"
	"dunlin/bench/work"
)

// runOptions are those of the command run.
type runOptions struct {
	works, clients string
	rounds         int
	seconds        float64
	figures        string
	merge          bool
	page           string
	profile        string
	dir, cache     string
	mosquitto      string
	source         string
}

func (o *runOptions) flags() *flag.FlagSet {
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.StringVar(&o.works, "works", "", "which works, separated by commas: `names`, patterns such as pub*, or tables; default all, see list")
	f.StringVar(&o.clients, "clients", "", "which clients, by `names`; default all, see list.\n"+
		"dunlin@COMMIT is our library at a commit of git, driven by the driver of that commit: beside dunlin,\n"+
		"the ratio to it is told. -rounds 100 -seconds 0.1 make it exact to some percent on a quiet machine")
	f.IntVar(&o.rounds, "rounds", 5, "how many `times` each is measured; medians are shown")
	f.Float64Var(&o.seconds, "seconds", 1, "how long a measurement is to last, in `seconds`")
	f.StringVar(&o.figures, "json", "figures.json", "`file` for all figures")
	f.BoolVar(&o.merge, "merge", false, "keep the works of that file that are not measured now")
	f.StringVar(&o.page, "write", "", "bring the tables of this `page` up to date, such as ../docs/PERFORMANCE.md")
	f.StringVar(&o.profile, "profile", "", "`folder` for CPU and allocation profiles of our driver, which become part of what is measured")
	f.StringVar(&o.dir, "dir", os.TempDir(), "durable works write below this `folder`; a file system in memory would prove nothing")
	f.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "dunlin-bench"), "`folder` for the drivers that are built")
	f.StringVar(&o.mosquitto, "libmosquitto", "", "`folder` with include/mosquitto.h and lib/libmosquitto.so, to measure instead of the machine's")
	f.StringVar(&o.source, "source", ".", "the bench `folder`")
	return f
}

func (o *runOptions) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("run takes options only, not %q; see run --help", rest[0])
	case o.rounds < 1 || o.seconds <= 0:
		return errors.New("run needs at least one round and some time; see run --help")
	case strings.Contains(o.clients, "@") && (o.page != "" || o.merge):
		return errors.New("run -write and -merge take no earlier build of ours: the page is about today's")
	case o.mosquitto != "" && o.clients != "" && !slices.Contains(list(o.clients), "libmosquitto"):
		return errors.New("run -libmosquitto is for the client libmosquitto, which -clients leaves out")
	case o.page != "" && o.works+o.clients != "" && !o.merge:
		return errors.New("run -write needs all works and clients, or -merge with the figures of a run that had them")
	}
	return nil
}

// run measures.
func run(args []string) error {
	var o runOptions
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := o.check(f.Args()); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	plan, err := o.plan(ctx)
	if err != nil {
		return err
	}
	results, err := plan.Run(ctx)
	if terminal() {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err != nil && ctx.Err() == nil {
		return err
	}
	if err == nil && len(results) == 0 {
		return errors.New("none of these clients does such a work; see list")
	}
	r := &report.Report{Machine: report.ThisMachine(o.dir), Clients: measure.Versions(plan.Drivers), Results: results}
	r.Machine.Rounds, r.Machine.Seconds = o.rounds, o.seconds
	fmt.Print(r)
	if err != nil { // half a run is nothing to keep
		return err
	}
	if len(r.Faults()) > 0 {
		err = errors.New("not everything could be measured")
	}
	return errors.Join(err, o.keep(r))
}

func (o *runOptions) plan(ctx context.Context) (*measure.Plan, error) {
	works, err := work.Select(list(o.works))
	if err != nil {
		return nil, err
	}
	clients, err := work.SelectClients(list(o.clients))
	if err != nil {
		return nil, err
	}
	if o.source, err = filepath.Abs(o.source); err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, folder := range []*string{&o.profile, &o.mosquitto} {
		if *folder == "" {
			continue
		}
		if *folder, err = filepath.Abs(*folder); err != nil {
			return nil, err
		}
	}
	if o.profile != "" {
		if err := os.MkdirAll(o.profile, 0o755); err != nil {
			return nil, err
		}
	}
	b := measure.Builder{Source: o.source, Out: o.cache, Mosquitto: o.mosquitto, Log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}}
	drivers, err := b.Build(ctx, clients)
	return &measure.Plan{
		Works: works, Drivers: drivers, Rounds: o.rounds, Seconds: o.seconds,
		Dir: o.dir, Profile: o.profile, Program: program, Tell: measure.Teller(os.Stderr, terminal()),
	}, err
}

// keep writes the figures and the page.
func (o *runOptions) keep(r *report.Report) error {
	if o.merge {
		old, err := report.Load(o.figures)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			r.Merge(old)
		}
	}
	if err := r.Save(o.figures); err != nil {
		return err
	}
	if o.page == "" {
		return nil
	}
	return r.Write(o.page)
}

// page writes the tables without measuring.
func page(args []string) error {
	f := flag.NewFlagSet("page", flag.ContinueOnError)
	figures := f.String("json", "figures.json", "`file` with the figures of a run")
	file := f.String("write", "../docs/PERFORMANCE.md", "the `page`; it is made when it is missing")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := report.Load(*figures)
	if err != nil {
		return err
	}
	return r.Write(*file)
}

// show lists works and clients.
func show([]string) error {
	fmt.Println("works, by table:")
	last := ""
	for _, w := range work.All() {
		if w.Table != last {
			fmt.Printf("\n  %s:", w.Table)
			last = w.Table
		}
		fmt.Print(" ", w.Name)
	}
	fmt.Print("\n\nclients:\n\n")
	for _, c := range work.Clients() {
		fmt.Printf("  %-13s %s\n", c.Name, c.Title)
	}
	fmt.Printf("  %-13s %s\n", work.Ours+"@COMMIT", "Dunlin as it was at that commit")
	return nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// terminal reports whether somebody looks.
func terminal() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
