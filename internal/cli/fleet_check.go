package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/fleet"
	"dunlin/mqtt"
)

// fleetCheck looks at devices of others.
type fleetCheck struct {
	session
	duration time.Duration
}

func (a *app) fleetCheckCommand() *cobra.Command {
	f := &fleetCheck{}
	cmd := &cobra.Command{
		Use:   "check [URL] homeassistant|sparkplug",
		Short: "Check whether the devices at a broker keep the rules of Home Assistant's discovery or of Sparkplug B",
		Long: "Subscribe to what the devices at a broker publish, simulated or real, and print each break of a rule of\n" +
			"MQTT discovery of Home Assistant, or of Sparkplug B. It publishes nothing. A break is status 12; a recommendation\n" +
			"that is not followed is printed with \"(a recommendation)\" behind it, and changes no status.",
		Example:   lines("dunlin fleet check -h broker.example homeassistant --duration 3s"),
		ValidArgs: []string{fleet.HomeAssistant, fleet.Sparkplug},
		RunE:      func(cmd *cobra.Command, args []string) error { return f.run(a, cmd, args) },
	}
	f.bind(cmd)
	cmd.Flags().DurationVar(&f.duration, "duration", 0, "end after this time (default: by Ctrl-C)")
	return cmd
}

func (f *fleetCheck) run(a *app, cmd *cobra.Command, args []string) error {
	a.parsed = true
	args, err := f.complete(a, cmd, args)
	switch {
	case err != nil:
		return err
	case len(args) != 1 || args[0] != fleet.HomeAssistant && args[0] != fleet.Sparkplug:
		return usagef("fleet check: name the rules: %s or %s", fleet.HomeAssistant, fleet.Sparkplug)
	case f.duration < 0:
		return usagef("fleet check: --duration %v is negative", f.duration)
	}
	ctx := cmd.Context()
	client, err := f.connect(ctx, a, mqtt.Config{})
	if err != nil {
		return err
	}
	defer f.close(client)
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	return f.watch(ctx, a, client, args[0])
}

// watch tells of each break until the time is over.
func (f *fleetCheck) watch(ctx context.Context, a *app, client *mqtt.Client, profile string) error {
	breaks, recommended, advice := 0, 0, ""
	seen, err := fleet.Watch(ctx, client, profile, func(b fleet.Break) {
		suffix := ""
		if b.Advice {
			recommended++
			suffix, advice = " (a recommendation)", fmt.Sprintf("; %d recommendations not followed", recommended)
		} else {
			breaks++
		}
		_, _ = fmt.Fprintf(a.out, "%s: %s: %s%s\n", b.Topic, b.Rule, b.What, suffix) // a.out ends the command
	})
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		a.note("fleet check: %d messages, %d breaks of rules%s", seen, breaks, advice)
		return context.Cause(ctx)
	case breaks > 0:
		return &failure{status: ExitCheck, err: fmt.Errorf("fleet check: %d breaks of rules in %d messages%s", breaks, seen, advice)}
	}
	a.note("fleet check: %d messages, and no rule broken%s", seen, advice)
	return nil
}
