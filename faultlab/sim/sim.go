// Package sim plays random schedules against the library's session core. The
// program that does it belongs to the library, where the core can be reached; this
// one runs it.
package sim

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

	"dunlin/faultlab/internal/lab"
)

// player is the program of the library.
const player = "dunlin/mqtt/internal/session/simulate"

// Run plays the schedules that args ask for; it needs the go command. It returns
// the exit status.
func Run(ctx context.Context, args []string, out, _ io.Writer) (exit int) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"run", player}, args...)...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr // a terminal, if there is one
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return lab.Passed
	case errors.As(err, &ended):
		return lab.Failed
	default:
		_, _ = io.WriteString(os.Stderr, "faultlab sim: "+err.Error()+"; run it in the folder faultlab\n")
		return lab.Usage
	}
}
