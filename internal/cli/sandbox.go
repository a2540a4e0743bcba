package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/broker"
	"dunlin/internal/environ"
	"dunlin/internal/sandbox"
	"dunlin/internal/terminal"
	"dunlin/jsre"
)

// sandboxed is what the options of the sandbox say.
type sandboxed struct {
	on     bool
	grants sandbox.Config
	memory string
}

// sandboxOptions are those that mean something with --sandbox alone.
var sandboxOptions = []string{"allow-net", "allow-read", "allow-write", "allow-env", "memory", "time"}

func (s *sandboxed) bind(f *pflag.FlagSet) {
	f.BoolVar(&s.on, "sandbox", false, "run a script that is not trusted, in a process of its own that is granted nothing but the following")
	f.StringArrayVar(&s.grants.Net, "allow-net", nil, "let it connect to `HOST:PORT`, to HOST:* or to * (all); may be given many times, as the next three")
	f.StringArrayVar(&s.grants.Read, "allow-read", nil, "let it read a `FILE` or a folder with all in it; the script itself it may read anyway")
	f.StringArrayVar(&s.grants.Write, "allow-write", nil, "let it write a `FILE` or in a folder")
	f.StringArrayVar(&s.grants.Env, "allow-env", nil, "let it see the variable `NAME`")
	f.StringVar(&s.memory, "memory", "64M", "end it when it wants more memory than `SIZE`, such as 64M or 1G, at least 48M")
	f.DurationVar(&s.grants.Time, "time", 0, "end it after this time, such as 10s, whatever it does; see --for for a clean end")
}

// check returns an error for options that cannot be.
func (s *sandboxed) check(cmd *cobra.Command, file string) error {
	for _, name := range sandboxOptions {
		if !s.on && cmd.Flags().Changed(name) {
			return usagef("run: --%s is for --sandbox, which is not given", name)
		}
	}
	if !s.on {
		return nil
	}
	size, err := sandbox.ParseSize(s.memory)
	switch {
	case err != nil:
		return usagef("run: --memory %w", err)
	case size < sandbox.MinMemory:
		return usagef("run: --memory %s is less than 48M", s.memory)
	case s.grants.Time < 0 || cmd.Flags().Changed("time") && s.grants.Time == 0:
		return usagef("run: --time %v is not positive", s.grants.Time)
	}
	s.grants.Memory, s.grants.Script = size, file
	if err := s.grants.Check(); err != nil {
		return usagef("run: %w", err)
	}
	return nil
}

// run runs the whole command again in the sandbox; embedded is the broker that every mqtt.open leads to, or nil.
func (s *sandboxed) run(ctx context.Context, a *app, text scriptText, embedded *broker.Broker) error {
	c, stdin := s.grants, a.Stdin
	if text.name == stdinName { // it has been read
		stdin = strings.NewReader(text.text)
	}
	c.StderrTerminal = a.StderrTerminal
	if embedded != nil {
		c.Broker = embedded.Addr()
		c.Net = append(c.Net, c.Broker)
	}
	status, err := sandbox.Run(ctx, &c, sandbox.Child{
		Args: a.Args, Env: a.Env, Stdin: stdin, Stdout: a.Stdout, Stderr: a.screen, Patience: stopTime + time.Second,
	})
	var ended *sandbox.Error
	switch {
	case errors.As(err, &ended):
		return &failure{status: ExitLimit, err: errors.New("run: " + ended.What + "; it was ended"), hint: "see --memory and --time"}
	case err != nil:
		return failf("run: %w", err)
	case status != ExitOK:
		return &failure{status: status}
	}
	return nil
}

// insideSandbox makes of the environment of a child of the sandbox what its command sees. The process has no variables
// but those of the script.
func insideSandbox(env environ.Environment) (environ.Environment, *sandbox.Config) {
	c, inside := sandbox.Inside(env.Args)
	if !inside {
		return env, nil
	}
	env.Args, env.Stderr, env.StderrTerminal = env.Args[1:], sandbox.Framed(env.Stderr), c.StderrTerminal
	return env, c
}

// confine gives up what the script is not granted, and has the engine ask before each use of the rest. What the script writes
// on a terminal moves nothing there.
func (a *app) confine(options *jsre.Options) error {
	if err := a.inside.Enter(); err != nil {
		return failf("run: %w", err)
	}
	options.Access = a.inside.Access()
	options.Stdout, options.Stderr, options.Color = terminal.Writer(a.output, a.StdoutTerminal), a.Stderr, false
	return nil
}

// insideRedirect returns where mqtt.open leads in the sandbox: the broker of --broker is the parent's.
func (a *app) insideRedirect(redirect redirectFunc) redirectFunc {
	if a.inside.Broker != "" {
		return everythingTo(a.inside.Broker)
	}
	return redirect
}

// runInside runs the script in the child of the sandbox.
func (s *script) runInside(ctx context.Context, a *app, text scriptText, options jsre.Options) error {
	if err := a.confine(&options); err != nil {
		return err
	}
	spendMemory()
	return s.runText(ctx, a, text, options)
}
