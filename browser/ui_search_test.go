package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// openHome opens the page of a broker that keeps a few messages, and shows all their topics.
func openHome(t *testing.T) (*tab, *mqtt.Client) {
	t.Helper()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := publisher(t, b.URL(), mqtt.Config{})
	for _, topic := range []string{"home/door", "home/lamp/one", "home/lamp/two", "zoo"} {
		send(t, c, mqtt.Message{Topic: topic, Payload: []byte("on"), QoS: 1, Retain: true})
	}
	p := openUI(t, startUI(t, b.URL(), "-t", "#"), look{width: 1280})
	for _, name := range []string{"door", "one", "two", "zoo"} {
		p.shows(".tree-row .name", name)
	}
	return p, c
}

// TestKeysTypedAheadOfASearchCountInWhatItFinds presses Enter, End and Enter before what was searched for can have been found.
func TestKeysTypedAheadOfASearchCountInWhatItFinds(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	p.write("Search topics and values", "lamp"+kb.Enter+kb.End+kb.Enter)
	p.shows(".topic-name", "home/lamp/two")
	p.shows(".tree-status", "2 of 4 topics found")
}

// TestRowsStayWhereTheSameIsAskedAgain asks for the order and the search that are there already, for which nothing new comes.
func TestRowsStayWhereTheSameIsAskedAgain(t *testing.T) {
	t.Parallel()
	p, _ := openHome(t)
	for _, again := range []struct {
		name string
		do   func()
	}{
		{"order", func() { p.do(chromedp.Click("[role=columnheader][aria-sort=ascending] button")) }},
		{"search", func() {
			p.write("Search topics and values", "  ")
			// The page searches a moment after a key; its timers end in the order in which they begin.
			evaluatedAs[bool](p, `new Promise((done) => setTimeout(() => done(true), 120))`)
			p.keys(kb.Enter) // to the rows
		}},
	} {
		again.do()
		p.keys(kb.Home) // has the rows drawn anew
		const coming = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.querySelectorAll('.tree-row.coming:not([hidden])').length))))`
		if n := evaluatedAs[int](p, coming); n != 0 {
			t.Errorf("the same %s: %d rows are shown as if they had not come yet", again.name, n)
		}
	}
}
