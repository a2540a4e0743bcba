package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"dunlin/jsre"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check scripts without running them",
		Long: "Parse scripts and all files that they import or require, and find what these name. Nothing of them\n" +
			"runs. Types are not checked. It ends with status 11 when something is wrong. A require or import() of\n" +
			"a name that is computed cannot be checked. What a package in node_modules does not find may be optional, and\n" +
			"is passed over, unless it is a module that the runtime does not serve.",
		Example: lines(
			"# Check a script before it goes to a device",
			"dunlin check app.ts"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), args) },
	}
}

func (a *app) check(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return usagef("check: no script; give the path of one")
	}
	wrong := false
	for _, file := range files {
		runtime, err := jsre.New(jsre.Options{Env: []string{}})
		if err != nil {
			return failf("check: %w", err)
		}
		parsed, problems := runtime.CheckFile(ctx, file)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, problem := range problems {
			wrong = true
			a.showProblem(problem)
		}
		if len(problems) == 0 {
			_, _ = fmt.Fprintf(a.out, "%s: %s, nothing wrong\n", file, plural(len(parsed), "file"))
		}
	}
	if wrong {
		return &failure{status: ExitLoad}
	}
	return nil
}

func (a *app) showProblem(problem error) {
	var load *jsre.LoadError
	if !errors.As(problem, &load) {
		a.note("check: %v", problem)
		return
	}
	_, _ = io.WriteString(a.Stderr, load.Report())
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
