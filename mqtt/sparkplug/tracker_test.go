package sparkplug

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// watched is a tracker whose events are written down.
type watched struct {
	t *testing.T
	tracker
	now   time.Time
	slow  time.Duration // how far the clock of the nodes is behind
	lines []string
}

func watch(t *testing.T, limit int, reorder time.Duration) *watched {
	w := &watched{t: t, now: time.UnixMilli(1_000_000)}
	w.tracker = tracker{limit: limit, reorder: reorder, nodes: make(map[ID]*trackedNode)}
	w.emit = func(e Event) {
		line := fmt.Sprintf("%s %s", e.Kind, e.ID)
		for _, m := range e.Metrics {
			line += fmt.Sprintf(" %s=%v", m.Name, m.Value)
		}
		w.lines = append(w.lines, line)
	}
	w.ask = func(node ID) { w.lines = append(w.lines, "ask "+node.String()) }
	return w
}

// take gives a message to the tracker; a negative seq is none.
func (w *watched) take(topic string, seq int, metrics ...Metric) {
	w.t.Helper()
	parsed, err := ParseTopic("spBv1.0/" + topic)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &Payload{Timestamp: w.now.Add(-w.slow), Metrics: metrics, Seq: uint8(seq), HasSeq: seq >= 0}
	raw, err := p.write()
	if err != nil {
		w.t.Fatal(err)
	}
	if !slices.Contains([]MessageType{NBIRTH, DBIRTH}, parsed.Type) {
		raw.Metrics = data(metrics)
	}
	w.handle(parsed, raw.Append(nil), w.now)
}

// expect compares what was said since the last call.
func (w *watched) expect(lines ...string) {
	w.t.Helper()
	if !slices.Equal(w.lines, lines) {
		w.t.Errorf("said\n\t%s\nand not\n\t%s", strings.Join(w.lines, "\n\t"), strings.Join(lines, "\n\t"))
	}
	w.lines = nil
}

func (w *watched) birth(number int64) {
	w.t.Helper()
	w.take("g/NBIRTH/n", 0, NewMetric(bdSeq, number), NewMetric("a", int32(0)))
	w.take("g/DBIRTH/n/d", 1, NewMetric("b", int32(0)))
	w.expect(fmt.Sprintf("NodeBorn g/n bdSeq=%d a=0", number), "DeviceBorn g/n/d b=0")
}

func value(name string, v int32) Metric { return NewMetric(name, v) }

// [tck-id-operational-behavior-host-reordering-start] [tck-id-operational-behavior-host-reordering-success]
func TestMessagesAreTakenInTheirOrder(t *testing.T) {
	w := watch(t, 1000, time.Second)
	w.birth(0)
	w.take("g/NDATA/n", 4, value("a", 4))
	w.take("g/DDATA/n/d", 3, value("b", 3))
	w.expect()
	w.take("g/NDATA/n", 2, value("a", 2))
	w.expect("NodeData g/n a=2", "DeviceData g/n/d b=3", "NodeData g/n a=4")
	if next := w.expireAll(w.now.Add(time.Hour)); !next.IsZero() {
		t.Errorf("something waits until %s", next)
	}
	w.expect()
}

// [tck-id-operational-behavior-host-reordering-rebirth]
func TestWhatDoesNotComeIsGivenUpAndBirthsAreAskedFor(t *testing.T) {
	w := watch(t, 1000, time.Second)
	w.birth(0)
	w.take("g/NDATA/n", 4, value("a", 4))
	due := w.now.Add(time.Second)
	w.now = w.now.Add(time.Second / 2)
	w.take("g/DDATA/n/d", 3, value("b", 3)) // it does not put off what waits already
	if next := w.expireAll(due.Add(-1)); !next.Equal(due) {
		t.Errorf("the next time is %s", next)
	}
	w.expect()
	w.now = due
	w.expireAll(w.now)
	w.expect("ask g/n", "RebirthRequested g/n", "DeviceData g/n/d b=3", "NodeData g/n a=4")
	w.take("g/NDATA/n", 5, value("a", 5)) // as long as no birth comes it goes on
	w.expect("NodeData g/n a=5")
	w.take("g/NDATA/n", 9, value("a", 9))
	w.now = w.now.Add(time.Second)
	w.expireAll(w.now)
	w.expect("NodeData g/n a=9") // it was asked a second ago
	w.birth(0)
	if s, _ := w.state(ID{"g", "n", ""}); s.Metrics[1].Value != int32(0) {
		t.Errorf("after the birth a is %v", s.Metrics[1].Value)
	}
}

