package browser_test

import (
	"fmt"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestTemplatesAreNotJudgedAsJSON ticks the box when the payload is there already.
func TestTemplatesAreNotJudgedAsJSON(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.press("Publish")
	p.write("Payload", `{"n":{{.N}}}`)
	p.shows(".judgement", "No valid JSON")
	p.press("Template")
	if text := eval[string](p, `document.querySelector('.judgement').textContent`); text != "" {
		t.Errorf("the template is judged: %s", text)
	}
}

// TestADraftWithoutAPayloadDeletesNothing begins to publish to a topic of which the broker keeps bytes that the form cannot have as text.
func TestADraftWithoutAPayloadDeletesNothing(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte{0xff, 0, 0xfe}, QoS: 1, Retain: true})
	p.row("door")
	p.shows(".value-view", "ff 00 fe")
	p.press("Publish to this topic")
	if eval[bool](p, `[...document.querySelectorAll('.publish-form label.check')].find((e) => e.textContent === 'Retain').querySelector('input').checked`) {
		t.Error("an empty payload is to be retained, which deletes the message that there is")
	}
}

// TestTwoPagesRememberWhatTheyPublish publishes from one page, and then from another one that was open already.
func TestTwoPagesRememberWhatTheyPublish(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address := startUI(t, b.URL(), "-t", "#")
	one, two := openUI(t, address, look{width: 1280}), openUI(t, address, look{width: 1280})
	for i, p := range []*tab{one, two} {
		p.shows(".head", "connected")
		p.press("Publish")
		p.write("Topic", fmt.Sprintf("from/%d", i))
		p.submit()
		p.shows(".result", "1 message published")
	}
	for _, p := range []*tab{one, two} {
		p.shows(".past-topic", "from/0")
		p.shows(".past-topic", "from/1")
	}
}

// TestARefusedReplayGoesOnAsItWas has a recording published to a connection that has ended, which is refused, and then plays it.
func TestARefusedReplayGoesOnAsItWas(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "--folder", day(t)), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Disconnect")
	p.shows(".head", "Connect again")
	p.openRecording("day.ndjson")
	p.shows(".head", "3 messages")
	p.seekTo(0.1)
	p.shows(".head", "1 message")
	p.choose("Publish to", b.URL())
	p.shows(".notice.bad", "has ended")
	await[bool](p, "that it is published nowhere", `[...document.querySelectorAll('.replay select')].some((e) => e.selectedOptions[0].text === 'nowhere else')`)
	p.choose("Speed", "as fast as it goes")
	p.play("Play")
	p.shows(".head", "3 messages")
}

// TestNumbersOutOfBoundsAreNotPublished publishes no times, and then as often as may not be.
func TestNumbersOutOfBoundsAreNotPublished(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.press("Publish")
	p.write("Topic", "bell")
	for _, times := range []string{"0", "10001"} {
		p.write("Times", times)
		p.submit()
		p.shows(".result.bad", "Times is a number from 1 to 10,000.")
	}
	p.write("Times", "2")
	p.write("Every (ms)", "0")
	p.submit()
	p.shows(".result", "2 messages published")
}
