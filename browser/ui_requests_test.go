package browser_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestAPersonAsksAndIsAnswered publishes a request, reads the response, and goes to its topic. Where nobody answers the page says so, and
// the waiting can be stopped.
func TestAPersonAsksAndIsAnswered(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	answerer := publisher(t, b.URL(), mqtt.Config{Version: mqtt.V5})
	if _, err := answerer.Subscribe(t.Context(), mqtt.Subscription{Filter: "sum/ask", QoS: 1, Handler: func(ctx context.Context, m *mqtt.Received) {
		if m.Properties == nil || m.Properties.ResponseTopic == "" {
			t.Errorf("the request says not where its answer is expected: %+v", m.Properties)
			return
		}
		for _, one := range []mqtt.Properties{{CorrelationData: []byte("of another request")}, {CorrelationData: m.Properties.CorrelationData}} {
			payload := "wrong"
			if string(one.CorrelationData) == string(m.Properties.CorrelationData) {
				payload = `{"sum":42}`
			}
			if err := answerer.Publish(ctx, mqtt.Message{Topic: m.Properties.ResponseTopic, Payload: []byte(payload), Properties: &one}); err != nil {
				t.Error(err)
			}
		}
	}}); err != nil {
		t.Fatal(err)
	}
	p := openUI(t, startUI(t, b.URL(), "-t", "sum/#", "-V", "5"), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Publish")
	p.write("Topic", "sum/ask")
	p.write("Payload", `[40, 2]`)
	p.press("Wait for a response")
	p.submit()
	p.shows(".response", `"sum": 42`)
	p.shows(".response", "dunlin/response/")
	p.do(chromedp.Click(".response .link"))
	p.shows(".topic-name", "response")
	p.shows(".value-view", `"sum": 42`)

	p.press("Publish")
	p.write("Topic", "sum/nobody")
	p.write("Wait (ms)", "100")
	p.submit()
	p.shows(".result.bad", "there is no answer within 100 ms")
	p.write("Wait (ms)", "600000")
	p.submit()
	p.shows(".result", "Waiting")
	p.press("Stop")
	p.shows(".result.bad", "stopped")
}

// submit presses the button of the form that publishes, once it can be pressed.
func (b *tab) submit() {
	b.t.Helper()
	await[bool](b, "the button that publishes", `!document.querySelector('.publish-form button[type=submit]').disabled`)
	b.do(chromedp.Click(".publish-form button[type=submit]"))
}

// TestWhatIsPublishedManyTimesCanBeStopped publishes every hour, and stops.
func TestWhatIsPublishedManyTimesCanBeStopped(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Publish")
	p.write("Topic", "bell")
	p.write("Times", "9")
	p.write("Every (ms)", "3600000")
	p.submit()
	p.shows(".tree-row .name", "bell")
	p.press("Stop")
	p.shows(".result.bad", "1 of 9 were published: stopped")
	await[bool](p, "the button that publishes", `!document.querySelector('.publish-form button[type=submit]').disabled`)
}
