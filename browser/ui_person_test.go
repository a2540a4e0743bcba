package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestAPersonLooksAtATopic opens the tree by the keyboard, searches, and looks at a topic: its value, what has changed, and its chart.
func TestAPersonLooksAtATopic(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := publisher(t, b.URL(), mqtt.Config{})
	for room := range 120 { // more than are opened by themselves
		send(t, c, mqtt.Message{Topic: fmt.Sprintf("home/room%d/light", room), Payload: []byte("off"), QoS: 1, Retain: true})
	}
	p := openUI(t, startUI(t, b.URL(), "-t", "home/#"), look{width: 1280})
	p.shows(".tree-row", "home")
	p.shows(".tree-status", "120 topics")
	for i := range 5 {
		send(t, c, mqtt.Message{Topic: "home/room7/climate", Payload: fmt.Appendf(nil, `{"temperature":%d,"state":"ok"}`, 20+i), QoS: 1})
	}
	p.keys("t") // to the tree
	p.keys(kb.ArrowDown + kb.ArrowRight)
	p.shows(".tree-row", "room7")
	p.write("Search topics and values", "climate")
	p.shows(".tree-status", "1 of 121 topics found")
	p.row("climate")
	p.shows(".topic-name", "home/room7/climate")
	p.shows(".value-view, .topic-body", "24")
	p.press("Changes")
	p.shows(".topic-body", "23")
	p.press("Chart")
	await[bool](p, "a line in the chart", `(() => {
		const canvas = document.querySelector('.topic-body canvas');
		const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
		const colors = new Set();
		for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) colors.add(pixels[i] >> 4 << 8 | pixels[i + 1] >> 4 << 4 | pixels[i + 2] >> 4);
		return colors.size > 3;
	})()`)
}

// TestAPersonReadsBytesAsWhatTheyMayBe looks at a payload that nothing names, which is shown as bytes until the person says otherwise.
func TestAPersonReadsBytesAsWhatTheyMayBe(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := publisher(t, b.URL(), mqtt.Config{})
	send(t, c, mqtt.Message{Topic: "packed", Payload: []byte("\x81\xabtemperature\x15"), QoS: 1, Retain: true})
	send(t, c, mqtt.Message{Topic: "short", Payload: []byte("\xa1\x6btemperature\x15"), QoS: 1, Retain: true})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.row("packed")
	p.shows(".value-view", "81 ab 74 65")
	p.press("Read as MessagePack")
	p.shows(".value-view", `"temperature": 21`)
	await[bool](p, "no other offer", `document.querySelector('.offers').childElementCount === 0`)
	p.write("Search topics and values", "short")
	p.row("short")
	p.shows(".problem", "MessagePack") // as it was said; bytes again
	eval[int](p, `(() => { const s = document.querySelector('[aria-label="Read the payload as"]'); s.value = ''; s.dispatchEvent(new Event('change')); return 1; })()`)
	p.shows(".offers", "Read as CBOR")
	p.see(look{width: 360})
	p.keys("1")
	p.screenshot("offer-360")
	p.press("Read as CBOR")
	p.shows(".value-view", `"temperature": 21`)
}

// TestAPersonPublishes publishes a message and sees it come, and deletes retained ones after the dry run.
func TestAPersonPublishes(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Publish")
	p.write("Topic", "home/door")
	p.write("Payload", `{"open":false}`)
	p.shows(".judgement", "JSON")
	p.press("Retain")
	await[bool](p, "the button that publishes", `!document.querySelector('.publish-form button[type=submit]').disabled`)
	p.do(chromedp.Click(".publish-form button[type=submit]"))
	p.shows(".result", "1 message published")
	p.shows(".past", "home/door")
	p.shows(".tree-row", "door")
	await[bool](p, "the mark of what is retained", `[...document.querySelectorAll('.tree-row')].some((e) => e.querySelector('.name').textContent === 'door' && e.querySelector('.retained').checkVisibility())`)
	p.row("door")
	p.press("Topic") // where one publishes, a topic that is chosen does not take the form away
	p.shows(".topic-pane", "home/door")
	p.keys("t" + kb.Delete)
	p.shows("dialog", "1 retained message")
	p.shows("dialog .plan", "home/door")
	if got := retained(t, b.URL()); got != 1 {
		t.Fatalf("after the dry run %d messages are retained", got)
	}
	p.press("Delete 1 message")
	p.shows("dialog", "deleted")
	if got := retained(t, b.URL()); got != 0 {
		t.Errorf("%d messages are still retained", got)
	}
}

