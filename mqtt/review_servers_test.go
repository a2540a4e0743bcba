package mqtt_test

import (
	"errors"
	"strings"
	"testing"

	"dunlin/mqtt"
)

// TestFurtherServersAreCheckedAtOnce has a URL among the further servers that leads nowhere. Found
// at the first lost connection only, it would end the client, for it stays wrong.
func TestFurtherServersAreCheckedAtOnce(t *testing.T) {
	cfg := mqtt.Config{Reconnect: &mqtt.Reconnect{Servers: []string{"mqtt://two", "gopher://me:secret@three"}}}
	for name, err := range map[string]error{
		"Validate": cfg.Validate(),
		"Dial":     errorOf(mqtt.Dial(ctxFor(t), "mqtt://127.0.0.1:1", cfg)),
	} {
		var bad *mqtt.ArgumentError
		if !errors.As(err, &bad) || bad.Name != "Reconnect.Servers" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
