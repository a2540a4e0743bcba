package sparkplug

import (
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// A request for births that was in line when the host was closed is nothing that has gone wrong.
func TestAClosedHostDoesNotComplainOfWhatItDidNotSend(t *testing.T) {
	server := mosquitto.Start(t, mosquitto.Options{})
	h, err := StartHost(t.Context(), server.URL(), HostConfig{ID: "scada", MQTT: mqtt.Config{OnError: func(err error) { t.Error(err) }}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.ask(ID{Group: "plant", Node: "press"})
	h.outbox.flush()
}
