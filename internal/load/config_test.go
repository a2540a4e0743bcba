package load_test

import (
	"testing"

	"dunlin/internal/load"
	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// TestWhatAFileSaysOfSessions has a file without pings, and with sessions that are kept, of which it says no end.
func TestWhatAFileSaysOfSessions(t *testing.T) {
	s, err := scenario.Parse("f.yaml", []byte("duration: 1s\ngroups: {name: a, keep_alive: 0s, keep_session: true}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []mqtt.Version{mqtt.V5, mqtt.VersionAuto} {
		cfg, err := load.ConfigOf(s, mqtt.Config{Version: version, KeepAlive: mqtt.DefaultKeepAlive})
		if err != nil {
			t.Fatal(err)
		}
		if cfg.KeepAlive >= 0 || cfg.Properties.SessionExpiry != mqtt.NeverExpires || !cfg.KeepSession {
			t.Errorf("keep alive %v, session expiry %v", cfg.KeepAlive, cfg.Properties.SessionExpiry)
		}
	}
}
