package mqtt_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

// TestTheLogTellsOfConnections plays a client that is accepted, loses its connection and comes back.
func TestTheLogTellsOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said notes
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) {
			cfg.Transport.Logger = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == slog.TimeKey || a.Key == "in" {
						return slog.Attr{}
					}
					return a
				},
			}))
		})
		s.connect("absent")
		s.lose("present")
		synctest.Wait()
		want := []string{
			`level=INFO msg="mqtt: connected" server=mqtt://one:1883 client=c version=5 session=false connection=1`,
			`level=WARN msg="mqtt: connection lost" server=mqtt://one:1883 because=`,
			`level=INFO msg="mqtt: connecting again" because=`,
			`level=INFO msg="mqtt: connected" server=mqtt://one:1883 client=c version=5 session=true connection=2`,
		}
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if len(lines) != len(want) {
			t.Fatalf("said:\n%s", said.String())
		}
		for _, w := range want { // the attempt to come is told by another goroutine than the loss
			if !strings.Contains(said.String(), w) {
				t.Errorf("%q is not in:\n%s", w, said.String())
			}
		}
		must(t, s.Close(s.ctx))
		synctest.Wait()
		if n := strings.Count(said.String(), "\n"); n != len(want) {
			t.Errorf("Close was told of:\n%s", said.String())
		}
	})
}
