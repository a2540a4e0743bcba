package browser_test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// catch gets hold of the page's WebSocket as it asks for something, so that it can be cut.
func (b *tab) catch(ask func()) {
	b.t.Helper()
	eval[bool](b, `(() => {
		const send = WebSocket.prototype.send;
		WebSocket.prototype.send = function (text) {
			WebSocket.prototype.send = send;
			window.caught = this;
			send.call(this, text);
		};
		return true;
	})()`)
	ask()
	await[bool](b, "what the page asks", `!!window.caught`)
}

// cut cuts the connection of the page to its server, and lets no other one come about before mend.
func (b *tab) cut() {
	b.t.Helper()
	eval[bool](b, `(() => {
		window.wires = window.WebSocket;
		window.WebSocket = class {
			static OPEN = 1;
			readyState = 0;
			constructor() { window.cut = this; }
		};
		window.caught.close();
		return true;
	})()`)
	b.shows(".gone", "does not answer")
}

// mend lets the page connect again.
func (b *tab) mend() {
	b.t.Helper()
	await[bool](b, "that the page tries again", `!!window.cut`)
	eval[bool](b, `(() => {
		window.WebSocket = window.wires;
		window.cut.onclose({code: 1006});
		return true;
	})()`)
	await[bool](b, "that the page is connected", `document.querySelector('.gone').hidden`)
}

// TestTheNewAddressCountsInTheSameTab starts dunlin ui anew at the same port, and opens the address that it prints then where the old one
// was open: only what is behind the # differs, for which browsers load no page.
func TestTheNewAddressCountsInTheSameTab(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	serve := "127.0.0.1:" + freePort(t)
	address, process := commandProcess(t, "ui", b.URL(), "-t", "#", "--serve", serve)
	p := openUI(t, address, look{width: 1280})
	p.shows(".head", "connected")
	if err := process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.shows(".gone", "open the address that it printed")
	until(t, "a free port", func() bool {
		c, err := net.Dial("tcp", serve)
		if err == nil {
			_ = c.Close() // it was only tried
		}
		return err != nil
	})
	again := startUI(t, b.URL(), "-t", "#", "--serve", serve)
	eval[int](p, fmt.Sprintf(`(location.href = %s, 1)`, quoted(again)))
	until(t, "the page of the new address", func() bool {
		there, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`!!document.querySelector('.gone')?.hidden && document.querySelector('.head').textContent.includes('connected')`))
		return err == nil && there // while a page is loaded there is none to ask
	})
	for _, problem := range p.found() { // the browser says of each refused attempt
		if !strings.Contains(problem, "WebSocket") && !strings.Contains(problem, "403") {
			t.Error(problem)
		}
	}
}

// TestWhatWasNotReadIsReadWhenThePageIsConnectedAgain turns to the changes of a message while the page has no connection.
func TestWhatWasNotReadIsReadWhenThePageIsConnectedAgain(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.catch(func() { p.row("door") })
	p.shows(".value-view", "on")
	p.cut()
	p.press("Changes")
	p.shows(".topic-body", "no connection to dunlin ui")
	p.mend()
	p.shows(".topic-body", "It is the first message")
}

// TestDevicesAreToldOfWhenThePageIsConnectedAgain has the page connect again while it shows the faults of a proxy.
func TestDevicesAreToldOfWhenThePageIsConnectedAgain(t *testing.T) {
	t.Parallel()
	p, port := openFaults(t)
	p.catch(func() { p.press("Apply") })
	p.cut()
	p.mend()
	publisher(t, "mqtt://127.0.0.1:"+port, mqtt.Config{ClientID: "pump-7"})
	p.shows(".fault-pane table", "pump-7")
}
