package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestAnotherDeletionIsPlannedMeanwhile closes the window of a deletion that goes on, and plans another one.
func TestAnotherDeletionIsPlannedMeanwhile(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_queued_messages 0"}})
	c := publisher(t, b.URL(), mqtt.Config{})
	for i := range 1500 { // more than are deleted in a second
		send(t, c, mqtt.Message{Topic: fmt.Sprintf("many/%d", i), Payload: []byte("on"), QoS: 1, Retain: true})
	}
	send(t, c, mqtt.Message{Topic: "alone", Payload: []byte("on"), QoS: 1, Retain: true})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.row("many")
	p.shows(".topic-name", "many")
	p.keys(kb.Delete)
	p.press("Delete 1,500 messages")
	p.shows("dialog", " of 1,500")
	p.keys(kb.Escape)
	p.row("alone")
	p.shows(".topic-name", "alone")
	p.keys(kb.Delete)
	p.shows("dialog", "1 retained message")
	until(t, "an end of the deletion", func() bool { return p.heard(`"what":"clear"`, `"ended":true`) })
	// Timers of a page end in the order of their times.
	evaluatedAs[bool](p, `new Promise((done) => setTimeout(() => done(true), 1600))`)
	p.press("Delete 1 message")
	p.shows("dialog", "1 retained message deleted")
}

// heard tells whether something came over the WebSocket that has all of this in it.
func (b *tab) heard(parts ...string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, frame := range b.frames {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(frame, part)
		}
		if all {
			return true
		}
	}
	return false
}

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

// TestAnotherPageTakesNoFocus has one page remember something else, and the same messages, while the other one goes through what it published.
func TestAnotherPageTakesNoFocus(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address := startUI(t, b.URL(), "-t", "#")
	one, two := openUI(t, address, look{width: 1280}), openUI(t, address, look{width: 1280})
	two.shows(".head", "connected")
	two.press("Publish")
	two.write("Topic", "bell")
	two.submit()
	two.shows(".past-topic", "bell")
	two.do(chromedp.Focus(".past-item"))
	for _, does := range []string{`localStorage.setItem('dunlin.other', '1')`, `localStorage.setItem('dunlin.published', localStorage.getItem('dunlin.published') + ' ')`, `localStorage.clear()`} {
		eval[bool](two, `(() => {
			window.told = false;
			addEventListener('storage', () => { window.told = true; }, {once: true}); // after the page's own
			return true;
		})()`)
		eval[int](one, "("+does+", 1)")
		await[bool](two, "that it is told", "window.told")
		if name := eval[string](two, `document.activeElement.className`); name != "past-item" {
			t.Errorf("after %s the focus is on %q", does, name)
		}
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

// TestNumbersOutOfBoundsAreNotPublished publishes no times, as often as may not be, and parts of a message.
func TestNumbersOutOfBoundsAreNotPublished(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.press("Publish")
	p.write("Topic", "bell")
	for _, times := range []string{"0", "10001", "1.5"} {
		p.write("Times", times)
		p.submit()
		p.shows(".result.bad", "Times is a whole number from 1 to 10,000.")
		p.write("Times", "2")
		p.write("Every (ms)", "0.5")
		p.submit()
		p.shows(".result.bad", "Every (ms) is a whole number from 0 to 3,600,000.")
	}
	p.write("Every (ms)", "0")
	p.submit()
	p.shows(".result", "2 messages published")
}

// TestADeviceThatIsGoneIsNotAllDevices chooses a device to be cut, which goes, and so many others after it that it is no longer among those
// that are remembered.
func TestADeviceThatIsGoneIsNotAllDevices(t *testing.T) {
	t.Parallel()
	p, port := openFaults(t)
	connect := func(id string) *mqtt.Client { return publisher(t, "mqtt://127.0.0.1:"+port, mqtt.Config{ClientID: id}) }
	chosen := connect("chosen")
	p.shows(".fault-pane table", "chosen")
	p.choose("Device", "chosen")
	leave := func(c *mqtt.Client) {
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	leave(chosen)
	connect("stays")
	for i := range 200 {
		leave(connect(fmt.Sprint("passing-", i)))
	}
	p.shows(".fault-pane table", "passing-199")
	await[bool](p, "that the chosen device is forgotten", `!document.querySelector('.fault-pane table').textContent.includes('chosen')`)
	p.press("Cut connections now")
	p.shows(".notice.bad", "is not connected; choose one that is")
}
