package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store/disk"
)

// What docs/MIGRATING.md shows, in one program.
func Example_migrating() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	url, stop := exampleBroker(ctx)
	defer stop()
	dir, err := os.MkdirTemp("", "lamp")
	if err != nil {
		log.Panic(err)
	}
	defer os.RemoveAll(dir)

	err = migrated(ctx, url, dir+"/session")
	fmt.Println(err)
	// Output:
	// hall: on
	// garage: tea is ready
	// <nil>
}

// migrated is what the page shows, piece by piece.
func migrated(ctx context.Context, url, dir string) (err error) {
	store, err := disk.Open(dir, disk.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	client, err := mqtt.Dial(ctx, url, mqtt.Config{
		Version:     mqtt.V5,
		ClientID:    "lamp",
		Username:    "joe",
		Password:    []byte("secret"),
		KeepAlive:   30 * time.Second,
		Will:        &mqtt.Will{Message: mqtt.Message{Topic: "lamp/state", Payload: []byte("gone"), QoS: 1, Retain: true}},
		KeepSession: true,
		Properties:  mqtt.ConnectProperties{SessionExpiry: time.Hour},
		Reconnect:   &mqtt.Reconnect{MaxDelay: time.Minute},
		Store:       store,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	if err := migratedReceive(ctx, client); err != nil {
		return err
	}
	return migratedRequest(ctx, client)
}

func migratedReceive(ctx context.Context, client *mqtt.Client) error {
	shown := make(chan struct{})
	show := func(_ context.Context, m *mqtt.Received) {
		fmt.Printf("%s: %s\n", m.Topic, m.Payload)
		close(shown)
	}
	work := make(chan *mqtt.Received, 100)
	_, err := client.Subscribe(ctx,
		mqtt.Subscription{Filter: "hall", QoS: 1, Handler: show},
		mqtt.Subscription{Filter: "orders", QoS: 1, ManualAck: true, Handler: func(_ context.Context, m *mqtt.Received) { work <- m }},
	)
	if err != nil {
		return err
	}
	go func() {
		for m := range work { // anywhere, at any time
			if err := m.Ack(); err != nil {
				log.Print(err) // the connection has changed: it comes again
			}
		}
	}()
	defer close(work)

	err = client.Publish(ctx, mqtt.Message{Topic: "hall", Payload: []byte("on"), QoS: 1})
	if err != nil {
		return err // not acknowledged: errors.Is with ErrInDoubt tells whether it may have arrived
	}
	<-shown
	return nil
}

func migratedRequest(ctx context.Context, client *mqtt.Client) error {
	_, err := client.Subscribe(ctx, mqtt.Subscription{Filter: "garage", QoS: 1, Handler: func(ctx context.Context, m *mqtt.Received) {
		if err := client.Respond(ctx, m, []byte("tea is ready")); err != nil {
			log.Print(err)
		}
	}})
	if err != nil {
		return err
	}
	answer, err := client.Request(ctx, mqtt.Message{Topic: "garage", Payload: []byte("tea"), QoS: 1})
	if err != nil {
		return err
	}
	fmt.Printf("garage: %s\n", answer.Payload)
	return nil
}

// TestMigratingShowsTheExample has each Go block of the page stand in the program above.
func TestMigratingShowsTheExample(t *testing.T) {
	flat := func(text string) (flat string) {
		for line := range strings.Lines(text) {
			flat += strings.TrimSpace(line) + "\n"
		}
		return flat
	}
	program, err := os.ReadFile("example_migrating_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/MIGRATING.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(flat(string(program)), flat(code)) {
			t.Errorf("the example does not have\n%s", code)
		}
	}
	if len(blocks) < 4 {
		t.Errorf("found %d blocks", len(blocks))
	}
}
