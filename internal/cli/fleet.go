package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	examples "dunlin/examples/fleet"
	"dunlin/internal/fleet"
	"dunlin/mqtt"
)

// fleetRun simulates devices.
type fleetRun struct {
	session
	list, show, json, check bool
	clients                 int64
	seed                    int64
	speed                   float64
	duration, ramp          time.Duration
	failIf                  []string

	scenario fleet.Scenario
	limits   []fleet.Limit
}

func (a *app) fleetCommand() *cobra.Command {
	f := &fleetRun{}
	cmd := &cobra.Command{
		Use:   "fleet [URL] FILE|NAME",
		Short: "Simulate devices: births, telemetry, commands, firmware, sleep, flaky links",
		Long: "Simulate the devices that a YAML file describes, or one of the built-in fleets that --list names. They\n" +
			"announce themselves, publish readings that look real, obey commands, download firmware, sleep with a\n" +
			"session that collects what comes meanwhile, and lose their links; as plain devices, those of Home\n" +
			"Assistant or edge nodes of Sparkplug B. --check has a subscriber that knows the rules look at all they do.\n" +
			"It ends by Ctrl-C or after the duration, and prints what happened. docs/FLEET.md describes the file.",
		Example: lines("# Which fleets are built in, and how is one written?", "dunlin fleet --list", "dunlin fleet --show greenhouse",
			"# A greenhouse for a minute of its own time, with its rules checked", "dunlin fleet mqtt://broker.example greenhouse --duration 1m --speed 20 --check",
			"# 100 devices of a file, with a status that says whether a command was not answered",
			"dunlin fleet examples/fleet/home.yaml --clients 100 --duration 1m --speed 20 --fail-if 'unanswered>0'"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(a, cmd, args) },
	}
	f.session.bind(cmd)
	o := cmd.Flags()
	o.BoolVar(&f.list, "list", false, "print the names of the built-in fleets")
	o.BoolVar(&f.show, "show", false, "print the fleet's file")
	o.Int64Var(&f.clients, "clients", 0, "so many devices, in the shares that the file has (default: as the file says)")
	o.Int64Var(&f.seed, "seed", 0, "seed of all that is random: the same one gives the same readings (default: the file's)")
	o.Float64Var(&f.speed, "speed", 1, "how many seconds of the devices go by in one")
	o.DurationVar(&f.duration, "duration", 0, "end after this time of the devices (default: the file's, or by Ctrl-C)")
	o.DurationVar(&f.ramp, "ramp", 0, "switch the devices on over this time (default: the file's)")
	o.BoolVar(&f.check, "check", false, "check the rules of the profiles; a break is told on stderr, and is status 12")
	o.StringArrayVar(&f.failIf, "fail-if", nil, "end with status 12 if a count is beyond this, such as 'unanswered>0'; may be given many times")
	o.BoolVar(&f.json, "json", false, "print the result as JSON")
	cmd.AddCommand(a.fleetCheckCommand())
	return cmd
}

func (f *fleetRun) run(a *app, cmd *cobra.Command, args []string) error {
	if f.list {
		return listFleets(a.out)
	}
	if err := f.refuse(cmd); err != nil {
		return err
	}
	if versions[strings.ToLower(f.protocol)] == mqtt.V31 {
		f.idPrefix = "dunlin-" // of the connection that finds out whether the server is there; the devices have their own
	}
	args, err := f.complete(a, cmd, args)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usagef("fleet: name one file or built-in fleet; --list names those")
	}
	name, text, err := readFleet(args[0])
	if err != nil {
		return err
	}
	if f.show {
		_, _ = a.out.Write(text) // a.out ends the command
		return nil
	}
	if err := f.choose(cmd, name, text); err != nil {
		return err
	}
	if err := fleet.RaiseFiles(f.scenario.Devices()); err != nil {
		return failf("fleet: %w", err)
	}
	return f.simulate(cmd.Context(), a)
}

// refuse refuses options of other commands.
func (*fleetRun) refuse(cmd *cobra.Command) error {
	for _, option := range []string{"id", "id-prefix", "disable-clean-session", "session-expiry-interval", "keepalive", "will-topic"} {
		if f := cmd.Flags().Lookup(option); f.Changed {
			return usagef("fleet: %s is not for a fleet: its file says that of each device", optionName(f))
		}
	}
	return nil
}

// listFleets prints name and purpose of the built-in fleets.
func listFleets(w io.Writer) error {
	entries, err := examples.Files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := examples.Files.ReadFile(e.Name())
		if err != nil {
			return err
		}
		s, err := fleet.Parse(e.Name(), text)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "%-12s %s (%d devices)\n", strings.TrimSuffix(e.Name(), ".yaml"), s.About, s.Devices()) // as above
	}
	return nil
}

