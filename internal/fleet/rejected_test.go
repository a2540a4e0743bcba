package fleet_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/internal/fleet"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// A server that rejects what devices and service publish is no silent end of it: the first messages are told, all are counted.
func TestWhatTheServerRejectsIsTold(t *testing.T) {
	t.Parallel()
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("topic readwrite devices/+/about\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := mosquitto.Start(t, mosquitto.Options{Config: []string{"acl_file " + acl}})
	s, err := fleet.Parse("test.yaml", []byte(oneObedient))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	told := map[string]bool{}
	_, err = fleet.Run(ctx, fleet.Options{
		URL: server.URL(), Config: mqtt.Config{Version: mqtt.V5}, Speed: 20,
		OnError: func(err error) {
			mu.Lock()
			defer mu.Unlock()
			who, _, _ := strings.Cut(err.Error(), ": publish")
			if strings.Contains(err.Error(), "Not authorized") {
				told[who] = true
			}
			if told["device g-1"] && told["the service"] {
				cancel()
			}
		},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	if !told["device g-1"] || !told["the service"] {
		t.Errorf("told of %v", told)
	}
}
