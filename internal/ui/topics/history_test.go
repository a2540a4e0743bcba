package topics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// start is when the messages of tests begin to come.
var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// add gives a tree a message of text.
func add(t *Tree, topic, text string) {
	t.Add(&mqtt.Received{Topic: topic, Payload: []byte(text)}, start)
}

// account is what a test remembers of a tree: everything.
type account struct {
	tree   *Tree
	topics map[string][]Message
}

// checkTopic compares the history of a topic with what came to it, and returns how many messages it has forgotten.
func (a *account) checkTopic(t *rapid.T, name string) int64 {
	came := a.topics[name]
	node := a.tree.Node(name)
	shown, err := a.tree.Topic(node, start)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Topic != name || shown.Messages != int64(len(came)) || shown.Last != int64(len(came)) || shown.Forgotten != shown.First-1 {
		t.Fatalf("%q: %+v, %d messages came", name, shown, len(came))
	}
	for number := shown.First; number <= shown.Last; number++ {
		got, err := a.tree.Message(node, number)
		want := came[number-1]
		if err != nil || !sameMessage(got, want) {
			t.Fatalf("message %d of %q: %+v, %v, not %+v", number, name, got, err, want)
		}
	}
	if shown.First > 1 {
		if _, err := a.tree.Message(node, shown.First-1); err == nil {
			t.Fatalf("message %d of %q is there, and counts as forgotten", shown.First-1, name)
		}
	}
	all, err := a.tree.History(node, shown.Last, maxEntries)
	if err != nil || int64(len(all)) != min(shown.Last-shown.First+1, maxEntries) {
		t.Fatalf("%d entries of %q, %v, not those from %d to %d", len(all), name, err, shown.First, shown.Last)
	}
	for i, entry := range all {
		if entry.Number != shown.Last-int64(i) || entry.Size != came[entry.Number-1].Size {
			t.Fatalf("entry %d of %q: %+v", i, name, entry)
		}
	}
	return shown.Forgotten
}

func sameMessage(a, b Message) bool {
	return a.Number == b.Number && a.Time.Equal(b.Time) && a.Topic == b.Topic && bytes.Equal(a.Payload, b.Payload) && a.Size == b.Size &&
		a.QoS == b.QoS && a.Retain == b.Retain && a.Dup == b.Dup && fmt.Sprint(a.Properties) == fmt.Sprint(b.Properties)
}

// Whatever comes, each topic has the latest of its messages without a gap, as they came, and all that is missing is counted. The
// history stays within its bound, and forgets nothing as long as it has room.
func TestHistoryHasAllThatItDoesNotCountAsForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(leastLimit, 4*leastLimit).Draw(t, "limit")
		store := NewStore(limit)
		accounts := []*account{}
		w := &world{store: store, limit: limit}
		for range rapid.IntRange(1, 2).Draw(t, "trees") {
			accounts = append(accounts, &account{store.NewTree(), map[string][]Message{}})
		}
		count := rapid.IntRange(1, 60).Draw(t, "rounds")
		for range count {
			a := rapid.SampledFrom(accounts).Draw(t, "tree")
			w.round(t, a)
			if store.log.held > limit || store.log.kept > limit/2 || store.log.kept < 0 {
				t.Fatalf("%d bytes are held, %d of them kept for silent topics; the limit is %d", store.log.held, store.log.kept, limit)
			}
		}
		for _, a := range accounts {
			w.check(t, a)
		}
	})
}

// world is what all accounts of a test share.
type world struct {
	store   *Store
	limit   int64
	now     int
	written int64 // bytes of all records
}

// round adds some messages to a topic.
func (w *world) round(t *rapid.T, a *account) {
	name := rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a/c", "/", "//", "x/1", "x/2", "x/3", "$SYS/uptime"}).Draw(t, "topic")
	size := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, 2000), rapid.IntRange(0, int(w.limit)/3)).Draw(t, "size")
	retain := rapid.Bool().Draw(t, "retain")
	props := rapid.SampledFrom([]*mqtt.Properties{nil, nil, {ContentType: "text/plain", UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}}}}).Draw(t, "properties")
	for range rapid.IntRange(1, 200).Draw(t, "messages") {
		w.now++
		at := start.Add(time.Duration(w.now) * time.Millisecond)
		text := bytes.Repeat([]byte{byte('a' + w.now%26)}, size)
		m := Message{Number: int64(len(a.topics[name]) + 1), Time: at, Topic: name, Payload: text, Size: size, QoS: mqtt.QoS(w.now % 3), Retain: retain, Properties: props}
		a.tree.Add(&mqtt.Received{Topic: name, Payload: text, QoS: m.QoS, Retain: retain, Properties: props}, at)
		if size+len(appendProperties(nil, &mqtt.Received{Properties: props})) > w.store.log.longest() {
			m.Payload, m.Properties = nil, nil
		}
		a.topics[name] = append(a.topics[name], m)
		w.written += int64(headSize + size + 8)
		if size > 2000 {
			w.written += 8192
			break
		}
	}
}

