package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// mouse presses or releases the button in the middle of an element, for the first or the second time in a row.
func (b *tab) mouse(kind input.DispatchMouseEventType, at rect, count int64) {
	b.t.Helper()
	value(b, func(ctx context.Context, page *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, page, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: kind, X: at.Left + at.Width/2, Y: at.Top + at.Height/2, Button: input.MouseButtonLeft, ClickCount: count,
		})
	})
}

// place is where the first element of these is that is in sight and has this text.
func (b *tab) place(selector, text string) rect {
	b.t.Helper()
	return await[rect](b, text+" in "+selector, fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%s)].find((e) => e.checkVisibility() && e.textContent === %s);
		if (!e) return undefined;
		const r = e.getBoundingClientRect();
		return {Left: r.left, Top: r.top, Width: r.width, Height: r.height};
	})()`, quoted(selector), quoted(text)))
}

// TestWhatIsPressedIsWhatCounts has rows move while the button of the mouse is down: other rows are there when it goes up.
func TestWhatIsPressedIsWhatCounts(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	at := p.place(".tree-row .name", "zoo")
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	send(t, c, mqtt.Message{Topic: "apple", Payload: []byte("red"), QoS: 1})
	p.shows(".tree-row .name", "apple")
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	p.shows(".topic-name", "zoo")

	at = p.place(".history-row .number", "1")
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	send(t, c, mqtt.Message{Topic: "zoo", Payload: []byte("off"), QoS: 1})
	p.shows(".history-row .number", "2")
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	p.shows(".which", "Message 1 ")

	p.press("Packets")
	p.shows(".packet-pane .status", "packets")
	const last = `[...document.querySelectorAll('.packet-row')].filter((e) => e.checkVisibility()).map((e) => Number(e.dataset.number)).sort((a, b) => a - b).at(-1)`
	number := await[int](p, "the last packet", last)
	at = p.place(".packet-row .number", fmt.Sprint(number))
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	send(t, c, mqtt.Message{Topic: "zoo", Payload: []byte("on"), QoS: 1})
	await[bool](p, "another packet", fmt.Sprintf(`Number(document.querySelector('.packet-pane .status').textContent.split(' ')[0]) > %d`, number))
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	p.shows(".dissection", fmt.Sprintf(" %d", number))
}

// TestAFoldIsPressedWhileMessagesCome folds JSON, of which another message comes while the button of the mouse is down.
func TestAFoldIsPressedWhileMessagesCome(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte(`{"a":{"b":1,"c":2}}`), QoS: 1})
	p.row("door")
	p.shows(".value-view", `"c": 2`)
	at := await[rect](p, "what folds", `(() => {
		const r = document.querySelectorAll('.value-view .line-fold .icon')[1]?.getBoundingClientRect();
		return r && {Left: r.left, Top: r.top, Width: r.width, Height: r.height};
	})()`)
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte(`{"a":{"b":1,"c":3}}`), QoS: 1})
	p.shows(".value-view", `"c": 3`)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	p.shows(".value-view", "… 2 lines")
}

// TestALongPayloadStaysWhereItIsScrolledTo walks through the lines of JSON by the keyboard, while another message comes.
func TestALongPayloadStaysWhereItIsScrolledTo(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	payload := func(first int) []byte {
		return fmt.Appendf(nil, `{"first":%d,"all":[%s0]}`, first, strings.Repeat("1,", 300))
	}
	send(t, c, mqtt.Message{Topic: "home/door", Payload: payload(1), QoS: 1})
	p.row("door")
	p.shows(".value-view", `"first": 1`)
	p.do(chromedp.Focus(".value-view .code"))
	p.keys(kb.End)
	p.shows(".value-view .line.active", "}")
	send(t, c, mqtt.Message{Topic: "home/door", Payload: payload(2), QoS: 1})
	p.shows(".which", "message 3")
	if eval[float64](p, `document.querySelector('.value-view .code').scrollTop`) == 0 {
		t.Error("the payload is scrolled to its start")
	}
	p.keys(kb.Home)
	p.shows(".value-view .line.active", "{")
	p.shows(".value-view", `"first": 2`)
}

// TestABranchThatIsPressedTwiceIsOpen presses it as one opens a folder: the second time when its rows are there.
func TestABranchThatIsPressedTwiceIsOpen(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	p.press("Close all branches")
	p.gone("door")
	at := p.place(".tree-row .name", "home")
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	p.shows(".tree-row .name", "door")
	p.mouse(input.DispatchMouseEventTypeMousePressed, at, 2)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 2)
	p.row("zoo") // whose answer comes after the branch would have been closed
	p.shows(".topic-name", "zoo")
	send(t, c, mqtt.Message{Topic: "home/window", Payload: []byte("shut"), QoS: 1})
	p.shows(".tree-row .name", "window")
}

// TestADoubleClickBesideTheRowsTurnsNoBranch presses twice on the head of the tree, and then below its rows, when a branch was pressed before.
func TestADoubleClickBesideTheRowsTurnsNoBranch(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	send(t, c, mqtt.Message{Topic: "home", Payload: []byte("on"), QoS: 1}) // a branch that is a topic, too, is turned by two presses
	p.shows(".tree-status", "5 topics")
	for i, beside := range []string{"document.querySelector('.tree-head [aria-sort=ascending] button')", "document.querySelector('.tree-grid')"} {
		p.row("home")
		p.shows(".topic-name", "home")
		at := await[rect](p, "a place beside the rows", fmt.Sprintf(`(() => {
			const r = %s.getBoundingClientRect();
			return {Left: r.left, Top: r.bottom - 12, Width: 20, Height: 8};
		})()`, beside))
		for _, count := range []int64{1, 2} {
			p.mouse(input.DispatchMouseEventTypeMousePressed, at, count)
			p.mouse(input.DispatchMouseEventTypeMouseReleased, at, count)
		}
		p.row("zoo") // whose answer comes after the branch would have been closed
		p.shows(".topic-name", "zoo")
		name := fmt.Sprint("window-", i)
		send(t, c, mqtt.Message{Topic: "home/" + name, Payload: []byte("shut"), QoS: 1})
		p.shows(".tree-row .name", name)
	}
}

// TestKeysTypedAheadOfABranchCountInIt opens a branch by a key, and goes on before its rows can have come.
func TestKeysTypedAheadOfABranchCountInIt(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.press("Close all branches")
	p.gone("door")
	p.keys("t" + kb.Home + kb.ArrowRight + kb.ArrowDown + kb.Enter)
	p.shows(".topic-name", "home/door")
}

// TestKeysTypedAheadOfARowCountInIt goes to the last row of many, opens it, looks at what is in it, and goes back to the first, before
// any of those rows can have come.
func TestKeysTypedAheadOfARowCountInIt(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	for i := range 300 {
		send(t, c, mqtt.Message{Topic: fmt.Sprintf("zz/%03d/state", i), Payload: []byte("on"), QoS: 1})
	}
	p.shows(".tree-status", "304 topics")
	p.keys("t" + kb.End + kb.ArrowRight + kb.End + kb.ArrowRight + kb.ArrowDown + kb.Enter + kb.Home)
	p.shows(".topic-name", "zz/299/state")
	await[bool](p, "the first row", `document.querySelector('.tree-row.active')?.dataset.index === '0'`)
}

// TestAClosedConnectionIsNotAskedFor closes a connection, and goes on at another one.
func TestAClosedConnectionIsNotAskedFor(t *testing.T) {
	t.Parallel()
	one, two := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	for _, b := range []*mosquitto.Broker{one, two} {
		send(t, publisher(t, b.URL(), mqtt.Config{}), mqtt.Message{Topic: "house/door", Payload: []byte("shut"), QoS: 1, Retain: true})
	}
	p := openUI(t, startUI(t, one.URL(), two.URL(), "-t", "#"), look{width: 1280})
	p.shows(".tree-row .name", "door")
	p.keys("]")
	p.shows(".head .url", two.Addr())
	p.shows(".tree-row .name", "door")
	p.press("Disconnect")
	p.shows(".head", "Connect again")
	p.press("Close")
	p.shows(".head .url", one.Addr())
	p.row("door") // whose answer comes after all that was asked before
	p.shows(".topic-name", "house/door")
	if text := eval[string](p, `document.querySelector('.notices').innerText`); text != "" {
		t.Errorf("the page says:\n%s", text)
	}
}

// TestDisconnectIsPressedTwice presses it once more when the answer has come, and the page does not show it yet: what came is not forgotten.
func TestDisconnectIsPressedTwice(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	eval[bool](p, `(() => {
		const button = [...document.querySelectorAll('.head button')].find((e) => e.textContent === 'Disconnect'), send = WebSocket.prototype.send;
		WebSocket.prototype.send = function (text) {
			WebSocket.prototype.send = send;
			const hear = this.onmessage, id = JSON.parse(text).id;
			this.onmessage = (event) => {
				hear(event);
				if (JSON.parse(event.data).id === id) button.click();
			};
			send.call(this, text);
		};
		button.click();
		return true;
	})()`)
	p.shows(".head", "Connect again")
	p.row("door")
	p.shows(".topic-name", "home/door")
	p.shows(".value-view", "on")
}

// TestFiltersAreTypedOneAfterTheOther subscribes, and types the next filter at once.
func TestFiltersAreTypedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.write("Filter to subscribe to", "other/#"+kb.Enter)
	p.shows(".chip", "other/#")
	await[bool](p, "an empty field", `document.querySelector('.adder input').value === ''`)
	p.keys("third/#" + kb.Enter)
	p.shows(".chip", "third/#")
}

// TestTheKeyPausesWhatIsShown presses it in the packet log: the topic, which is out of sight, goes on.
func TestTheKeyPausesWhatIsShown(t *testing.T) {
	t.Parallel()
	p, c := openHome(t)
	p.row("door")
	p.shows(".which", "Latest: message 1")
	p.press("Packets")
	await[bool](p, "that packets are followed", `document.querySelector('[aria-label^="Follow the latest packets"]').ariaPressed === 'true'`)
	p.keys(".")
	await[bool](p, "that packets are not followed", `document.querySelector('[aria-label^="Follow the latest packets"]').ariaPressed === 'false'`)
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte("off"), QoS: 1})
	p.keys("1")
	p.shows(".which", "Latest: message 2")
}

// TestABranchOpensWhereThereIsLittleRoom goes down to a topic on a telephone, where a topic that is shown takes the tree away.
func TestABranchOpensWhereThereIsLittleRoom(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.press("Close all branches")
	p.gone("door")
	p.see(look{width: 360})
	p.press("Topics")
	for _, step := range []string{"home", "lamp", "two"} {
		at := p.place(".tree-row .name", step)
		p.mouse(input.DispatchMouseEventTypeMousePressed, at, 1)
		p.mouse(input.DispatchMouseEventTypeMouseReleased, at, 1)
	}
	p.shows(".topic-name", "home/lamp/two")
}
