package browser_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/broker"
	"dunlin/mqtt"
)

// markup would run a script if it were taken for HTML.
const markup = `"'><img src=x onerror=hacked=1><script>hacked=1</script><svg onload=hacked=1><iframe srcdoc="<script>parent.hacked=1</script>"></iframe><a href="javascript:hacked=1">a</a><style>*{display:none}</style>`

// turning turns the direction of what stands behind it, if nothing keeps it in.
const turning = "\u202e\u2067\u2066\u200f\u061cgnp.exe\u202d"

// everyByte are all of them.
func everyByte() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// hostileMessage is a message, and what of it has to be seen on the page.
type hostileMessage struct {
	name  string
	topic string // behind the name and a slash
	mqtt.Message
	topicShown, valueShown, textShown, propertyShown string
}

func hostileMessages() []hostileMessage {
	user := func(name, value string) *mqtt.Properties {
		return &mqtt.Properties{UserProperties: []mqtt.UserProperty{{Name: name, Value: value}}}
	}
	long := strings.Repeat("x", 65535-len("longest/"))
	return []hostileMessage{
		{name: "payload-markup", Message: mqtt.Message{Payload: []byte(markup)}, valueShown: markup},
		{name: "payload-json", Message: mqtt.Message{Payload: fmt.Appendf(nil, `{%q:[%q],"__proto__":{"x":1},"constructor":1}`, markup, markup)}, valueShown: "<img src=x onerror=hacked=1>"},
		{name: "payload-turning", Message: mqtt.Message{Payload: []byte("a" + turning + "z")}, valueShown: "a⟨U+202E⟩⟨U+2067⟩"},
		{name: "payload-bytes", Message: mqtt.Message{Payload: everyByte()}, valueShown: "41 42 43"},
		{name: "payload-control", Message: mqtt.Message{Payload: []byte("a\x00\x1b[2J\x07\x7f\u0085\u2028z")}, valueShown: "61 00 1b", textShown: "a␀␛[2J␇␡⟨U+0085⟩⟨U+2028⟩z"},
		{name: "payload-surrogates", Message: mqtt.Message{Payload: []byte("a\xed\xa0\x80\xed\xb0\x80\xf4\x90\x80\x80\xc0\xaf\xffz")}, valueShown: "ed a0 80"},
		{name: "payload-surrogates-in-json", Message: mqtt.Message{Payload: []byte(`{"a":"\ud800","b":"\udc00\ud800","c":"\u0000"}`)}, valueShown: `"a"`},
		{name: "payload-svg", Message: mqtt.Message{Payload: []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="hacked=1"><script>hacked=1</script></svg>`)}, valueShown: "<svg xmlns="},
		{name: "payload-svg-named-png", Message: mqtt.Message{Payload: append([]byte("\x89PNG\r\n\x1a\n"), markup...), Properties: &mqtt.Properties{ContentType: "image/svg+xml"}}},
		{name: "payload-deep-json", Message: mqtt.Message{Payload: []byte(strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000))}, valueShown: "["},
		{name: "payload-no-spaces", Message: mqtt.Message{Payload: bytes.Repeat([]byte("W"), 100_000)}, valueShown: "WWWW"},
		{name: "payload-10-MB", Message: mqtt.Message{Payload: bytes.Repeat([]byte(markup+"\n"), 10<<20/(len(markup)+1))}, valueShown: "Part 1 of "},
		{name: "payload-combining", Message: mqtt.Message{Payload: []byte("a" + strings.Repeat("\u0301\u0489", 5000))}, valueShown: "a"},
		{name: "topic-markup", topic: strings.ReplaceAll(markup, "/", "\\"), topicShown: "<img src=x onerror=hacked=1><script>hacked=1"},
		{name: "topic-turning", topic: turning, topicShown: "⟨U+202E⟩⟨U+2067⟩"},
		{name: "topic-prototype", topic: "__proto__/constructor/toString", topicShown: "constructor"},
		{name: "topic-empty-levels", topic: strings.Repeat("/", 100), topicShown: "levels/////"},
		{name: "longest", topic: long, topicShown: "xxxxxxxx"},
		{name: "deepest", topic: strings.Repeat("d/", 30_000) + "end", topicShown: "d/d/d"},
		{name: "property-markup", Message: mqtt.Message{Properties: user(markup, markup)}, propertyShown: "<img src=x onerror=hacked=1>"},
		{name: "property-turning", Message: mqtt.Message{Properties: user(turning, turning)}, propertyShown: "⟨U+202E⟩"},
		{name: "property-type", Message: mqtt.Message{Properties: &mqtt.Properties{ContentType: "text/html" + markup, ResponseTopic: "javascript:hacked=1", CorrelationData: everyByte()}}, propertyShown: "javascript:hacked=1"},
		{name: "property-long", Message: mqtt.Message{Properties: user(strings.Repeat("n", 65535), strings.Repeat("v", 65535))}, propertyShown: "vvvvvvvv"},
	}
}

// above is a level that has others below it.
func (m *hostileMessage) above() string {
	if m.topic == "" {
		return ""
	}
	return m.name
}

// ownElements are those that the page is made of. Nothing else may be in it, whatever came.
const ownElements = `html head meta title link script body noscript header nav main section div span p h1 h2 h3 button input select option textarea label form
	ul li dl dt dd table thead tbody tr th td time pre code kbd bdi svg path canvas strong details summary progress img mark small`

// TestHostileMessagesChangeNothingButWhatTheyShow has the page show each in every way that it has.
func TestHostileMessagesChangeNothingButWhatTheyShow(t *testing.T) {
	t.Parallel()
	server, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(t.Context()) }) // the test is over
	c := publisher(t, server.URLs()[0], mqtt.Config{Version: mqtt.V5})
	p := openUI(t, startUI(t, server.URLs()[0], "-t", "#", "-V", "5"), look{width: 1280})
	p.shows(".head", "connected")
	before := p.layout()
	for _, m := range hostileMessages() {
		t.Run(m.name, func(t *testing.T) {
			p := p.of(t)
			m.Topic, m.QoS = m.name+"/"+m.topic, 1
			if m.topic == "" {
				m.Topic = m.name
			}
			send(t, c, m.Message)
			p.lookAtOnly(m.name, m.above())
			p.shows(".topic-name", m.topicShown)
			p.shows(".value-view", m.valueShown)
			p.harmless(before)
			p.readAs("text")
			p.shows(".value-view", m.textShown)
			p.harmless(before)
			p.readAs("")
			p.press("Properties")
			p.shows(".properties", m.propertyShown)
			p.harmless(before)
			p.press("Changes")
			p.harmless(before)
			p.keys("3") // the packets
			p.shows(".packet-row", "PUBLISH")
			p.harmless(before)
			p.keys("1")
			p.press("Value")
		})
	}
}

// of is the same page in a part of the test.
func (b *tab) of(t *testing.T) *tab {
	part := &tab{t: t, ctx: b.ctx}
	t.Cleanup(func() {
		for _, problem := range b.found() {
			t.Error(problem)
		}
	})
	return part
}

// readAs chooses what the payload is read as.
func (b *tab) readAs(form string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`(() => {
		const e = document.querySelector('select[aria-label="Read the payload as"]');
		e.value = %s;
		return e.dispatchEvent(new Event('change'));
	})()`, quoted(form)))
	if form != "" {
		await[bool](b, "the payload as "+form, fmt.Sprintf(`document.querySelector('.topic-pane').dataset.as === %s`, quoted(form)))
	}
}

// lookAtOnly has the tree show what is below a level, and looks at the last of it: all by the keyboard.
func (b *tab) lookAtOnly(name, rowAbove string) {
	b.t.Helper()
	b.write("Search topics and values", name)
	b.keys(kb.Enter)
	b.shows(".tree-status", "1 of ")
	await[bool](b, "the topic", fmt.Sprintf(`[...document.querySelectorAll('.tree-row .name')].some((e) => e.checkVisibility() && e.textContent === %s)`, quoted(name)))
	atEnd := fmt.Sprintf(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
		const grid = [...document.querySelectorAll('.tree-grid')].find((e) => e.checkVisibility()), active = grid.querySelector('.tree-row.active:not(.coming):not([hidden])');
		done(!!active?.checkVisibility() && Number(active.dataset.index) === grid.ariaRowCount - 2 && active.querySelector('.name').textContent !== %s);
	})))`, quoted(rowAbove))
	for reached := false; !reached; { // rows of a deep topic may still come; the context ends it
		b.keys(kb.End)
		reached = value(b, chromedp.Evaluate[bool](atEnd, chromedp.EvalAwaitPromise))
	}
	b.keys(kb.Enter)
	await[bool](b, "the topic that was chosen", `document.querySelector('.topic-name').textContent.startsWith(`+quoted(name)+`)`)
}

// layout is what has to stay where it is: the place of the page's parts.
func (b *tab) layout() string {
	b.t.Helper()
	return eval[string](b, `(() => {
		const place = (s) => { const r = document.querySelector(s).getBoundingClientRect(); return [s, r.left, r.width].map(String).join(' '); };
		return ['.top', '.head', '.work', '.trees', '.tree-grid', '.views'].map(place).join('\n') + '\n' + [document.scrollingElement.scrollWidth, document.scrollingElement.scrollHeight, scrollX, scrollY];
	})()`)
}

// harmless expects that nothing ran, that the page is made of its own elements alone, and that its parts are where they were.
func (b *tab) harmless(before string) {
	b.t.Helper()
	if eval[bool](b, `'hacked' in window || Object.prototype.x === 1`) {
		b.t.Error("what came ran")
	}
	foreign := eval[[]string](b, fmt.Sprintf(`(() => {
		const own = new Set(%s.split(/\s+/)), data = [...document.querySelectorAll('*')];
		return [
			...data.filter((e) => !own.has(e.localName)).map((e) => 'element ' + e.localName),
			...data.filter((e) => e.localName === 'script' && e.parentElement.localName !== 'head').map(() => 'script in the body'),
			...data.filter((e) => [...e.attributes].some((a) => /^on|^srcdoc$/.test(a.name) || /^(javascript|https?):/i.test(a.value))).map((e) => 'attribute of ' + e.localName),
			...data.filter((e) => e.localName === 'img' && !e.src.startsWith('blob:')).map(() => 'picture from elsewhere'),
			...(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069]/.test(document.body.textContent + [...data].flatMap((e) => [...e.attributes].map((a) => a.value)).join('')) ? ['a character that turns the text, or is not seen'] : []),
		];
	})()`, quoted(ownElements)))
	if len(foreign) > 0 {
		b.t.Errorf("the page has what came from a message: %v", foreign[:min(len(foreign), 10)])
	}
	if now := b.layout(); now != before {
		b.screenshot("layout")
		b.t.Errorf("the page's parts are elsewhere: before\n%s\nnow\n%s", before, now)
	}
	start := time.Now()
	eval[int](b, `1`)
	if took := time.Since(start); took > time.Minute {
		b.t.Errorf("the page is busy for %s", took)
	}
}
