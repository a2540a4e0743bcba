package cli

import (
	"fmt"
	"testing"

	"dunlin/mqtt"
)

// A loss is told as one, also where the client ended with it.
func TestLossInTheWordsOfTheCommand(t *testing.T) {
	ended := fmt.Errorf("%w: %w", mqtt.ErrClosed, mqtt.ErrServerClosed)
	const want = "connection lost: the server closed the connection"
	for name, err := range map[string]error{
		"alone":   ended,
		"told so": fmt.Errorf("%w: %w", errLost, ended),
	} {
		if f := classify(err); f == nil || f.text() != want || f.status != ExitLost {
			t.Errorf("%s: %+v, want %q", name, f, want)
		}
	}
}