// [tck-id-operational-behavior-host-reordering-param]
func TestWithoutAReorderTimeoutBirthsAreAskedForAtOnce(t *testing.T) {
	w := watch(t, 1000, -1)
	w.birth(0)
	w.take("g/NDATA/n", 4, value("a", 4))
	w.expect("ask g/n", "RebirthRequested g/n", "NodeData g/n a=4")
	w.take("g/NDATA/n", 5, value("a", 5))
	w.expect("NodeData g/n a=5")
}

func TestNumbersGoRound(t *testing.T) {
	w := watch(t, 1000, time.Second)
	w.birth(0)
	for i := 2; i < 600; i++ {
		w.take("g/NDATA/n", i%256, value("a", int32(i)))
		w.expect(fmt.Sprintf("NodeData g/n a=%d", i))
	}
	w.take("g/NDATA/n", 601%256, value("a", 601))
	w.take("g/NDATA/n", 600%256, value("a", 600))
	w.expect("NodeData g/n a=600", "NodeData g/n a=601")
}

// [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline]
// [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale]
// [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline]
// [tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale]
// [tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline]
// [tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale]
// [tck-id-payloads-ndeath-bdseq]
func TestDeathsMarkAsOffline(t *testing.T) {
	w := watch(t, 1000, time.Second)
	w.slow = 7 * time.Second
	w.birth(7)
	w.now = w.now.Add(time.Minute)
	w.take("g/DDEATH/n/d", 2)
	w.expect("DeviceDied g/n/d")
	device, node := ID{"g", "n", "d"}, ID{"g", "n", ""}
	if s, _ := w.state(device); s.Online || !s.Since.Equal(w.now.Add(-w.slow)) || len(s.Metrics) != 1 { // by the node's clock
		t.Errorf("the device is %+v", s)
	}
	if s, _ := w.state(node); !s.Online {
		t.Errorf("the node is %+v", s)
	}
	w.take("g/DBIRTH/n/d", 3, value("b", 1))
	w.expect("DeviceBorn g/n/d b=1")
	w.take("g/NDEATH/n", -1, NewMetric(bdSeq, int64(6))) // the will of an earlier connection, late
	w.expect()
	w.now = w.now.Add(time.Minute)
	w.take("g/NDEATH/n", -1, NewMetric(bdSeq, int64(7)))
	w.expect("DeviceDied g/n/d", "NodeDied g/n")
	for _, id := range []ID{device, node} {
		if s, _ := w.state(id); s.Online || !s.Since.Equal(w.now) { // by the host's clock
			t.Errorf("%s is %+v", id, s)
		}
	}
	w.take("g/NDEATH/n", -1, NewMetric(bdSeq, int64(7)))
	w.expect()
	w.take("g/NDATA/n", 4, value("a", 1))
	w.expect("ask g/n", "RebirthRequested g/n")
}

