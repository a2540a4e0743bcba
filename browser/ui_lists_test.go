package browser_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestABranchHasNoChart looks at the chart of a topic, and then at the branch above it, to which no message came.
func TestABranchHasNoChart(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	for i := range 3 {
		send(t, c, mqtt.Message{Topic: "home/warm", Payload: fmt.Append(nil, 20+i), QoS: 1})
	}
	p.row("warm")
	p.press("Chart")
	p.shows(".figures", "greatest 22")
	p.row("home")
	await[bool](p, "the branch", `document.querySelector('.topic-name').textContent === 'home'`)
	if text := eval[string](p, `document.querySelector('.chart-panel').innerText`); strings.Contains(text, "22") {
		t.Errorf("the chart of the branch shows:\n%s", text)
	}
	p.shows(".chart-panel", "No message came to this level itself")
}

// TestThePacketLogStaysAsItIs has a search and a chosen packet still there when a person comes back to it.
func TestThePacketLogStaysAsItIs(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	p.press("Packets")
	p.write("Search in packets", "home/lamp/two")
	await[bool](p, "one packet", `[...document.querySelectorAll('.packet-row')].filter((e) => e.checkVisibility()).length === 1`)
	eval[int](p, `([...document.querySelectorAll('.packet-row')].find((e) => e.checkVisibility()).click(), 1)`)
	p.shows(".dissection", "Topic Name")
	p.press("Topic")
	send(t, c, mqtt.Message{Topic: "home/lamp/two", Payload: []byte("off"), QoS: 1})
	p.press("Packets")
	p.shows(".dissection", "Topic Name")
	await[bool](p, "the packets", `[...document.querySelectorAll('.packet-row')].some((e) => e.checkVisibility())`)
	if text := eval[string](p, `document.querySelector('.packet-pane .search').value`); text != "home/lamp/two" {
		t.Errorf("the search is for %q", text)
	}
}

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
	p := openPump(t)
	p.do(chromedp.Click(".history-row[data-number='2']"))
	p.shows(".which", "Message 2 ")
	p.seekTo(0.1)
	p.shows(".head", "1 message")
	p.shows(".value-view", "on")
}

// firstRow is the number of the first message in sight.
const firstRow = `(() => {
	const list = document.querySelector('.history').getBoundingClientRect();
	const rows = [...document.querySelectorAll('.history-row')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().top >= list.top);
	return Math.max(...rows.map((e) => Number(e.dataset.number)));
})()`

// TestALongHistoryStaysWhereItIsScrolledTo has more messages than a browser scrolls to the pixel, looks at one in the middle, and has others
// come little by little: what is rounded must not add up.
func TestALongHistoryStaysWhereItIsScrolledTo(t *testing.T) {
	t.Parallel()
	const many, more = 400_000, 1000
	var lines bytes.Buffer
	for i := range many + more {
		at := max(0, i-many+200) * 5 // milliseconds: a second after the first ones come others, 200 in a second
		if i < many {
			at = 0
		}
		_, _ = fmt.Fprintf(&lines, `{"tst":"2026-05-01T12:00:%02d.%03dZ","topic":"long","payload":"1"}`+"\n", at/1000, at%1000) // a buffer takes all
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "long.ndjson"), lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "--folder", folder), look{width: 1280})
	p.openRecording("long.ndjson")
	p.shows(".head", "401,000 messages")
	p.plays("Play")
	p.seekTo(0.1)
	p.shows(".head", "400,000 messages")
	p.row("long")
	p.shows(".which", "message 400,000")
	eval[int](p, `(document.querySelector('.history').scrollTop = 4e6, 1)`)
	before := await[int](p, "a row in the middle", fmt.Sprintf(`(() => { const n = %s; return n > 0 && n < 300000 && n; })()`, firstRow))
	top := fmt.Sprintf(`document.querySelector(".history-row[data-number='%d']").getBoundingClientRect().top`, before)
	was := eval[float64](p, top)
	p.choose("Speed", "1×")
	p.play("Play")
	p.shows(".which", "message 401,000")
	evaluatedAs[bool](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	if is := await[float64](p, "the row in the middle", top); math.Abs(is-was) > 1 { // what is drawn is rounded once
		t.Errorf("message %d is %.2f pixels from where it was", before, is-was)
	}
}