// check compares all of an account.
func (w *world) check(t *rapid.T, a *account) {
	var messages, forgotten int64
	for name, came := range a.topics {
		messages += int64(len(came))
		forgotten += a.checkTopic(t, name)
	}
	got := a.tree.Figures(start)
	if got.Messages != messages || got.Forgotten != forgotten || got.Topics != len(a.topics) || got.Unplaced != 0 {
		t.Fatalf("%+v, not %d messages of %d topics, %d of them forgotten", got, messages, len(a.topics), forgotten)
	}
	if forgotten > 0 && w.written < w.limit/2 {
		t.Fatalf("%d messages are forgotten, though all were %d bytes, and the limit is %d", forgotten, w.written, w.limit)
	}
}

// A busy topic fills the history, and the silent ones keep their latest messages.
func TestSilentTopicsKeepTheirLatestMessages(t *testing.T) {
	store := NewStore(256 << 10)
	tree := store.NewTree()
	for i := range 500 {
		add(tree, fmt.Sprintf("silent/%d", i), "first")
		add(tree, fmt.Sprintf("silent/%d", i), fmt.Sprintf("value %d", i))
	}
	for i := range 100_000 {
		add(tree, "busy", fmt.Sprint(i))
	}
	for i := range 500 {
		node := tree.Node(fmt.Sprintf("silent/%d", i))
		m, err := tree.Message(node, 0)
		if want := fmt.Sprintf("value %d", i); err != nil || string(m.Payload) != want || m.Number != 2 {
			t.Fatalf("topic %d has %q, %v", i, m.Payload, err)
		}
	}
	busy, _ := tree.Topic(tree.Node("busy"), start)
	if kept, least := busy.Last-busy.First+1, store.log.limit/4/64; kept < least {
		t.Errorf("the busy topic has %d messages in the history; %d and more have room", kept, least)
	}
	if got := tree.Figures(start).Forgotten; got != 500+busy.Forgotten {
		t.Errorf("%d are forgotten, not %d", got, 500+busy.Forgotten)
	}
}

// Where the latest messages of silent topics would fill more than half of the history, those that are silent for longest go.
func TestSilentTopicsFillNoMoreThanHalfOfTheHistory(t *testing.T) {
	store := NewStore(256 << 10)
	tree := store.NewTree()
	for i := range 10_000 {
		add(tree, fmt.Sprintf("t/%d", i), strings.Repeat("x", 100))
	}
	for i := range 20_000 {
		add(tree, "busy", fmt.Sprint(i))
	}
	_, oldest := tree.Message(tree.Node("t/0"), 0)
	_, latest := tree.Message(tree.Node("t/9999"), 0)
	if oldest == nil || latest != nil {
		t.Errorf("the oldest: %v, the latest: %v", oldest, latest)
	}
	if !strings.Contains(fmt.Sprint(oldest), "no longer in the history") {
		t.Errorf("%v", oldest)
	}
	busy, _ := tree.Topic(tree.Node("busy"), start)
	if kept := busy.Last - busy.First + 1; kept < 1000 {
		t.Errorf("the busy topic has %d messages in the history", kept)
	}
}

// A message that is too long for the history leaves a trace in it, and pushes nothing out.
func TestMessageTooLongForTheHistoryIsCountedAndToldOf(t *testing.T) {
	tree := NewStore(64 << 10).NewTree()
	add(tree, "a", "before")
	add(tree, "a", strings.Repeat("x", 17<<10))
	entries, err := tree.History(tree.Node("a"), 2, 10)
	if err != nil || len(entries) != 2 || entries[0].Size != 17<<10 || entries[1].Value != "before" {
		t.Fatalf("%+v, %v", entries, err)
	}
	shown, err := tree.Read(&payload.Reader{}, protocol.Read{Node: tree.Node("a"), Number: 2})
	if err != nil || !strings.Contains(shown.Problem, "17408 bytes is longer than a quarter of the history") {
		t.Errorf("%+v, %v", shown, err)
	}
}