func TestAReasonForAnotherBirth(t *testing.T) {
	for what, send := range map[string]func(w *watched){
		"a metric that is not in the birth": func(w *watched) { w.take("g/NDATA/n", 2, value("new", 1)) },
		"an alias that is not in the birth": func(w *watched) { w.take("g/NDATA/n", 2, Metric{Alias: 5, HasAlias: true, Type: Int32}) },
		"a value of another type":           func(w *watched) { w.take("g/NDATA/n", 2, NewMetric("a", "text")) },
		"a device without a birth":          func(w *watched) { w.take("g/DDATA/n/other", 2, value("b", 1)) },
		"a device that has died": func(w *watched) {
			w.take("g/DDEATH/n/d", 2)
			w.expect("DeviceDied g/n/d")
			w.take("g/DDATA/n/d", 3, value("b", 1))
		},
	} {
		w := watch(t, 1000, time.Second)
		w.birth(0)
		send(w)
		t.Log(what)
		w.expect("ask g/n", "RebirthRequested g/n")
		w.now = w.now.Add(10*time.Second - 1)
		node := w.nodes[ID{"g", "n", ""}]
		w.take("g/NDATA/n", int(node.next), value("other", 1)) // it has been asked, and may answer still
		w.expect()
		w.now = w.now.Add(1)
		w.take("g/NDATA/n", int(node.next), value("other", 1)) // it does not
		w.expect("ask g/n", "RebirthRequested g/n")
	}
}

func TestAHostRemembersNoMoreThanItMay(t *testing.T) {
	w := watch(t, 10, time.Second)
	w.birth(0) // five: two of them the node and the device
	w.take("g/DBIRTH/n/big", 2, value("a", 0), value("b", 0), value("c", 0), value("d", 0), value("e", 0))
	w.take("h/NBIRTH/n", 0, NewMetric(bdSeq, int64(0)), value("a", 0), value("b", 0), value("c", 0), value("d", 0))
	w.expect("Malformed g/n/big", "Malformed h/n")
	for i := range 10 {
		w.take(fmt.Sprintf("g/NDATA/x%d", i), 0, value("a", 0))
	}
	if len(w.nodes) > 10 || w.size > 10 {
		t.Errorf("%d nodes, of a size of %d, are remembered", len(w.nodes), w.size)
	}
	w.lines = nil
	for range 3 {
		w.birth(1) // anew, it takes no more than before
	}
	big := strings.Repeat("x", 600<<10)
	w = watch(t, 10, time.Second)
	w.take("g/NBIRTH/n", 0, NewMetric(bdSeq, int64(0)), NewMetric("s", ""))
	w.lines = nil
	w.take("g/NDATA/n", 5, NewMetric("s", big))
	w.expect()
	w.take("g/NDATA/n", 7, NewMetric("s", big))
	w.expect("ask g/n", "RebirthRequested g/n", "NodeData g/n s="+big, "NodeData g/n s="+big)
}

func TestACommandIsWhatTheBirthSays(t *testing.T) {
	w := watch(t, 1000, time.Second)
	aliased := NewMetric("b", int32(0))
	aliased.Alias, aliased.HasAlias = 9, true
	w.take("g/NBIRTH/n", 0, NewMetric(bdSeq, int64(0)), NewMetric("a", int32(0)))
	w.take("g/DBIRTH/n/d", 1, aliased)
	node, device := ID{"g", "n", ""}, ID{"g", "n", "d"}
	for want, send := range map[string]func() error{
		"is not online": func() error { _, err := w.command(ID{"g", "x", ""}, nil, w.now); return err },
		"device is not": func() error { _, err := w.command(ID{"g", "n", "x"}, nil, w.now); return err },
		"not in the":    func() error { _, err := w.command(node, []Metric{value("x", 1)}, w.now); return err },
		"is of type":    func() error { _, err := w.command(node, []Metric{NewMetric("a", "x")}, w.now); return err },
		"Go value":      func() error { _, err := w.command(node, []Metric{{Name: "a", Value: "x"}}, w.now); return err },
	} {
		if err := send(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	b, err := w.command(device, []Metric{{Name: "b", Value: int32(5)}}, w.now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Unmarshal(b)
	if err != nil || p.HasSeq || p.Timestamp.IsZero() || p.Metrics[0].Name != "" || p.Metrics[0].Alias != 9 || p.Metrics[0].Type != 0 {
		t.Errorf("the command is %+v, %v", p, err)
	}
}
