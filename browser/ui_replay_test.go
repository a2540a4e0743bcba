package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// aDay is a recording: a message of the pump each hour, and one of the door in the evening.
const aDay = `{"tst":"2026-05-01T12:00:00Z","topic":"day/pump","payload":"on"}
{"tst":"2026-05-01T13:00:00Z","topic":"day/pump","payload":"off"}
{"tst":"2026-05-01T16:00:00Z","topic":"day/door","payload":"shut"}
`

// openRecording opens a recording of the folder.
func (b *tab) openRecording(name string) {
	b.t.Helper()
	b.press("Connect to another broker")
	b.shows("dialog .file", name)
	b.do(chromedp.Click("dialog .file"))
	b.shows(".head .url", name)
}

// seekTo clicks a place of a recording, from 0 to 1.
func (b *tab) seekTo(place float64) {
	b.t.Helper()
	at := await[rect](b, "the place in the recording", `(() => {
		const r = document.querySelector('.replay input[type=range]').getBoundingClientRect();
		return {Left: r.left, Top: r.top, Width: r.width, Height: r.height};
	})()`)
	b.do(chromedp.MouseClickXY(at.Left+place*at.Width, at.Top+at.Height/2))
}

// plays waits until the button of a recording says what it does now.
func (b *tab) plays(what string) {
	b.t.Helper()
	await[bool](b, "the button of the recording", fmt.Sprintf(`document.querySelector('.replay button').ariaLabel === %s`, quoted(what)))
}

// play presses that button.
func (b *tab) play(what string) {
	b.t.Helper()
	b.plays(what)
	b.do(chromedp.Click(".replay button"))
}

// choose chooses in the list with this label.
func (b *tab) choose(label, choice string) {
	b.t.Helper()
	await[bool](b, choice+" in "+label, fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll('select')].find((e) => e.checkVisibility() && [e.getAttribute('aria-label'), e.labels[0]?.firstChild.textContent].includes(%s));
		const option = [...e?.options ?? []].find((o) => o.text.startsWith(%s));
		if (!option) return false;
		e.value = option.value;
		e.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`, quoted(label), quoted(choice)))
}

func day(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "day.ndjson"), []byte(aDay), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// openPump opens the page, and in it the recording of day and its topic of the pump.
func openPump(t *testing.T) *tab {
	t.Helper()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "--folder", day(t)), look{width: 1280})
	p.shows(".head", "connected")
	p.openRecording("day.ndjson")
	p.shows(".head", "3 messages")
	p.row("pump")
	p.shows(".value-view", "off")
	return p
}

// TestAPersonGoesThroughARecording goes back and forth in it, plays it, pauses, and changes the speed while it plays.
func TestAPersonGoesThroughARecording(t *testing.T) {
	t.Parallel()
	p := openPump(t)
	p.seekTo(0.1) // behind the first message
	p.shows(".head", "1 message")
	p.shows(".value-view", "on")
	p.shows(".topic-header .facts", "1 message")
	p.gone("door")
	p.choose("Speed", "0.1×") // the next one would be there after ten hours
	p.play("Play")
	p.shows(".head", "1 message")
	p.play("Pause")
	p.play("Play")
	p.choose("Speed", "as fast as it goes")
	p.shows(".head", "3 messages")
	p.shows(".tree-row .name", "door")
	p.row("door")
	p.shows(".value-view", "shut")
	p.plays("Play") // it stands still at the end

	p.seekTo(0.5) // before the door was there
	p.shows(".head", "2 messages")
	p.shows(".value-view", "no message of this topic up to here")
	p.shows(".topic-name", "door")
	p.seekTo(0.999)
	p.shows(".head", "3 messages")
	p.shows(".value-view", "shut")
}

// gone waits until no row of the tree has this name.
func (b *tab) gone(name string) {
	b.t.Helper()
	await[bool](b, "no row "+name, fmt.Sprintf(`![...document.querySelectorAll('.tree-row .name')].some((e) => e.checkVisibility() && e.textContent === %s)`, quoted(name)))
}

// TestARecordingIsReplayedIntoABroker plays from the start with a broker that gets the messages, and once more when its connection has ended.
func TestARecordingIsReplayedIntoABroker(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	got := make(chan string, 10)
	if _, err := publisher(t, b.URL(), mqtt.Config{}).Subscribe(t.Context(), mqtt.Subscription{Filter: "day/#", Handler: func(_ context.Context, m *mqtt.Received) {
		got <- m.Topic + " " + string(m.Payload)
	}}); err != nil {
		t.Fatal(err)
	}
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "--folder", day(t)), look{width: 1280})
	p.shows(".head", "connected")
	p.openRecording("day.ndjson")
	p.shows(".head", "3 messages")
	p.choose("Publish to", b.URL())
	p.choose("Speed", "as fast as it goes")
	p.play("Play")
	for _, want := range []string{"day/pump on", "day/pump off", "day/door shut"} {
		select {
		case one := <-got:
			if one != want {
				t.Fatalf("the broker got %q, want %q", one, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("the broker did not get %q", want)
		}
	}
	p.plays("Play") // it stands still at the end
	p.keys("[")
	p.press("Disconnect")
	p.shows(".head", "Connect again")
	p.keys("]")
	p.play("Play")
	p.shows(".head", "has ended; connect again")
	p.shows(".head", "1 message")
	p.press("Close")
	p.shows(".head .url", b.Addr())
	select {
	case one := <-got:
		t.Errorf("the broker got %q, too", one)
	default:
	}
}
