package cli

import (
	"fmt"
	"strings"
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

// What a program would have to change is said as what a person can do.
func TestErrorsOfTheLibraryInTheWordsOfTheCommand(t *testing.T) {
	for want, err := range map[string]error{
		`2 messages passed over, such as one of "a": the broker sent them, and nothing asked for them`: &mqtt.UnhandledError{Messages: 2, Topic: "a"},
		"3 messages of QoS 0 lost: they came faster than they were taken; -q 1 slows the broker down":  &mqtt.DroppedError{Messages: 3},
		(&mqtt.PanicError{Value: "x"}).Error():                                                         &mqtt.PanicError{Value: "x"},
	} {
		if got := wordsFor(fmt.Errorf("%w", err)); got != want || strings.Contains(got, "Config") {
			t.Errorf("%T: %q, want %q", err, got, want)
		}
	}
}
