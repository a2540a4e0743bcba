package examples

import (
	"context"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// dialAsDocumented is the client of docs/CLUSTERS.md.
func dialAsDocumented(ctx context.Context) (*mqtt.Client, error) {
	client, err := mqtt.Dial(ctx, "mqtt://mqtt-0.example:1883", mqtt.Config{
		Version:     mqtt.VersionAuto, // MQTT 5 with EMQX, HiveMQ and VerneMQ
		ClientID:    "lamp-17",        // its own, and always the same
		KeepSession: true,
		KeepAlive:   10 * time.Second,
		Transport:   mqtt.Transport{ConnectTimeout: 5 * time.Second},       // a node that stands still takes connections, and answers none
		Properties:  mqtt.ConnectProperties{SessionExpiry: 24 * time.Hour}, // in MQTT 5 a session ends with its connection otherwise
		Reconnect: &mqtt.Reconnect{
			Servers:  []string{"mqtt://mqtt-1.example:1883", "mqtt://mqtt-2.example:1883"},
			Order:    mqtt.ServersShuffled,
			MinDelay: 500 * time.Millisecond, MaxDelay: 30 * time.Second,
			Background: true,
		},
	})
	return client, err
}

func TestClientOfTheDocumentIsValid(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is to be looked for
	client, err := dialAsDocumented(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClientOfTheDocumentIsTheOneThatIsTested(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "../../docs/CLUSTERS.md"), "```go\n")
	block, _, found := strings.Cut(rest, "```")
	indented := "\t" + strings.ReplaceAll(strings.TrimRight(block, "\n"), "\n", "\n\t")
	if !found || !strings.Contains(read(t, "client_test.go"), indented) {
		t.Errorf("docs/CLUSTERS.md has another client than this test:\n%s", block)
	}
}
