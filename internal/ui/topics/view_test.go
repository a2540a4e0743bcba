package topics

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/subscribe"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// model is what a test knows of a view: it lists its rows the plain way.
type model struct {
	values map[string]string // topics and their latest values
	counts map[string]int
	open   map[string]bool
	all    bool // branches that are not in open are open
	search string
	sort   string
}

// rows returns the whole names in the order of the rows.
func (m *model) rows() []string {
	kids := map[string][]string{}
	for topic, value := range m.values {
		if !m.found(topic, value) {
			continue
		}
		for name := topic; ; {
			up, isTop := "", !strings.Contains(name, "/")
			if !isTop {
				up = name[:strings.LastIndexByte(name, '/')]
			}
			key := "/" + up // the root is "", and so is an empty first level
			if isTop {
				key = ""
			}
			if !slices.Contains(kids[key], name) {
				kids[key] = append(kids[key], name)
			}
			if isTop {
				break
			}
			name = up
		}
	}
	return m.below("", kids)
}

func (m *model) below(key string, kids map[string][]string) (names []string) {
	level := func(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
	slices.SortFunc(kids[key], func(a, b string) int {
		byCount := 0
		if m.sort == "messages" {
			byCount = cmp.Compare(m.messages(b), m.messages(a))
		}
		return cmp.Or(byCount, compareNatural(level(a), level(b)))
	})
	for _, name := range kids[key] {
		names = append(names, name)
		open, known := m.open[name]
		if !known {
			open = m.all
		}
		if open || m.search != "" {
			names = append(names, m.below("/"+name, kids)...)
		}
	}
	return names
}

func (m *model) messages(name string) (n int) {
	for topic, count := range m.counts {
		if topic == name || strings.HasPrefix(topic, name+"/") {
			n += count
		}
	}
	return n
}

func (m *model) found(topic, value string) bool {
	switch {
	case m.search == "":
		return true
	case strings.ContainsAny(m.search, "+#"):
		return subscribe.Matches(m.search, topic)
	}
	text := strings.ToLower(m.search)
	return strings.Contains(strings.ToLower(topic), text) || strings.Contains(strings.ToLower(value), text)
}

// Whatever comes, and whatever is opened, sorted and looked for, a view has the rows that the plain way gives; and rows that
// come in parts make the same window.
func TestViewHasTheRowsOfThePlainWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := NewStore(64 << 10).NewTree()
		v := tree.NewView()
		m := &model{values: map[string]string{}, counts: map[string]int{}, open: map[string]bool{}}
		see := protocol.See{Count: 500}
		v.See(see)
		now := start
		var page protocol.Rows
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(2 * again)
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				for range rapid.IntRange(1, 5).Draw(t, "messages") {
					name := rapid.StringMatching(`[ab1-3]{0,2}(/[aB1-3]{0,2}){0,3}x`).Draw(t, "topic")
					value := rapid.SampledFrom([]string{"on", "OFF", "21.5", `{"a":1}`, ""}).Draw(t, "value")
					tree.Add(&mqtt.Received{Topic: name, Payload: []byte(value)}, now)
					m.values[name] = value
					m.counts[name]++
				}
			case 2:
				see.Search = rapid.SampledFrom([]string{"", "b", "off", "21", "+/#", "a/+", "nothing"}).Draw(t, "search")
				see.Sort = rapid.SampledFrom([]string{"", "messages"}).Draw(t, "sort")
				m.search, m.sort = see.Search, see.Sort
				v.See(see)
				page = protocol.Rows{}
			default:
				m.openOne(t, tree, v)
			}
			page = merged(page, v, now)
			want := m.rows()
			var got []string
			for _, r := range page.Rows {
				got = append(got, tree.path(uint32(r.Node)))
			}
			if !slices.Equal(got, want) || page.Total != len(want) {
				t.Fatalf("%q, not %q", got, want)
			}
			checkRows(t, m, tree, page.Rows)
		}
	})
}

// openOne opens or closes a branch, or all.
func (m *model) openOne(t *rapid.T, tree *Tree, v *View) {
	open := rapid.Bool().Draw(t, "open")
	rows := m.rows()
	if m.search != "" || len(rows) == 0 || rapid.IntRange(0, 3).Draw(t, "all") == 0 {
		if m.search == "" {
			m.open, m.all = map[string]bool{}, open
			v.Open(protocol.Open{Open: open})
		}
		return
	}
	name := rapid.SampledFrom(rows).Draw(t, "branch")
	below := rapid.Bool().Draw(t, "below")
	v.Open(protocol.Open{Node: tree.Node(name), Open: open, Below: below})
	m.open[name] = open
	if !below {
		return
	}
	for topic := range m.values {
		for i := range topic {
			if topic[i] == '/' && strings.HasPrefix(topic, name+"/") && i > len(name) {
				m.open[topic[:i]] = open
			}
		}
		if strings.HasPrefix(topic, name+"/") {
			m.open[topic] = open
		}
	}
}

