package fleet

import (
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// An edge node calls whoever is to obey a command on the goroutine of any of its methods, also of the one that publishes
// readings: neither may wait for the other.
func TestAnEdgeNodeMeasuresWhileItObeys(t *testing.T) {
	t.Parallel()
	server := mosquitto.Start(t, mosquitto.Options{})
	r := newTestRun(t, "groups: [{name: g, profile: sparkplug, telemetry: [{values: [{name: v, walk: {}}]}], controls: [{name: pump}]}]")
	r.options.URL, r.reconnect = server.URL(), mqtt.Reconnect{Background: true}
	host, err := sparkplug.StartHost(t.Context(), server.URL(), sparkplug.HostConfig{ID: "office"})
	if err != nil {
		t.Fatal(err)
	}
	n := r.newEdgeNode(newModel(&r.scenario.Groups[0]), 1)
	n.start()
	if err := n.node.AwaitOnline(t.Context()); err != nil {
		t.Fatal(err)
	}
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		for i := 0; t.Context().Err() == nil && (i < 20_000 || r.counts[Answers].Load() == 0); i++ {
			n.publish(0, time.Now())
		}
	}()
	limit := time.After(time.Minute)
	for on := false; ; on = !on {
		select {
		case <-measured:
			if r.counts[Answers].Load() == 0 {
				t.Error("no command was obeyed, so that nothing is shown")
			}
			_, _ = n.node.Close(t.Context()), host.Close(t.Context())
			return
		case <-limit:
			t.Fatal("the node measures no more")
		default:
			_ = host.Command(t.Context(), sparkplug.ID{Group: "dunlin", Node: n.name}, sparkplug.NewMetric(controlMetric+"pump", on)) // before the birth it fails
		}
	}
}

// A command that was obeyed, but whose data were lost with the connection, is answered by the next birth.
func TestABirthWithTheValueThatWasAskedForIsAnAnswer(t *testing.T) {
	t.Parallel()
	id, metric := sparkplug.ID{Group: "g", Node: "n"}, sparkplug.NewMetric(controlMetric+"pump", true)
	p := &plant{
		run: newTestRun(t, onePlain), seen: map[sparkplug.ID]bool{}, pending: map[sparkplug.ID]wish{id: {metric}}, answered: make(chan struct{}, 1),
	}
	p.happened(t.Context(), sparkplug.Event{Kind: sparkplug.NodeBorn, ID: id, Metrics: []sparkplug.Metric{metric}})
	if len(p.pending) != 0 || p.run.counts[Answered].Load() != 1 {
		t.Errorf("%v waits", p.pending)
	}
}