// readFleet reads the file of that name, or the built-in fleet.
func readFleet(name string) (file string, text []byte, err error) {
	text, err = os.ReadFile(name)
	if err == nil {
		return name, text, nil
	}
	if built, missing := examples.Files.ReadFile(name + ".yaml"); missing == nil && errors.Is(err, fs.ErrNotExist) {
		return name + ".yaml", built, nil
	}
	return "", nil, &failure{status: ExitFailure, err: fmt.Errorf("fleet: %w", err), hint: "dunlin fleet --list names the built-in fleets"}
}

// choose makes the scenario, with what the options say in the place of what the file does.
func (f *fleetRun) choose(cmd *cobra.Command, name string, text []byte) error {
	o := cmd.Flags()
	var err error
	if f.scenario, err = fleet.Parse(name, text); err != nil {
		return failf("fleet: %w", err)
	}
	switch {
	case o.Changed("clients") && (f.clients < 1 || f.clients > 1_000_000):
		return usagef("fleet: --clients %d is not between 1 and 1000000", f.clients)
	case !(f.speed > 0 && f.speed <= 10_000):
		return usagef("fleet: --speed %v is not above 0 and at most 10000", f.speed)
	case f.duration < 0 || f.ramp < 0:
		return usagef("fleet: --duration and --ramp are not below 0")
	}
	f.override(o)
	for _, text := range f.failIf {
		limit, err := fleet.ParseLimit(text)
		if err != nil {
			return usagef("fleet: --fail-if: %w", err)
		}
		f.limits = append(f.limits, limit)
	}
	return nil
}

// override puts what options say in the place of what the file does.
func (f *fleetRun) override(o *pflag.FlagSet) {
	if o.Changed("clients") {
		f.scenario.Scale(int(f.clients))
	}
	if o.Changed("seed") {
		f.scenario.Seed = uint64(f.seed)
	}
	if o.Changed("duration") {
		f.scenario.Duration = f.duration
	}
	if o.Changed("ramp") {
		f.scenario.Ramp = f.ramp
	}
}

// simulate connects once, so that what is wrong with the server is told in time, and then runs the fleet.
func (f *fleetRun) simulate(ctx context.Context, a *app) error {
	url, cfg, err := f.settle(ctx, a)
	if err != nil {
		return err
	}
	if f.scenario.Devices() >= manyDevices && a.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(sparingGC))
	}
	live := newFleetLine(a)
	result, err := fleet.Run(ctx, fleet.Options{
		URL: url, Config: cfg, Speed: f.speed, Check: f.check,
		OnBreak: func(b fleet.Break) {
			if b.Advice {
				live.note("recommendation %s not followed on %s: %s", b.Rule, b.Topic, b.What)
				return
			}
			live.note("rule %s broken on %s: %s", b.Rule, b.Topic, b.What)
		},
		OnError:  func(err error) { live.note("fleet: %v", forUsers(err)) },
		Progress: live.show,
	}, f.scenario)
	live.clear()
	if err != nil {
		return err
	}
	result.Server = shownURL(f.url)
	f.print(a, &result)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return f.judge(&result)
}

// manyDevices is from how many devices on memory counts more than the time of garbage collection, which runs when the
// heap has grown by sparingGC per cent.
const (
	manyDevices = 1000
	sparingGC   = 25
)

// settle finds out which version the server speaks, and returns how each device reaches it.
func (f *fleetRun) settle(ctx context.Context, a *app) (url string, cfg mqtt.Config, err error) {
	client, err := f.connect(ctx, a, mqtt.Config{})
	if err != nil {
		return "", cfg, err
	}
	version := client.ConnAck().Version
	f.close(client)
	url, cfg, err = f.options.Prepare(ctx)
	if err != nil {
		return "", cfg, optionFailure(err)
	}
	cfg.Version = version
	if f.debug {
		cfg.OnPacket = func(p mqtt.TracedPacket) { a.note("%s", p) }
	}
	return url, cfg, nil
}

// print prints what happened.
func (f *fleetRun) print(a *app, r *fleet.Result) {
	if f.json {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			a.note("fleet: %v", err)
			return
		}
		_, _ = a.out.Write(jsonIf(a.StdoutTerminal, b.Bytes())) // a.out ends the command
		return
	}
	_, _ = fmt.Fprintf(a.out, "%s: %d devices, %.1f s at speed %v, seed %d, %s\n", r.Name, r.Devices, r.Seconds, r.Speed, r.Seed, r.Server)
	for _, c := range fleet.Counts() {
		if n := r.Get(c); n != 0 {
			_, _ = fmt.Fprintf(a.out, "%10d  %-15s %s\n", n, c.Name(), c.Text())
		}
	}
}

// judge returns the failure of a run in which rules or limits were broken.
func (f *fleetRun) judge(r *fleet.Result) error {
	if n := r.Get(fleet.Violations); n > 0 {
		return &failure{status: ExitCheck, err: fmt.Errorf("fleet: rules were broken %d times", n)}
	}
	for _, l := range f.limits {
		if value, failed := l.Failed(r); failed {
			return &failure{status: ExitCheck, err: fmt.Errorf("fleet: --fail-if %s: it is %d", l.Text, value)}
		}
	}
	return nil
}
