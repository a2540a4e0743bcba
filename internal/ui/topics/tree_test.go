package topics

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// A branch counts what came to it and below it.
func TestBranchesCountWhatCameBelowThem(t *testing.T) {
	tree := NewStore(0).NewTree()
	add(tree, "a/b/c", "1")
	add(tree, "a/b", "2")
	add(tree, "a/b/c", "3")
	add(tree, "a/d", "4")
	v := tree.NewView()
	v.See(protocol.See{Count: 10})
	v.Open(protocol.Open{Open: true})
	rows, _ := v.Rows(start)
	var got []string
	for _, r := range rows.Rows {
		got = append(got, fmt.Sprintf("%d %s below=%d messages=%d topic=%v value=%s", r.Depth, r.Name, r.Below, r.Messages, r.Topic, r.Value))
	}
	want := []string{
		"0 a below=3 messages=4 topic=false value=",
		"1 b below=1 messages=3 topic=true value=2",
		"2 c below=0 messages=2 topic=true value=3",
		"1 d below=0 messages=1 topic=true value=4",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	node := tree.Node("a/b/c")
	shown, err := tree.Topic(node, start)
	if err != nil || len(shown.Path) != 3 || shown.Path[2] != (protocol.Step{Node: node, Name: "c"}) || shown.Path[0].Name != "a" || shown.Path[1].Node != tree.Node("a/b") {
		t.Errorf("%+v, %v", shown, err)
	}
	branch, err := tree.Topic(tree.Node("a"), start)
	if err != nil || branch.Topic != "a" || branch.Messages != 0 || branch.Latest == nil {
		t.Errorf("%+v, %v", branch, err)
	}
}

// RETAIN says what the server keeps. A message without it says nothing.
func TestRetainedMarkFollowsTheRetainFlag(t *testing.T) {
	tree := NewStore(0).NewTree()
	retained := func(payload string, retain bool) bool {
		tree.Add(&mqtt.Received{Topic: "a/b", Payload: []byte(payload), Retain: retain}, start)
		shown, _ := tree.Topic(tree.Node("a/b"), start)
		return shown.Retained
	}
	for i, step := range []struct {
		payload      string
		retain, want bool
	}{
		{"live", false, false}, {"kept", true, true}, {"live", false, true}, {"", false, true}, {"", true, false}, {"live", false, false}, {"kept", true, true},
	} {
		if got := retained(step.payload, step.retain); got != step.want {
			t.Errorf("step %d: retained %v", i, got)
		}
	}
	add(tree, "a", "not kept")
	if names := tree.Retained(tree.Node("a")); len(names) != 1 || names[0] != "a/b" {
		t.Errorf("%q", names)
	}
	before := tree.Version(tree.Node("a/b"))
	tree.Cleared("a/b")
	if names := tree.Retained(0); len(names) != 0 || tree.Version(tree.Node("a/b")) == before {
		t.Errorf("%q", names)
	}
}

// Topics of any form find their place, and cost no more than their length.
func TestHostileTopicsFindTheirPlace(t *testing.T) {
	var all []string
	for c := range rune(0x300) {
		if c != 0 && c != '+' && c != '#' { // no topic has them
			all = append(all, string(c))
		}
	}
	names := append(all,
		strings.Repeat("/", 65535), strings.Repeat("a/", 32767)+"b", strings.Repeat("x", 65535), "//", "a//b", "/a", "a/", "$SYS",
		"<script>alert(1)</script>", "\u202e/\u2066", "\ufeff", "\U0010ffff", strings.Join(all, "/"), strings.Join(all, ""))
	store := NewStore(4 << 20)
	tree := store.NewTree()
	for i, name := range names {
		add(tree, name, fmt.Sprint(i))
	}
	for i, name := range names {
		shown, err := tree.Topic(tree.Node(name), start)
		if err != nil || shown.Topic != name || len(shown.Latest) != 1 || shown.Latest[0].Value != fmt.Sprint(i) || len(shown.Path) > maxDepth {
			t.Fatalf("topic %d: %d bytes, %+v, %v", i, len(shown.Topic), shown.Latest, err)
		}
		for _, step := range shown.Path {
			if len([]rune(step.Name)) > 200 {
				t.Fatalf("a step has %d bytes", len(step.Name))
			}
		}
	}
	v := tree.NewView()
	v.Open(protocol.Open{Open: true})
	v.See(protocol.See{Count: 500, Search: "//"})
	rows, _ := v.Rows(start)
	if want := 4; rows.Found != want { // "/…", "//", "a//b", and all characters with a slash among them
		t.Errorf("found %d, not %d", rows.Found, want)
	}
}

// A tree that is full counts what has no place.
func TestFullTreeCountsWhatHasNoPlace(t *testing.T) {
	tree := NewStore(0).NewTree()
	long := strings.Repeat("x", 60_000)
	for i := range 1200 {
		add(tree, fmt.Sprintf("%d/%s", i, long), "1")
	}
	add(tree, "0/"+long, "2") // one that has a place
	got := tree.Figures(start)
	if got.Messages != 1201 || got.Unplaced == 0 || got.Unplaced != int64(1200-got.Topics) || got.Bytes != 1201 {
		t.Errorf("%+v", got)
	}
	if got.Forgotten < got.Unplaced {
		t.Errorf("%+v: what has no place is not counted as forgotten", got)
	}
	if tree.names > maxNames {
		t.Errorf("%d bytes of names", tree.names)
	}
}

// A steady flow has its rate, from the first second on, and what stopped has none.
func TestRateIsThatOfASteadyFlow(t *testing.T) {
	tree := NewStore(0).NewTree()
	at := start
	for range 100 * 60 {
		at = at.Add(10 * time.Millisecond)
		tree.Add(&mqtt.Received{Topic: "a/b"}, at)
		if passed := at.Sub(start); passed < 2*time.Second {
			continue
		}
		if got := tree.Figures(at).Rate; got < 90 || got > 112 {
			t.Fatalf("%v a second after %v, not 100", got, at.Sub(start))
		}
	}
	shown, _ := tree.Topic(tree.Node("a/b"), at)
	if shown.Rate < 90 || shown.Rate > 112 {
		t.Errorf("%v a second", shown.Rate)
	}
	if got := tree.Figures(at.Add(time.Minute)).Rate; got != 0 {
		t.Errorf("%v a second after a minute of silence", got)
	}
	if got := tree.Figures(at.Add(5 * time.Second)).Rate; got < 20 || got > 60 {
		t.Errorf("%v a second after five seconds of silence", got)
	}
}

func TestRatesAreRounded(t *testing.T) {
	for x, want := range map[float64]float64{0.04: 0, 0.123: 0.12, 1.26: 1.3, 9.99: 10, 12.34: 12.3, 123.4: 123, 20049: 20000} {
		if got := rounded(x); got != want {
			t.Errorf("%v becomes %v, not %v", x, got, want)
		}
	}
}

// A closed tree is empty, takes nothing, and its room is used again.
func TestClosedTreeIsEmpty(t *testing.T) {
	store := NewStore(64 << 10)
	tree, other := store.NewTree(), store.NewTree()
	v := tree.NewView()
	v.See(protocol.See{Count: 10})
	for i := range 1000 {
		add(tree, fmt.Sprintf("a/%d", i), "1")
	}
	v.Open(protocol.Open{Open: true})
	v.Rows(start)
	tree.Close()
	tree.Close()
	add(tree, "a", "2")
	for i := range 10_000 {
		add(other, "b", fmt.Sprint(i))
	}
	if rows, changed := v.Rows(start); !changed || len(rows.Rows) != 0 || rows.Total != 0 {
		t.Errorf("%+v", rows)
	}
	if got := tree.Figures(start); got.Messages != 0 || got.Topics != 0 || got.Forgotten != 0 {
		t.Errorf("%+v", got)
	}
	if store.log.kept != 0 || store.log.held > store.log.limit {
		t.Errorf("%d bytes are kept, %d held", store.log.kept, store.log.held)
	}
	if _, err := tree.Topic(1, start); err == nil || !strings.Contains(err.Error(), "choose the topic anew") {
		t.Errorf("%v", err)
	}
}

// What asks for something that is not there learns why.
func TestErrorsSayWhatIsNotThere(t *testing.T) {
	tree := NewStore(0).NewTree()
	add(tree, "a/b", "1")
	branch, topic := tree.Node("a"), tree.Node("a/b")
	for _, c := range []struct {
		node   int
		number int64
		want   string
	}{
		{-1, 1, "no such topic"},
		{math.MaxInt32, 1, "no such topic"},
		{0, 1, "no such topic"},
		{branch, 1, "no message came to a itself"},
		{topic, 2, "never received: 1 were"},
		{topic, -1, "never received"},
	} {
		if _, err := tree.Message(c.node, c.number); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("node %d, number %d: %v", c.node, c.number, err)
		}
	}
	if tree.Node("b") != 0 || tree.Node("a/b/c") != 0 || tree.Node("") != 0 {
		t.Error("a topic that never came has a node")
	}
}

// A message to a known topic costs no memory but that of the history.
func TestAddingAllocatesNothing(t *testing.T) {
	tree := NewStore(64 << 10).NewTree()
	m := &mqtt.Received{Topic: "a/b/c", Payload: []byte("21.5"), Properties: &mqtt.Properties{ContentType: "text/plain"}}
	for range 5000 {
		tree.Add(m, start)
	}
	if n := testing.AllocsPerRun(5000, func() { tree.Add(m, start) }); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}