// A long payload is kept once, however many read it.
func TestLongPayloadIsNotCopied(t *testing.T) {
	tree := NewStore(8 << 20).NewTree()
	add(tree, "a", strings.Repeat("x", 1<<20))
	first, err := tree.Message(tree.Node("a"), 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := tree.Message(tree.Node("a"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if &first.Payload[0] != &second.Payload[0] || len(first.Payload) != 1<<20 || cap(first.Payload) != 1<<20 {
		t.Error("two that read it have two copies")
	}
	if sizes := []int{tree.Size(tree.Node("a"), 0), tree.Size(tree.Node("a"), 1), tree.Size(tree.Node("a"), 2), tree.Size(77, 1)}; !slices.Equal(sizes, []int{1 << 20, 1 << 20, 1 << 20, 0}) {
		t.Errorf("the sizes are %v", sizes)
	}
}

// Any message is found in few steps, also in a history that has forgotten much.
func TestMessageIsFoundInFewSteps(t *testing.T) {
	store := NewStore(16 << 20)
	tree := store.NewTree()
	for i := range 1_000_000 {
		add(tree, "a", fmt.Sprint(i))
	}
	one := tree.nodes.at(uint32(tree.Node("a"))).topic
	if one.first == 1 || one.messages-one.first < 100_000 {
		t.Fatalf("the history has messages from %d on", one.first)
	}
	most := 0
	for number := one.first; number <= one.messages; number += 997 {
		steps := 0
		for at := one.last; ; steps++ {
			r := store.log.record(at)
			if r.number() <= number {
				break
			}
			at = store.log.toward(r, number)
		}
		most = max(most, steps)
	}
	if most > 60 {
		t.Errorf("%d steps lead to a message", most)
	}
}

// Properties come back as they were.
func TestPropertiesComeBack(t *testing.T) {
	expiry := 90 * time.Second
	p := &mqtt.Properties{
		PayloadIsText: true, TopicAlias: 7, MessageExpiry: &expiry, ContentType: "text/plain", ResponseTopic: "answers",
		CorrelationData: []byte{0, 1}, UserProperties: []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "a", Value: ""}},
	}
	tree := NewStore(0).NewTree()
	tree.Add(&mqtt.Received{Topic: "a", Properties: p}, start)
	m, err := tree.Message(tree.Node("a"), 1)
	if err != nil || m.Properties.MessageExpiry == nil || *m.Properties.MessageExpiry != expiry {
		t.Fatalf("%+v, %v", m, err)
	}
	m.Properties.MessageExpiry = p.MessageExpiry
	if fmt.Sprintf("%+v", m.Properties) != fmt.Sprintf("%+v", p) {
		t.Errorf("%+v, not %+v", m.Properties, p)
	}
	var names []string
	for _, one := range m.shownProperties() {
		names = append(names, one.Name+": "+one.Value)
	}
	want := []string{
		"Payload Format Indicator: 1 (UTF-8 text)", "Message Expiry Interval: 90 s", "Topic Alias: 7", "Response Topic: answers",
		"Correlation Data: 0x00 01", "User Property: a = 1", "User Property: a = ", "Content Type: text/plain",
	}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if got := contentTypeOf(appendProperties(nil, &mqtt.Received{Properties: p})); got != "text/plain" {
		t.Errorf("content type %q", got)
	}
}

// A message of Sparkplug is read with the birth certificates that came before it.
func TestSparkplugIsReadWithItsBirth(t *testing.T) {
	tree := NewStore(0).NewTree()
	birth := []byte{0x12, 0x0a, 0x0a, 0x04, 't', 'e', 'm', 'p', 0x10, 0x05, 0x20, 0x03}   // a metric "temp" with the alias 5, an Int32
	data := []byte{0x12, 0x08, 0x10, 0x05, 0x50, 0xff, 0xff, 0xff, 0xff, 0x0f}            // the alias 5 has the value -1
	renamed := []byte{0x12, 0x0a, 0x0a, 0x04, 'c', 'o', 'l', 'd', 0x10, 0x05, 0x20, 0x07} // of a later birth, a UInt32
	tree.Add(&mqtt.Received{Topic: "spBv1.0/G/NBIRTH/N", Payload: birth}, start)
	tree.Add(&mqtt.Received{Topic: "spBv1.0/G/NDATA/N", Payload: data}, start.Add(time.Second))
	tree.Add(&mqtt.Received{Topic: "spBv1.0/G/NBIRTH/N", Payload: renamed}, start.Add(2*time.Second))
	node := tree.Node("spBv1.0/G/NDATA/N")
	m, err := tree.Read(&payload.Reader{}, protocol.Read{Node: node, Number: 1})
	if err != nil || m.As != "sparkplug" || !strings.Contains(m.Text, `"temp"`) || !strings.Contains(m.Text, `"value": -1`) {
		t.Errorf("%+v, %v", m, err)
	}
	tree.Add(&mqtt.Received{Topic: "spBv1.0/G/NBIRTH/N", Payload: birth}, start.Add(3*time.Second))
	series, err := tree.Chart(t.Context(), protocol.Chart{Node: node, Member: ".metrics[0].value", Points: 10})
	if err != nil || !slices.Equal(series.Values, []float64{-1}) || !slices.Contains(series.Members, ".metrics[0].value") {
		t.Errorf("%+v, %v", series, err)
	}
}