// merged returns the page after the next push.
func merged(page protocol.Rows, v *View, now time.Time) protocol.Rows {
	rows, changed := v.Rows(now)
	if !changed {
		return page
	}
	whole := make([]protocol.Row, rows.Total)
	copy(whole, page.Rows)
	copy(whole[rows.From:], rows.Rows)
	rows.Rows = whole
	return rows
}

// checkRows compares what rows say.
func checkRows(t *rapid.T, m *model, tree *Tree, rows []protocol.Row) {
	for _, r := range rows {
		name := tree.path(uint32(r.Node))
		value, isTopic := m.values[name]
		if r.Topic != isTopic || r.Value != value || r.Messages != int64(m.messages(name)) || r.Depth != strings.Count(name, "/") {
			t.Fatalf("%q with %q has the row %+v", name, value, r)
		}
	}
}

// A window has the rows from its first to its last, and stays within the tree.
func TestWindowStaysWithinTheTree(t *testing.T) {
	tree := NewStore(0).NewTree()
	for i := range 100 {
		add(tree, fmt.Sprint(i), "1")
	}
	v := tree.NewView()
	for _, c := range []struct{ from, count, first, rows int }{{0, 10, 0, 10}, {95, 10, 90, 10}, {1000, 10, 90, 10}, {-5, 10, 0, 10}, {50, 1000, 0, 100}, {5, 0, 5, 0}, {0, -1, 0, 0}} {
		v.See(protocol.See{From: c.from, Count: c.count})
		rows, changed := v.Rows(start)
		if !changed || rows.From != c.first || len(rows.Rows) != c.rows || rows.Total != 100 || c.rows > 0 && rows.Rows[0].Name != fmt.Sprint(c.first) {
			t.Errorf("from %d, %d rows: from %d, %d rows of %d", c.from, c.count, rows.From, len(rows.Rows), rows.Total)
		}
	}
}

// Rows that did not change are not pushed, and of those that did no more than what lies between them.
func TestRowsComeWhenTheyChange(t *testing.T) {
	tree := NewStore(0).NewTree()
	for _, name := range []string{"a", "b", "c", "d"} {
		add(tree, name, "1")
	}
	later := start.Add(time.Hour) // no rate changes any more
	v := tree.NewView()
	v.See(protocol.See{From: 1, Count: 3})
	expect := func(step string, names ...string) {
		t.Helper()
		rows, changed := v.Rows(later)
		var got []string
		for _, r := range rows.Rows {
			got = append(got, r.Name)
		}
		if changed != (names != nil) || changed && (!slices.Equal(got, names) || rows.From != int(names[0][0]-'a')) {
			t.Errorf("%s: %v, %+v", step, changed, rows)
		}
	}
	expect("the first time", "b", "c", "d")
	expect("nothing came")
	add(tree, "a", "2")
	expect("something came that is not in sight")
	add(tree, "c", "2")
	expect("a value", "c")
	add(tree, "b", "2")
	add(tree, "d", "2")
	expect("two values", "b", "c", "d")
	tree.Add(&mqtt.Received{Topic: "d", Payload: []byte("2"), Retain: true}, start)
	expect("a retained one", "d")
	tree.Cleared("d")
	expect("no retained one", "d")
	v.See(protocol.See{From: 1, Count: 3})
	expect("seen again", "b", "c", "d")
	add(tree, "e", "1")
	expect("a new topic", "b", "c", "d")
}

// Branches that come after all were opened are open.
func TestNewBranchesAreOpenWhereAllAre(t *testing.T) {
	tree := NewStore(0).NewTree()
	v := tree.NewView()
	v.See(protocol.See{Count: 10})
	v.Open(protocol.Open{Open: true})
	add(tree, "a/b/c", "1")
	if rows, _ := v.Rows(start); rows.Total != 3 {
		t.Errorf("%+v", rows)
	}
	v.Open(protocol.Open{})
	if rows, _ := v.Rows(start); rows.Total != 1 || rows.Rows[0].Open {
		t.Errorf("%+v", rows)
	}
	if row := v.Reveal(tree.Node("a/b/c"), start); row != 2 {
		t.Errorf("row %d", row)
	}
	if row := v.Reveal(99, start); row != -1 {
		t.Errorf("row %d", row)
	}
}

