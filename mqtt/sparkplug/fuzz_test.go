package sparkplug

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

func seeds(f *testing.F) [][]byte {
	f.Helper()
	table := &DataSet{Columns: []string{"a"}, Types: []DataType{Int8}, Rows: [][]any{{int8(1)}, {nil}}}
	shape := &Template{Definition: true, Metrics: []Metric{NewMetric("m", "x")}, Parameters: []Parameter{{"p", Boolean, true}}}
	birth := &Payload{Timestamp: time.UnixMilli(1), HasSeq: true, Metrics: []Metric{
		NewMetric(bdSeq, int64(0)),
		{Name: rebirth, Type: Boolean, Value: false},
		NewMetric("t", table), NewMetric("s", shape),
		NewMetric("bits", []bool{true, false}), NewMetric("texts", []string{"a", ""}), NewMetric("times", []time.Time{time.UnixMilli(5)}),
		{Name: "q", Alias: 1, HasAlias: true, Type: Int32, Properties: []Property{
			{"Quality", Int32, Good}, {"set", PropertySet, []Property{{"n", Double, 1.5}}}, {"sets", PropertySetList, [][]Property{{}}},
		}},
		{Name: "f", Type: File, Value: []byte("x"), Metadata: &Metadata{FileName: "x"}},
	}}
	data := &Payload{HasSeq: true, Seq: 1, Metrics: []Metric{{Alias: 1, HasAlias: true, Type: Int32, Value: int32(-1)}}}
	all := [][]byte{nil, []byte("\x12\x00")}
	for _, p := range []*Payload{birth, data} {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// FuzzPayload: what is read can be written, and is then read as the same; nothing panics.
func FuzzPayload(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, err := sparkplugb.Unmarshal(b)
		if err != nil {
			return
		}
		once := raw.Append(nil)
		again, err := sparkplugb.Unmarshal(once)
		if err != nil || !bytes.Equal(again.Append(nil), once) {
			t.Fatalf("% x is read and written as % x, and then as something else, %v", b, once, err)
		}
		p, err := Unmarshal(b)
		if err != nil {
			return
		}
		once, err = p.Marshal()
		if err != nil {
			return // a type is missing
		}
		q, err := Unmarshal(once)
		if err != nil {
			t.Fatalf("%+v cannot be read back: %v", p, err)
		}
		if twice, err := q.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%+v became %+v, %v", p, q, err)
		}
	})
}

// FuzzMessages gives arbitrary messages to what hosts and checkers do with them: nothing panics, what is remembered is
// bounded, and after a good birth a host has it.
func FuzzMessages(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add([]byte{0, 3, 7, 1}, seed, seed)
	}
	topics := []string{"a/NBIRTH/n", "a/NDATA/n", "a/DBIRTH/n/d", "a/DDATA/n/d", "a/DDEATH/n/d", "a/NDEATH/n", "a/NCMD/n", "a/DCMD/n/d", "STATE/h", "a//x"}
	f.Fuzz(func(t *testing.T, order, first, second []byte) {
		const limit = 50
		now := time.UnixMilli(1_000_000)
		host := tracker{limit: limit, reorder: time.Second, nodes: make(map[ID]*trackedNode), emit: func(Event) {}, ask: func(ID) {}}
		checker := NewChecker(CheckerConfig{FromStart: true, MaxMetrics: limit})
		for i, b := range order[:min(len(order), 50)] {
			payload := [][]byte{first, second}[i%2]
			name := Namespace + "/" + topics[int(b)%len(topics)]
			checker.Check(&mqtt.Received{Topic: name, Payload: payload})
			if topic, err := ParseTopic(name); err == nil && topic.Type != STATE {
				host.handle(topic, payload, now)
			}
			now = now.Add(300 * time.Millisecond)
			host.expireAll(now)
		}
		if host.size > limit || host.size < 0 {
			t.Fatalf("a host remembers %d metrics", host.size)
		}
		birth := &Payload{HasSeq: true, Metrics: []Metric{NewMetric(bdSeq, int64(3))}}
		payload, err := birth.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		host.handle(Topic{Type: NBIRTH, ID: ID{Group: "a", Node: "n"}}, payload, now)
		if s, ok := host.state(ID{Group: "a", Node: "n"}); !ok || !s.Online || !slices.EqualFunc(s.Metrics, birth.Metrics, func(a, b Metric) bool { return a.Value == b.Value }) {
			t.Fatalf("after a birth the host knows %+v", s)
		}
	})
}
