package browser_test

import (
	"flag"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

var update = flag.Bool("update", false, "take the pictures of docs/ anew")

// scene is a viewer with something to see: a broker with topics, and a proxy of which a device was thrown out.
func scene(t *testing.T, l look) *tab {
	t.Helper()
	b := mosquitto.Start(t, mosquitto.Options{Config: []string{"sys_interval 1"}})
	c := publisher(t, b.URL(), mqtt.Config{Version: mqtt.V5})
	for i, room := range []string{"kitchen", "bath", "living room", "cellar"} {
		send(t, c, mqtt.Message{Topic: "home/" + room + "/light", Payload: []byte([]string{"on", "off"}[i%2]), QoS: 1, Retain: true})
		send(t, c, mqtt.Message{Topic: "home/" + room + "/climate", Payload: fmt.Appendf(nil, `{"temperature":%.1f,"humidity":%d}`, 19+float64(i)/2, 40+i), QoS: 1, Retain: true})
	}
	send(t, c, mqtt.Message{Topic: "meters/power", Payload: []byte("420"), QoS: 1, Retain: true})
	port := freePort(t)
	p := openUI(t, startUI(t, b.URL(), "-t", "#", "-t", "$SYS/#", "--listen", "127.0.0.1:"+port, "--to", b.Addr(), "--folder", t.TempDir()), l)
	p.shows(".connection", b.Addr())
	p.keys("]") // the proxy comes first
	p.shows(".head", "connected")
	device := "mqtt://127.0.0.1:" + port
	pump := publisher(t, device, mqtt.Config{ClientID: "pump-7"})
	send(t, pump, mqtt.Message{Topic: "pump/7/state", Payload: []byte(`{"running":true}`), QoS: 1})
	publisher(t, device, mqtt.Config{ClientID: "pump-7"}) // takes the identifier over
	pause := 2 * time.Millisecond                         // a chart needs times that differ
	if *update {
		pause = 60 * time.Millisecond
	}
	for i := range 90 {
		send(t, c, mqtt.Message{Topic: "home/kitchen/climate", QoS: 1, Retain: true, Payload: fmt.Appendf(nil, `{"temperature":%.1f,"humidity":%d,"window":{"open":%t}}`,
			21+2*math.Sin(float64(i)/9), 44+i/20, i > 60), Properties: &mqtt.Properties{ContentType: "application/json", UserProperties: []mqtt.UserProperty{{Name: "sensor", Value: "dht-22"}}}})
		<-time.After(pause)
	}
	return p
}

// climate looks at a topic with numbers.
func (b *tab) climate() {
	b.t.Helper()
	b.write("Search topics and values", "kitchen/climate")
	b.shows(".tree-status", "1 of ")
	b.row("climate")
	b.shows(".topic-name", "kitchen")
	b.write("Search topics and values", "home")
	b.keys(kb.Enter) // to the tree: what is typed now are keys of the page
}

// views are all that the page has, by the keys and the words that lead there.
func (b *tab) views() []view {
	dialog := func(open func()) func() {
		return func() {
			open()
			b.shows("dialog", "")
		}
	}
	return []view{
		{"value", func() { b.keys("1"); b.press("Value"); b.shows(".value-view", "temperature") }},
		{"changes", func() { b.press("Changes"); b.shows(".topic-body", "temperature") }},
		{"chart", func() { b.press("Chart"); b.shows(".topic-body", "temperature") }},
		{"properties", func() { b.press("Properties"); b.shows(".properties", "dht-22") }},
		{"publish", func() { b.keys("2"); b.shows(".publish-pane", "Payload") }},
		{"packets", func() {
			b.keys("3")
			await[bool](b, "a packet", `(() => { const e = [...document.querySelectorAll('.packet-row')].find((e) => e.checkVisibility() && e.querySelector('.type').textContent === 'PUBLISH'); e?.click(); return !!e; })()`)
			b.shows(".dissection", "Topic Name")
		}},
		{"broker", func() { b.keys("4"); b.shows(".broker-pane, .panel", "lients") }},
		{"why", func() { b.keys("]3"); b.shows(".end-card .why", "pump-7") }},
		{"faults", func() { b.keys("5"); b.shows(".fault-pane", "pump-7") }},
		{"connecting", dialog(func() { b.keys("["); b.press("Connect to another broker") })},
		{"keys", dialog(func() { b.closeDialog(); b.keys("?") })},
	}
}

type view struct {
	name string
	show func()
}

func (b *tab) closeDialog() {
	b.t.Helper()
	eval[int](b, `(document.querySelectorAll('dialog').forEach((d) => d.close()), 1)`)
}

// TestNoViewHasFaultsOfAccessibility runs axe-core in each, on screens wide and narrow, in light and dark.
func TestNoViewHasFaultsOfAccessibility(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	p := scene(t, look{width: 1280})
	eval[bool](p, string(axe)+"; true")
	p.climate()
	for _, v := range p.views() {
		t.Run(v.name, func(t *testing.T) {
			v.show()
			for _, l := range []look{{1280, false}, {1280, true}, {360, true}, {360, false}} {
				p.see(l)
				rules := `undefined` // all of them
				if wide := l.width == 1280; wide == l.dark {
					rules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}` // of the others none depends on the colors, and they have seen this width
				}
				found := evaluatedAs[[]string](p, `axe.run(document, {resultTypes: ['violations'], runOnly: `+rules+`}).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + v.help + ': ' + n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? ''))))`)
				for _, fault := range found {
					t.Errorf("%d wide, dark: %v: %s", l.width, l.dark, fault)
				}
				if wide := eval[int64](p, `document.scrollingElement.scrollWidth`); wide > l.width {
					t.Errorf("the page is %d wide on a screen of %d", wide, l.width)
				}
				if hidden := eval[string](p, `[...document.querySelectorAll('dialog[open]')].filter((d) => d.scrollWidth > d.clientWidth).map((d) => 'the dialog ' + d.innerText)
					.concat([...document.querySelectorAll('.head button')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth).map((e) => 'the button ' + e.innerText)).join()`); hidden != "" {
					t.Errorf("%d wide, dark: %v: a part is out of sight of %s", l.width, l.dark, hidden)
				}
				if keepsPictures() {
					p.screenshot(fmt.Sprintf("%s-%d-%t", v.name, l.width, l.dark))
				}
			}
			p.see(look{width: 1280})
		})
	}
}

// keepsPictures reports whether go test runs with -artifacts, for somebody who wants to look.
func keepsPictures() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// see has the page shown on another screen.
func (b *tab) see(l look) {
	b.t.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	b.emulate("screen", scheme)
	b.do(chromedp.EmulateViewport(l.width, 800))
	eval[int](b, `(document.getAnimations().forEach((a) => a.finish()), 1)`)
	evaluatedAs[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

func evaluatedAs[T any](b *tab, promise string) T {
	b.t.Helper()
	return value(b, chromedp.Evaluate[T](promise, chromedp.EvalAwaitPromise))
}

// TestPicturesOfTheDocumentation takes the pictures of docs/UI.md with -update, and otherwise looks whether they are there, small, and shown.
func TestPicturesOfTheDocumentation(t *testing.T) {
	if *update {
		takePictures(t)
	}
	page, err := os.ReadFile("../docs/UI.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ui-tree.png", "ui-packets.png", "ui-phone.png"} {
		path := filepath.Join("../docs", name)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }() // it was only read
		if info, err := f.Stat(); err != nil || info.Size() > 150_000 {
			t.Errorf("%s is not small: %v, %v", name, info, err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(string(page), "]("+name+")") {
			t.Errorf("docs/UI.md does not show %s", name)
		}
	}
}

func takePictures(t *testing.T) {
	t.Helper()
	p := scene(t, look{width: 1280})
	p.climate()
	views := map[string]func(){}
	for _, v := range p.views() {
		views[v.name] = v.show
	}
	keep := func(name string) {
		evaluatedAs[bool](p, `new Promise((done) => setTimeout(() => done(true), 1200))`) // until nothing blinks
		if err := os.WriteFile(filepath.Join("../docs", name), value(p, chromedp.FullScreenshot(100)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.do(chromedp.EmulateViewport(1120, 680))
	views["chart"]()
	keep("ui-tree.png")
	p.see(look{width: 360, dark: true})
	keep("ui-phone.png")
	p.see(look{width: 1120})
	p.do(chromedp.EmulateViewport(1120, 760))
	views["why"]()
	await[bool](p, "CONNECT", `(() => { const e = [...document.querySelectorAll('.packet-row')].find((e) => e.checkVisibility() && e.querySelector('.type').textContent === 'CONNECT'); e?.click(); return !!e; })()`)
	p.shows(".dissection", "Keep Alive")
	keep("ui-packets.png")
}
