package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Fatal is an error that waiting does not mend.
type Fatal struct{ Err error }

// Error implements error.
func (f Fatal) Error() string { return f.Err.Error() }

// Await asks again and again whether what is waited for has come, until ask returns nil or a Fatal error, or ctx ends.
func Await(ctx context.Context, what string, ask func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error // from before ctx ended, which may be what ask complains of then
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if end := (Fatal{}); errors.As(err, &end) {
			return end.Err
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w; the last that was seen: %w", what, context.Cause(ctx), cmp.Or(last, err))
		}
	}
}