// TestAHistoryOutOfSightStaysWhereItIsScrolledTo looks at an older message, and at packets while others come.
func TestAHistoryOutOfSightStaysWhereItIsScrolledTo(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	for range 100 {
		send(t, c, mqtt.Message{Topic: "zoo", Payload: []byte("on"), QoS: 1})
	}
	p.row("zoo")
	p.shows(".which", "message 101")
	eval[int](p, `(document.querySelector('.history').scrollTop = 24 * 40, 1)`)
	before := await[int](p, "a row in the middle", fmt.Sprintf(`(() => { const n = %s; return n > 0 && n < 70 && n; })()`, firstRow))
	p.press("Packets")
	for range 10 {
		send(t, c, mqtt.Message{Topic: "zoo", Payload: []byte("off"), QoS: 1})
	}
	p.shows(".tree-row .value", "off")
	await[bool](p, "all messages", `document.querySelector('.head').textContent.includes('114 messages')`)
	p.press("Topic")
	p.shows(".which", "message 111")
	await[bool](p, "the row in the middle", fmt.Sprintf("%s === %d", firstRow, before))
}

// TestTheTreeIsSortedByTheKeyboard goes from the rows to their head.
func TestTheTreeIsSortedByTheKeyboard(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.keys("t" + kb.Tab + kb.Tab + kb.Enter)
	await[bool](p, "that the tree is sorted by messages", `document.querySelector('[role=columnheader][aria-sort=descending]')?.textContent === 'Messages'`)
	if text := eval[string](p, `document.querySelector('.topic-name').textContent`); text != "" {
		t.Errorf("the key shows the topic %q, too", text)
	}
}

// TestWhatCameAfterAnOlderPacketIsSeen goes to the packet that shows why the connection ended, and from there to the last one of many.
func TestWhatCameAfterAnOlderPacketIsSeen(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.shows(".head", "connected")
	b.Kill()
	p.shows(".detail", "trying again")
	b.Restart()
	await[bool](p, "that it is connected again", `document.querySelector('.detail').hidden`)
	c := publisher(t, b.URL(), mqtt.Config{})
	for range 1000 {
		send(t, c, mqtt.Message{Topic: "many", Payload: []byte("on"), QoS: 1})
	}
	p.shows(".head", "1,000 messages")
	p.press("Packets")
	await[bool](p, "the packets", `[...document.querySelectorAll('.packet-row')].some((e) => Number(e.dataset.number) > 1000)`)
	eval[int](p, `(document.querySelector('.end-card .shows .link').click(), 1)`)
	await[bool](p, "the packet that shows it", `Number(document.querySelector('.packet-list').getAttribute('aria-activedescendant').slice('packet-'.length)) < 10`)
	p.goesToTheLastPacket(1000)
}

// goesToTheLastPacket has the key go to the end of the packet log until a packet is chosen that came after so many.
func (b *tab) goesToTheLastPacket(after int) {
	b.t.Helper()
	b.do(chromedp.Focus(".packet-list"))
	until(b.t, "the last packet", func() bool {
		b.keys(kb.End)
		return eval[bool](b, fmt.Sprintf(`Number(document.querySelector('.packet-list').getAttribute('aria-activedescendant').slice('packet-'.length)) > %d`, after))
	})
}

// TestThePacketsAfterAPauseAreSeen pauses the packet log when it has fewer packets than there is room for, and goes to the last one of many
// that came since.
func TestThePacketsAfterAPauseAreSeen(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	p.press("Packets")
	await[bool](p, "the packets", `[...document.querySelectorAll('.packet-row')].some((e) => e.checkVisibility())`)
	p.keys(".")
	await[bool](p, "that packets are not followed", `document.querySelector('[aria-label^="Follow the latest packets"]').ariaPressed === 'false'`)
	for range 1000 {
		send(t, c, mqtt.Message{Topic: "many", Payload: []byte("on"), QoS: 1})
	}
	p.shows(".head", "1,004 messages")
	p.goesToTheLastPacket(1000)
}
