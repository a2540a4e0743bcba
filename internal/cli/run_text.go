package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"dunlin/jsre"
)

// scriptText is the script of one call: a file, or a text.
type scriptText struct {
	file string // "" for a text
	name string // what stacks call the text
	text string
}

// stdinName is what stacks call a script from standard input.
const stdinName = "[stdin]"

// maxInput is the longest script that standard input may give.
const maxInput = 64 << 20

// text returns the script that the command line names, and the script's own arguments.
func (s *script) text(a *app, cmd *cobra.Command, args []string) (text scriptText, rest []string, err error) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args, rest = args[:dash], args[dash:]
	}
	eval := cmd.Flags().Changed("eval")
	switch {
	case eval && len(args) > 0:
		return text, nil, usagef("run: %q beside --eval; the script's own arguments come after --", args[0])
	case eval:
		return scriptText{name: "[eval]", text: s.eval}, rest, nil
	case len(args) == 0:
		return text, nil, usagef("run: no script; give the path of one")
	case len(args) > 1:
		return text, nil, usagef("run: %q after the script; its own arguments come after --", args[1])
	case args[0] != "-":
		return scriptText{file: args[0]}, rest, nil
	case s.watch:
		return text, nil, usagef("run: --watch needs a file, and - is standard input")
	}
	input, err := io.ReadAll(io.LimitReader(a.Stdin, maxInput+1))
	switch {
	case err != nil:
		return text, nil, failf("run: read the script from standard input: %w", err)
	case len(input) > maxInput:
		return text, nil, &failure{status: ExitLoad, err: errors.New("run: the script on standard input is longer than 64 MiB")}
	}
	return scriptText{name: stdinName, text: string(input)}, rest, nil
}

// runText runs the script once, or with --watch as often as it changes.
func (s *script) runText(ctx context.Context, a *app, text scriptText, options jsre.Options) error {
	if s.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.limit, errTimeUp)
		defer cancel()
	}
	var err error
	if s.watch {
		err = s.runAgain(ctx, a, text, options)
	} else {
		err = s.execute(ctx, text, options)
	}
	if errors.Is(err, errTimeUp) {
		return nil
	}
	return err
}

// execute runs the script to its end. A calculation inside the engine and a
// write to a full pipe cannot be interrupted; a script that hangs in one is left
// behind, for the end of the process.
func (s *script) execute(ctx context.Context, text scriptText, options jsre.Options) error {
	runtime, err := jsre.New(options)
	if err != nil {
		return failf("run: %w", err)
	}
	return s.untilEnded(ctx, func() error {
		if text.file != "" {
			return runtime.RunFile(ctx, text.file)
		}
		return runtime.RunString(ctx, text.name, text.text)
	})
}

// untilEnded waits for run, but not long once ctx is done.
func (s *script) untilEnded(ctx context.Context, run func() error) (err error) {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case err = <-ended:
		case <-time.After(s.patience):
			return errStuck
		}
	}
	return err
}
