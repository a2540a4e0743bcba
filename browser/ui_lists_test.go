package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestAShortMessageAfterAPartOfALongOne looks at the second part of a long payload when a short one comes.
func TestAShortMessageAfterAPartOfALongOne(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte(strings.Repeat("long ", 30_000)), QoS: 1})
	p.row("door")
	p.press("Next")
	p.shows(".further", "Part 2 of 3")
	p.keys(kb.Enter) // the button is still there
	p.shows(".further", "Part 3 of 3")
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte("short"), QoS: 1})
	p.shows(".value-view", "short")
}

// TestARecordingGoesBackBehindTheChosenMessage chooses the second message of a topic, and goes back to when there was but one.
func TestARecordingGoesBackBehindTheChosenMessage(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "--folder", day(t)), look{width: 1280})
	p.shows(".head", "connected")
	p.openRecording("day.ndjson")
	p.shows(".head", "3 messages")
	p.row("pump")
	p.shows(".value-view", "off")
	p.do(chromedp.Click(".history-row[data-number='2']"))
	p.shows(".which", "Message 2 ")
	p.seekTo(0.1)
	p.shows(".head", "1 message")
	p.shows(".value-view", "on")
}
