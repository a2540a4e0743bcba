package browser_test

import (
	"fmt"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// TestAPersonSeesTwoBrokersSideBySide has the trees of two brokers beside each other, and goes from one to the other by a key.
func TestAPersonSeesTwoBrokersSideBySide(t *testing.T) {
	t.Parallel()
	one, two := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	for i, b := range []*mosquitto.Broker{one, two} {
		send(t, publisher(t, b.URL(), mqtt.Config{}), mqtt.Message{Topic: fmt.Sprintf("house%d/door", i+1), Payload: []byte("shut"), QoS: 1, Retain: true})
	}
	p := openUI(t, startUI(t, one.URL(), two.URL(), "-t", "#"), look{width: 1280})
	p.shows(".tree-row .name", "house1")
	p.press("Show the tree of " + two.URL() + " beside")
	p.shows(".trees.several .tree-row .name", "house2")
	p.shows(".trees.several .tree-row .name", "house1")
	p.shows(".head .url", one.Addr())
	p.keys("]")
	p.shows(".head .url", two.Addr())
	p.row("house2")
	p.shows(".topic-name", "house2")
}

// TestAPersonConnectsToAnotherBroker connects from the page, and is told why where nobody answers.
func TestAPersonConnectsToAnotherBroker(t *testing.T) {
	t.Parallel()
	one, two := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	send(t, publisher(t, two.URL(), mqtt.Config{}), mqtt.Message{Topic: "cellar/pump", Payload: []byte("on"), QoS: 1, Retain: true})
	p := openUI(t, startUI(t, one.URL(), "-t", "#"), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Connect to another broker")
	p.write("Address", "ftp://nowhere")
	p.press("Connect")
	p.shows("dialog .problem", "ftp")
	p.write("Address", two.URL())
	p.press("Connect")
	p.shows(".head .url", two.Addr())
	p.shows(".tree-row .name", "pump")
}

// TestAClickCountsAsSoonAsTheRowIsThere clicks a row of a tree that was empty, in the frame that shows it.
func TestAClickCountsAsSoonAsTheRowIsThere(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := publisher(t, b.URL(), mqtt.Config{})
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	p.shows(".tree-grid.none", "")
	hit := make(chan string, 1)
	go func() {
		hit <- evaluatedAs[string](p, `new Promise((done) => {
			const look = () => {
				const name = [...document.querySelectorAll('.tree-row .name')].find((e) => e.checkVisibility() && e.textContent === 'door');
				if (!name) return requestAnimationFrame(look);
				const r = name.getBoundingClientRect(), e = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
				done(e.className);
			};
			look();
		})`)
	}()
	send(t, c, mqtt.Message{Topic: "home/door", Payload: []byte("shut"), QoS: 1, Retain: true})
	if got := <-hit; got != "name" {
		t.Errorf("a click on the row is one on %q", got)
	}
	p.row("door")
	p.shows(".topic-name", "home/door")
}
