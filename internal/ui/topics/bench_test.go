package topics

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// manyTopics returns a tree of 100,000 topics in 1,000 branches, or in one.
func manyTopics(branches int) (*Tree, []string) {
	tree := NewStore(DefaultHistory).NewTree()
	names := make([]string, 100_000)
	for i := range names {
		names[i] = fmt.Sprintf("plant/line%d/sensor%d", i%branches, i/branches)
		if branches == 1 {
			names[i] = fmt.Sprintf("sensor%d", i)
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		tree.Add(&mqtt.Received{Topic: name, Payload: []byte(`{"temperature":21.5,"unit":"C"}`)}, start)
	}
	return tree, names
}

func BenchmarkAdd(b *testing.B) {
	tree, names := manyTopics(1000)
	m := &mqtt.Received{Payload: []byte(`{"temperature":21.5,"unit":"C"}`)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Topic = names[i%len(names)]
		tree.Add(m, start.Add(time.Duration(i)*50*time.Microsecond))
	}
}

// BenchmarkRows is what a viewer costs ten times a second.
func BenchmarkRows(b *testing.B) {
	tree, names := manyTopics(1000)
	v := tree.NewView()
	v.Open(protocol.Open{Open: true})
	v.See(protocol.See{From: 50_000, Count: 50})
	v.Rows(start)
	m := &mqtt.Received{Payload: []byte(`{"temperature":21.5,"unit":"C"}`)}
	for i := 0; b.Loop(); i++ {
		m.Topic = names[i%len(names)]
		tree.Add(m, start.Add(time.Duration(i)*time.Millisecond))
		v.Rows(start.Add(time.Duration(i) * time.Millisecond))
	}
}

// BenchmarkRowsAfterNewTopic is what a viewer costs while topics come that are new.
func BenchmarkRowsAfterNewTopic(b *testing.B) {
	for _, branches := range []int{1, 1000} {
		b.Run(fmt.Sprintf("branches=%d", branches), func(b *testing.B) {
			tree, _ := manyTopics(branches)
			v := tree.NewView()
			v.Open(protocol.Open{Open: true})
			v.See(protocol.See{From: 50_000, Count: 50})
			v.Rows(start)
			for i := 0; b.Loop(); i++ {
				add(tree, fmt.Sprintf("plant/line1/new%d", i), "1")
				v.Rows(start)
			}
		})
	}
}

// BenchmarkFirstRows is the first look at a tree that is opened whole.
func BenchmarkFirstRows(b *testing.B) {
	for _, branches := range []int{1, 1000} {
		b.Run(fmt.Sprintf("branches=%d", branches), func(b *testing.B) {
			tree, _ := manyTopics(branches)
			for b.Loop() {
				v := tree.NewView()
				v.Open(protocol.Open{Open: true})
				v.See(protocol.See{From: 50_000, Count: 50})
				v.Rows(start)
			}
		})
	}
}

func BenchmarkSearchAndSort(b *testing.B) {
	tree, _ := manyTopics(1000)
	for _, see := range []protocol.See{{Count: 50, Search: "sensor77"}, {Count: 50, Search: "21.5"}, {Count: 50, Sort: "messages"}, {Count: 50, Search: "plant/+/sensor7/#"}} {
		b.Run(see.Search+see.Sort, func(b *testing.B) {
			v := tree.NewView()
			v.Open(protocol.Open{Open: true})
			for b.Loop() {
				v.See(protocol.See{Count: 50})
				v.See(see)
				v.Rows(start)
			}
		})
	}
}
