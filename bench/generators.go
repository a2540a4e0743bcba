package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"dunlin/bench/generators"
	"dunlin/bench/report"
)

// generatorOptions are those of the command generators.
type generatorOptions struct {
	rounds               int
	seconds              float64
	works, names         string
	figures, page, cache string
	source               string
	again                bool
}

func (o *generatorOptions) flags() *flag.FlagSet {
	f := flag.NewFlagSet("generators", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 3, "how many `times` each is measured; medians are shown")
	f.Float64Var(&o.seconds, "seconds", 4, "how long a measurement lasts, in `seconds`")
	f.StringVar(&o.works, "works", "", "which works, separated by commas: `names`; default all")
	f.StringVar(&o.names, "generators", "", "which generators, by `names`; default all")
	f.StringVar(&o.figures, "json", "generators.json", "`file` for all figures")
	f.StringVar(&o.page, "write", "", "bring the tables of this `page` up to date, such as ../docs/PERFORMANCE.md")
	f.BoolVar(&o.again, "again", false, "measure nothing: show and write the figures of -json")
	f.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "dunlin-bench"), "`folder` for the programs that are built")
	f.StringVar(&o.source, "source", ".", "the bench `folder`")
	return f
}

// compare measures load generators.
func compare(args []string) error {
	var o generatorOptions
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || o.rounds < 1 || o.seconds <= 0 || o.page != "" && o.works+o.names != "" {
		return errors.New("generators takes options only, at least one round and some time, and -write needs all works and generators; see generators --help")
	}
	l, err := o.measured()
	if err != nil {
		return err
	}
	fmt.Print(l)
	if len(l.Faults()) > 0 {
		err = errors.New("not everything could be measured")
	}
	if o.page != "" {
		err = errors.Join(err, l.Write(o.page))
	}
	return err
}

// measured returns the figures, and keeps new ones.
func (o *generatorOptions) measured() (*report.Loads, error) {
	if o.again {
		return report.LoadLoads(o.figures)
	}
	if runtime.GOOS != "linux" {
		return nil, errors.New("load generators are held to one processor, which can be had on Linux alone")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	plan, err := o.plan(ctx)
	if err != nil {
		return nil, err
	}
	l, err := plan.Run(ctx)
	if err != nil {
		return nil, err
	}
	l.Machine = report.ThisMachine(os.TempDir())
	l.Machine.Rounds, l.Machine.Seconds = o.rounds, o.seconds
	return l, l.Save(o.figures)
}

// warmUp is how long a generator works before it is measured, or as long as that lasts: connections and programs have to
// get warm, and what the system holds for the server has to be full, or who sends into it would pay for messages that nobody counts.
const warmUp = 3 * time.Second

func (o *generatorOptions) plan(ctx context.Context) (*generators.Plan, error) {
	source, err := filepath.Abs(o.source)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	tell := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	all, err := generators.Build(ctx, source, o.cache, tell)
	if err != nil {
		return nil, err
	}
	p := &generators.Plan{
		Warm:   max(warmUp, time.Duration(o.seconds*1e9)),
		Rounds: o.rounds, Seconds: o.seconds, Program: program, Dunlin: generators.Program(o.cache),
		Tell: func(s string) { tell("%s", s) },
	}
	works, names := list(o.works), list(o.names)
	for _, w := range generators.Works {
		if len(works) == 0 || slices.Contains(works, w.Name) {
			p.Works = append(p.Works, w)
		}
	}
	for _, g := range all {
		if len(names) == 0 || slices.Contains(names, g.Name) {
			p.Generators = append(p.Generators, g)
		}
	}
	if len(p.Works) == 0 || len(p.Generators) == 0 {
		return nil, errors.New("none of these generators does such a work; see docs/PERFORMANCE.md")
	}
	return p, nil
}

// feed publishes to the subscribers of a broker until it is ended.
func feed(args []string) error {
	if len(args) != 2 {
		return errors.New("feed takes the URL of a broker and a size; generators calls it")
	}
	return generators.Feed(context.Background(), args[0], args[1])
}
