//go:build linux

// Command cluster puts many clients on clusters of MQTT servers, breaks the servers under load, and accounts for every message.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"dunlin/cluster/harness"
	"dunlin/cluster/nats"
	"dunlin/cluster/rabbitmq"
)

// clusters are those that can be started, by the names that -only takes, with the messages a second that their tables have.
var clusters = []struct {
	name string
	rate float64
	make func(dir string) (harness.Cluster, error)
}{
	{"nats", 800, func(dir string) (harness.Cluster, error) { return nats.New(dir) }},
	{"rabbitmq", 450, func(dir string) (harness.Cluster, error) { return rabbitmq.New(dir, rabbitmq.Safe) }},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(os.Stderr, "cluster:", err)
		}
		os.Exit(1)
	}
}

// run does what args ask for: a line a step to log, and the outcomes as JSON to out.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	o := harness.Options{Log: log, Faults: harness.Faults}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.IntVar(&o.Clients, "clients", 500, "clients, each of which publishes and subscribes")
	flags.IntVar(&o.Messages, "messages", 200_000, "messages at least, for each cluster")
	rate := flags.Float64("rate", 0, "messages a second at most, of all clients together; default: what the tables have")
	flags.Float64Var(&o.Ramp, "ramp", 100, "clients that connect a second, at the beginning")
	flags.IntVar(&o.Rounds, "rounds", 2, "how often each fault is done")
	flags.DurationVar(&o.Hold, "hold", 10*time.Second, "how long a fault lasts")
	flags.DurationVar(&o.Calm, "calm", 5*time.Second, "how long nothing happens between faults")
	to := destination{out: out}
	only := flags.String("only", "", "the one cluster to test: "+names())
	faults := flags.String("faults", "", "the faults, separated by commas; default: all")
	flags.StringVar(&to.document, "write", "", "the document whose tables are replaced, such as ../docs/CLUSTERS.md")
	flags.StringVar(&to.dir, "dir", "", "where data and logs are left; default: a folder that is removed, in memory where there is enough")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *faults != "" {
		var err error
		if o.Faults, err = harness.ParseFaults(*faults); err != nil {
			return err
		}
	}
	tested := 0
	for _, c := range clusters {
		if *only != "" && *only != c.name {
			continue
		}
		tested++
		o.Rate = cmp.Or(*rate, c.rate)
		outcome, err := test(ctx, c.make, to.dir, o)
		if err := to.write(c.name, outcome, err); err != nil {
			return err
		}
	}
	if tested == 0 {
		return fmt.Errorf("there is no cluster %q; there are: %s", *only, names())
	}
	return nil
}

// destination is where what a test leaves goes.
type destination struct {
	out           io.Writer
	document, dir string
}

// write writes an outcome, and no tables of one that has failed.
func (to *destination) write(name string, outcome harness.Outcome, failed error) error {
	if err := json.NewEncoder(to.out).Encode(outcome); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", name, failed)
	}
	if to.document == "" {
		return nil
	}
	return harness.WriteTables(to.document, name, outcome)
}

func names() string {
	var all []string
	for _, c := range clusters {
		all = append(all, c.name)
	}
	return strings.Join(all, ", ")
}

// test runs one cluster, and returns an error if it could not, or if anything was lost.
func test(ctx context.Context, start func(dir string) (harness.Cluster, error), dir string, o harness.Options) (harness.Outcome, error) {
	if dir == "" {
		made, err := os.MkdirTemp(harness.InMemory(), "cluster")
		if err != nil {
			return harness.Outcome{}, err
		}
		defer func() { _ = os.RemoveAll(made) }() // a temporary folder
		dir = made
	}
	c, err := start(dir)
	if err != nil {
		return harness.Outcome{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Minute, errors.New("the run has taken half an hour"))
	defer cancel()
	outcome, err := harness.Run(ctx, c, o)
	return outcome, errors.Join(err, outcome.Lost(), c.Close())
}