// Text is found in topics and in values, long ones too, whatever the capitals; values are looked through again once a second.
func TestSearchFindsTopicsAndValues(t *testing.T) {
	tree := NewStore(4 << 20).NewTree()
	add(tree, "home/Kitchen/lamp", "on")
	add(tree, "home/hall/lamp", `{"state":"Überspannung"}`)
	add(tree, "garden", strings.Repeat("x", 100_000)+"Needle")
	v := tree.NewView()
	for search, want := range map[string]int{
		"KITCHEN": 1, "lamp": 2, "ON": 1, "überSPANNUNG": 1, "needle": 1, "": 0, "home/+/lamp": 2, "#": 3, "+": 1, "home/#": 2, "nowhere": 0, "lam+": 0, "/": 2,
	} {
		v.See(protocol.See{Count: 10, Search: search})
		if rows, _ := v.Rows(start); rows.Found != want || rows.Search != search {
			t.Errorf("%q: %+v", search, rows)
		}
	}
	v.See(protocol.See{Count: 10, Search: "alarm"})
	v.Rows(start)
	add(tree, "garden", "ALARM")
	if rows, _ := v.Rows(start.Add(again)); rows.Found != 1 || rows.Total != 1 {
		t.Errorf("%+v", rows)
	}
}

// A search ends without a find where the tree is closed while it runs.
func TestSearchEndsWithItsTree(t *testing.T) {
	tree := NewStore(0).NewTree()
	add(tree, "a", "value")
	for i := range 10_000 {
		add(tree, "b", fmt.Sprint(i))
	}
	list, all := tree.list, tree.nodes
	tree.Close()
	other := tree.store.NewTree()
	for i := range 10_000 {
		add(other, "b", fmt.Sprint(i)) // the records of the first tree go
	}
	if hits, rest := newSearch("value").some(tree, &all, list); hits != nil || rest != nil {
		t.Errorf("%v, %v", hits, rest)
	}
}

// A search ends where the tree is begun again while it runs, and has more levels than before.
func TestSearchEndsWhereItsTreeIsBegunAgain(t *testing.T) {
	tree := NewStore(0).NewTree()
	add(tree, "a", "value")
	list, all := tree.list, tree.nodes
	tree.Reset()
	for i := range 10_000 {
		add(tree, "b/c", fmt.Sprint(i)) // the records of before go
	}
	if hits, rest := newSearch("value").some(tree, &all, list); hits != nil || rest != nil {
		t.Errorf("%v, %v", hits, rest)
	}
}

// A tree that is begun again, as a recording is, has its rows in order, whatever came first this time.
func TestRowsAreInOrderWhenTheTreeIsBegunAgain(t *testing.T) {
	tree := NewStore(0).NewTree()
	v := tree.NewView()
	v.See(protocol.See{Count: 100})
	for range 2 {
		for i := range 20 {
			add(tree, fmt.Sprint(i), "1")
		}
		v.Rows(start)
		tree.Reset()
		for i := range 10 {
			add(tree, fmt.Sprint(20-i), "2")
		}
		v.Rows(start)
		for i := range 10 {
			add(tree, fmt.Sprint(i), "3")
		}
		rows, _ := v.Rows(start)
		inOrder := slices.IsSortedFunc(v.shown.Rows, func(a, b protocol.Row) int { return compareNatural(a.Name, b.Name) })
		if !inOrder || rows.Total != 20 || v.shown.Rows[3].Value != "3" || v.shown.Rows[15].Value != "2" {
			t.Errorf("%+v", v.shown.Rows)
		}
		tree.Reset()
	}
}

// Those who look do not disturb each other, nor what comes.
func TestManyLookWhileMessagesCome(t *testing.T) {
	store := NewStore(256 << 10)
	trees := []*Tree{store.NewTree(), store.NewTree()}
	var coming, looking sync.WaitGroup
	for n, tree := range trees {
		coming.Go(func() {
			for i := range 20_000 {
				if n == 1 && i == 10_000 {
					tree.Close()
				}
				tree.Add(&mqtt.Received{Topic: fmt.Sprintf("a/%d/b%d", i%17, i%501), Payload: bytes.Repeat([]byte("1"), i%(60+n))}, start.Add(time.Duration(i)*time.Millisecond))
			}
		})
	}
	for n := range 4 {
		tree := trees[n%2]
		looking.Go(func() {
			v := tree.NewView()
			v.Open(protocol.Open{Open: true})
			for i := range 300 {
				v.See(protocol.See{From: i, Count: 50, Sort: []string{"", "rate", "time", "messages"}[i%4], Search: []string{"", "1"}[n/2]})
				v.Rows(start.Add(time.Duration(i) * time.Second))
				node := tree.Node("a/1/b1")
				tree.Topic(node, start)
				tree.History(node, int64(i), 100)
				tree.Message(node, 0)
				tree.Chart(t.Context(), protocol.Chart{Node: node, Points: 10})
				tree.Figures(start)
				tree.Retained(0)
			}
		})
	}
	coming.Wait()
	looking.Wait()
	if got := trees[0].Figures(start).Messages; got != 20_000 {
		t.Errorf("%d messages", got)
	}
}