// retained counts the messages that a broker keeps below home.
func retained(t *testing.T, broker string) int {
	t.Helper()
	n := make(chan int, 1)
	n <- 0
	c := publisher(t, broker, mqtt.Config{})
	if _, err := c.Subscribe(t.Context(), mqtt.Subscription{Filter: "home/#", Handler: func(context.Context, *mqtt.Received) { n <- <-n + 1 }}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ping(t.Context()); err != nil { // Mosquitto sends what it keeps before it answers what comes behind
		t.Fatal(err)
	}
	return <-n
}

// TestAPersonReadsWhyADeviceWasThrownOut follows a device through the proxy: another client takes its identifier.
func TestAPersonReadsWhyADeviceWasThrownOut(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	port := freePort(t)
	_, broker, _ := strings.Cut(b.URL(), "://")
	p := openUI(t, startUI(t, "--listen", "127.0.0.1:"+port, "--to", broker), look{width: 1280})
	device := publisher(t, "mqtt://127.0.0.1:"+port, mqtt.Config{ClientID: "pump-7"})
	send(t, device, mqtt.Message{Topic: "pump/7", Payload: []byte("on"), QoS: 1})
	p.shows(".tree-row", "pump")
	p.press("Packets")
	p.shows(".packet-row", "pump-7")
	p.shows(".packet-row", "PUBLISH")
	publisher(t, "mqtt://127.0.0.1:"+port, mqtt.Config{ClientID: "pump-7"})
	p.shows(".end-card summary", "The cause is the client")
	p.shows(".end-card .why", `Another connection came with the same client identifier "pump-7"`)
	p.shows(".end-card .hint", "Give each client an identifier of its own")
	await[bool](p, "a packet to look at", `(() => { const e = [...document.querySelectorAll('.packet-row')].find((e) => e.textContent.includes('CONNECT') && !e.textContent.includes('CONNACK') && !e.textContent.includes('DISCONNECT')); if (!e) return false; e.click(); return true; })()`)
	p.shows(".dissection", "Keep Alive")
	p.shows(".dissection", "pump-7")
}

// openFaults opens the page of a proxy, which listens on the port, and shows the faults that it can make.
func openFaults(t *testing.T) (p *tab, port string) {
	t.Helper()
	b := mosquitto.Start(t, mosquitto.Options{})
	port = freePort(t)
	p = openUI(t, startUI(t, "--listen", "127.0.0.1:"+port, "--to", b.Addr()), look{width: 1280})
	p.shows(".head", "proxy")
	p.press("Faults")
	return p, port
}

// TestAPersonHasTheProxyDropPackets asks for faults, of which the types are those of what is dropped alone, and reads what is done.
func TestAPersonHasTheProxyDropPackets(t *testing.T) {
	t.Parallel()
	p, port := openFaults(t)
	p.write("Delay", "2")
	p.write("Drop (%)", "100")
	p.write("Drop only", "suback")
	p.press("Apply")
	p.shows(".fault-pane", "delays by 2 ms, drops 100 % of SUBACK.")
	device := publisher(t, "mqtt://127.0.0.1:"+port, mqtt.Config{ClientID: "pump"})
	send(t, device, mqtt.Message{Topic: "pump/state", Payload: []byte("on"), QoS: 1}) // its acknowledgement is not dropped
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := device.Subscribe(ctx, mqtt.Subscription{Filter: "a"}); done <- err }()
	p.press("Packets")
	p.shows(".packet-row", "SUBSCRIBE")
	p.shows(".packet-row", "not passed on by the proxy")
	cancel()
	if err := <-done; err == nil {
		t.Error("the device was told of its subscription")
	}
}

// TestAPersonRecordsAndReplays records, opens the recording, and goes to its beginning.
func TestAPersonRecordsAndReplays(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := publisher(t, b.URL(), mqtt.Config{})
	p := openUI(t, startUI(t, b.URL(), "-t", "day/#", "--folder", t.TempDir()), look{width: 1280})
	p.shows(".head", "connected")
	await[bool](p, "that it is subscribed", `document.querySelector('.head').textContent.includes('day/#')`)
	send(t, c, mqtt.Message{Topic: "day/first", Payload: []byte("0"), QoS: 1, Retain: true})
	p.shows(".tree-row", "first")
	p.press("Record")
	p.shows(".head", "Stop recording")
	for i := range 3 {
		send(t, c, mqtt.Message{Topic: "day/count", Payload: fmt.Append(nil, i), QoS: 1})
	}
	p.shows(".tree-row", "count")
	await[bool](p, "all four", `document.querySelector('.head').textContent.includes('4 messages')`)
	p.press("Stop recording")
	p.press("Connect to another broker")
	p.shows("dialog .file", ".ndjson.gz")
	await[bool](p, "the file", `(() => { const e = document.querySelector('dialog .file'); if (!e) return false; e.click(); return true; })()`)
	p.press("Play")
	p.shows(".head", "3 messages")
	p.row("count")
	p.shows(".topic-name", "day/count")
	p.shows(".history", "2")
}

// TestAPersonMayOnlyLook has nothing to press that would change something.
func TestAPersonMayOnlyLook(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	p := openUI(t, startUI(t, b.URL(), "--read-only"), look{width: 1280})
	p.shows(".head", "connected")
	p.shows("header, .top, body", "read-only")
	p.keys("t") // where Delete would be a key of the tree
	p.keys(kb.Delete)
	if n := eval[int](p, `[...document.querySelectorAll('button')].filter((e) => e.checkVisibility() && !e.disabled && /^(Publish|Record|Disconnect|Subscribe|Delete)$/.test(e.textContent.trim()) ).length`); n != 0 {
		t.Errorf("%d buttons would change something", n)
	}
}
