package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"dunlin/mqtt"
)

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
