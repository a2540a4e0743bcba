//go:build linux

// Command scale measures what a client costs at rest and at little work, holds the computation that stands on it to
// loads of nearly 20,000 clients, and computes what a million devices need. With -write it renews figures.json
// and the tables of docs/SCALE.md, which a test computes again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	is, err := part(ctx, os.Args[1:])
	if !is {
		err = run(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// options are those of the command.
type options struct {
	only, dunlin, page string
	clients, checked   int
	rounds             int
	compute, memory    bool
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.StringVar(&o.page, "write", "", "renew figures.json, and the tables in this `page`")
	flags.BoolVar(&o.compute, "compute", false, "measure nothing: the tables of the figures that there are")
	flags.BoolVar(&o.memory, "memory", false, "keep the CPU times that there are, for on a machine that is busy only memory can be measured")
	flags.IntVar(&o.clients, "clients", 10_000, "`clients` in a process whose cost is measured")
	flags.IntVar(&o.checked, "checked", 19_900, "`clients` of the loads that check the computation")
	flags.IntVar(&o.rounds, "rounds", 3, "measure so many `times`")
	flags.StringVar(&o.dunlin, "dunlin", "", "this `program` makes the loads; default: it is built")
	flags.StringVar(&o.only, "only", "", "only the kinds of client, or the load, with this `text` in the name; others stay as they were")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.clients < 2*firstClients || o.checked < o.clients {
		return fmt.Errorf("takes options only, at least one round and %d clients, and not fewer to check with; see --help", 2*firstClients)
	}
	f, err := readFigures(figuresFile)
	if err != nil {
		return err
	}
	if !o.compute {
		if err := o.measure(ctx, &f); err != nil {
			return err
		}
	}
	return o.keep(&f)
}

// keep shows the tables, or writes figures and page.
func (o *options) keep(f *figures) error {
	servers, err := readPublished(publishedFile)
	if err != nil {
		return err
	}
	if o.page == "" {
		for _, s := range sections(f, servers) {
			fmt.Printf("%s\n%s\n", s.name, s.text)
		}
		return nil
	}
	if !o.compute {
		if err := f.write(figuresFile); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(o.page)
	if err != nil {
		return err
	}
	filled, err := fill(string(text), sections(f, servers))
	if err != nil {
		return fmt.Errorf("%s: %w", o.page, err)
	}
	return os.WriteFile(o.page, []byte(filled), 0o644)
}
