package cli

import (
	"os"
	"slices"

	"github.com/spf13/cobra"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

// benchMode is a load that the command makes from a few options.
type benchMode struct {
	name, short, long string
	clients           int64  // by default
	others            string // option that says how many the few are; empty: there are none
	othersUsage       string
	publishes         bool
	subscribes        bool
	make              func(scenario.Options) scenario.Scenario
}

var benchModes = []benchMode{
	{
		name: "conn", short: "Connect many clients, and keep them connected", clients: 100, make: scenario.Conn,
		long: "Connect clients, as fast as the broker takes them or at --connect-rate, and keep them for --duration.",
	},
	{
		name: "pub", short: "Publish as fast as it goes, or at a rate", clients: 1, publishes: true, make: scenario.Pub,
		long: "Publish to bench/pub/N, N being the number of the client. Nobody subscribes: at QoS 1 and 2 the acknowledgements are measured.",
	},
	{
		name: "sub", short: "Take what others publish", clients: 1, subscribes: true, make: scenario.Sub,
		long: "Subscribe each client to bench/#, or to -t, and count what comes. What another dunlin bench publishes with --verify\n" +
			"can be verified: both write --json, and dunlin bench --join puts the two together.",
	},
	{
		name: "rtt", short: "Measure round trips: there, and back from an echo", clients: 1, others: "echoes", publishes: true, make: scenario.RTT,
		othersUsage: "clients that answer",
		long: "Each client publishes to bench/rtt/N, an echo answers to bench/rtt/N/answer, and the time until the answer is measured.\n" +
			"Without --rate the next message leaves when the answer to the last one is there.",
	},
	{
		name: "fan-in", short: "Many publish to a few", clients: 100, others: "subscribers", publishes: true, subscribes: true, make: scenario.FanIn,
		othersUsage: "clients that subscribe; several share what comes", long: "Many clients publish to bench/fan-in/N, and a few take all of it.",
	},
	{
		name: "fan-out", short: "A few publish to many, each of which gets everything", clients: 100, others: "publishers", publishes: true, subscribes: true, make: scenario.FanOut,
		othersUsage: "clients that publish", long: "A few clients publish to bench/fan-out/N, and each of many subscribers gets all of it.",
	},
	{
		name: "share", short: "A few publish to many that share one subscription", clients: 10, others: "publishers", publishes: true, subscribes: true, make: scenario.Share,
		othersUsage: "clients that publish", long: "A few clients publish to bench/share/N, and each message goes to one of the clients that share a subscription.",
	},
}

// benchMeasures says how to read the figures.
const benchMeasures = "Latencies count from the moment at which a message was due, whether or not the broker or this program was late, so that no\n" +
	"slow time is left out. With --verify each message has a number, and what is lost, doubled, out of order or corrupted is\n" +
	"counted and named. --fail-if ends with status 12 where a limit does not hold. Ctrl-C ends the load early and shows what was\n" +
	"measured, when what is under way has come or the time to drain is over; a second one ends all at once, without figures."

func (a *app) benchCommand() *cobra.Command {
	b := &benchOutput{}
	var join bool
	var quiet bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Load a broker, measure it, and account for every message",
		Long:  "Load a broker with many clients and measure how it takes that.\n\n" + benchMeasures,
		Example: lines(
			"# Two processes that run at once, on one machine or two, and what they have measured together",
			"dunlin bench pub -h broker.example -q 1 --rate 100 --duration 5s --json one.json",
			"dunlin bench pub -h broker.example -q 1 --rate 100 --duration 5s --first 2 --json two.json",
			"dunlin bench --join one.json two.json --report both.html",
			"# A page of one result that is there already", "dunlin bench --join one.json --report one.html"),
		RunE: func(_ *cobra.Command, args []string) error {
			a.quiet = quiet
			switch {
			case join:
				return b.join(a, args)
			case len(args) > 0:
				return usagef("bench: no command %q; conn, pub, sub, rtt, fan-in, fan-out, share or run?", args[0])
			}
			return usagef("bench: conn, pub, sub, rtt, fan-in, fan-out, share or run?")
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&join, "join", false, "show what --json has written, with the outputs below: the files are the arguments; several are put together")
	b.bind(f)
	f.BoolVar(&quiet, "quiet", false, "write nothing to stderr")
	for i := range benchModes {
		cmd.AddCommand(a.benchModeCommand(&benchModes[i]))
	}
	cmd.AddCommand(a.benchRunCommand())
	return cmd
}

// benchModeCommand is a mode.
func (a *app) benchModeCommand(m *benchMode) *cobra.Command {
	b := &bench{mode: m}
	cmd := &cobra.Command{
		Use: m.name, Short: m.short, Long: m.long + "\n\n" + benchMeasures,
		Example: lines(benchExamples[m.name]...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.prepare(a, cmd, &args); err != nil {
				return err
			}
			if len(args) > 0 {
				return usagef("bench %s: takes no argument but a URL, and %q is given", m.name, args[0])
			}
			o, err := b.scenarioOptions(cmd)
			if err != nil {
				return err
			}
			return b.run(cmd.Context(), a, cmd, m.make(o))
		},
	}
	b.bindBench(cmd)
	return cmd
}

// benchExamples are those of the modes.
var benchExamples = map[string][]string{
	"conn": {"# A thousand clients, 500 more each second, for as long as half a minute", "dunlin bench conn -h broker.example -c 1000 --connect-rate 500 --duration 30s"},
	"pub": {
		"# As fast as it goes", "dunlin bench pub -h broker.example -q 1 -c 4 --duration 5s",
		"# Fail where the 99th percentile at 1,000 messages a second is above 5 s", "dunlin bench pub -h broker.example -q 1 --rate 1000 --duration 2s --fail-if 'p99>5s'",
	},
	"sub":     {"# Count what comes", "dunlin bench sub -h broker.example -t 'bench/#' --duration 5s"},
	"rtt":     {"# There and back, one message at a time", "dunlin bench rtt -h broker.example --duration 5s"},
	"fan-in":  {"# Twenty publishers, every message accounted for", "dunlin bench fan-in -h broker.example -c 20 -q 1 --rate 200 --duration 2s --verify --fail-if 'lost>0'"},
	"fan-out": {"# One publisher, fifty subscribers, and a page with charts", "dunlin bench fan-out -h broker.example -c 50 --rate 10 --duration 2s --report fan-out.html"},
	"share":   {"# Ten workers that take a millisecond for each message", "dunlin bench share -h broker.example -q 1 --rate 100 --duration 2s --work 1ms --verify"},
}

// benchRunCommand runs a scenario of a file.
func (a *app) benchRunCommand() *cobra.Command {
	b := &bench{}
	var part string
	cmd := &cobra.Command{
		Use:     "run FILE",
		Short:   "Run a load that a file describes",
		Long:    "Run a load that a file in YAML describes: groups of clients, rates, ramps, wills, drops of links, phases.\nIts form is in docs/BENCH.md.\n\n" + benchMeasures,
		Example: lines("# A load of one's own", "dunlin bench run load.yaml -h broker.example --verify"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.prepare(a, cmd, &args); err != nil {
				return err
			}
			if len(args) != 1 {
				return usagef("bench run: name one file")
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return failf("bench run: %w", err)
			}
			s, err := scenario.Parse(args[0], text)
			if err != nil {
				return failf("bench run: %w", err)
			}
			if cmd.Flags().Changed("seed") {
				s.Seed = b.seed
			}
			if part != "" {
				if s, err = partOf(s, part); err != nil {
					return usagef("bench run: --part: %w", err)
				}
			}
			return b.run(cmd.Context(), a, cmd, s)
		},
	}
	b.bindBench(cmd)
	cmd.Flags().StringVar(&part, "part", "", "run only this part of the clients, such as 2/4, the second of four processes that run together")
	return cmd
}

// partOf returns what one of several processes does of a scenario.
func partOf(s scenario.Scenario, text string) (scenario.Scenario, error) {
	part, of, err := scenario.ParsePart(text)
	if err != nil {
		return s, err
	}
	return s.Part(part, of)
}

// sorted are the names of latencies in the order of tables.
func sorted(latencies map[string]result.Histogram) []string {
	return slices.DeleteFunc(slices.Clone(result.Names), func(name string) bool {
		h, ok := latencies[name]
		return !ok || h.Count() == 0
	})
}
