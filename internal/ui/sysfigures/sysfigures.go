// Package sysfigures makes figures of what brokers say of themselves in their $SYS topics: how many clients there are, how many
// messages come and go each second, and so on. No specification says which topics there are; names.go has those of the brokers that
// are known.
package sysfigures

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dunlin/internal/ui/protocol"
)

const (
	// past is how many values of a figure are kept.
	past = 300
	// maxTiles is how many figures there are at most: a cluster has some of each node.
	maxTiles = 256
	// longestText is how much is kept of a figure that is no number.
	longestText = 100
)

// Figures are those of one broker. Any goroutine may call its methods.
type Figures struct {
	mu      sync.Mutex
	tiles   map[string]*tile // by topic
	product string
	version string
	changes int64
}

// tile is one figure.
type tile struct {
	name
	topic, node string
	text        string // the latest value, where it is no number
	times       []int64
	values      []float64

	counter   float64   // the latest value of a counter
	countedAt time.Time // zero: it was never seen to count
}

// New returns figures of a broker that has said nothing yet.
func New() *Figures { return &Figures{tiles: map[string]*tile{}} }

// Belongs reports whether a topic is one that Take may know.
func Belongs(topic string) bool { return strings.HasPrefix(topic, "$SYS/") }

// Take looks at a message. Of a retained one it is not known when it was true, so that no rate is reckoned from it.
func (f *Figures) Take(topic string, payload []byte, retained bool, at time.Time) {
	known, node, ok := find(topic)
	if !ok {
		return
	}
	text := strings.ToValidUTF8(string(payload[:min(len(payload), longestText)]), "\uFFFD")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes++
	switch {
	case known.kind == product:
		f.product = text
		return
	case known.kind == version:
		f.version = text
		return
	case known.product != "" && f.product == "":
		f.product = known.product
	}
	t := f.tiles[topic]
	if t == nil && len(f.tiles) == maxTiles {
		return
	}
	if t == nil {
		t = &tile{name: known, topic: topic, node: node}
		f.tiles[topic] = t
	}
	t.take(text, retained, at)
}

// take takes a value.
func (t *tile) take(text string, retained bool, at time.Time) {
	number, ok := leadingNumber(text)
	switch {
	case !ok || t.kind == words:
		t.text = text
	case t.kind == gauge:
		t.add(number, at)
	case retained:
	default:
		since := at.Sub(t.countedAt).Seconds()
		if !t.countedAt.IsZero() && since > 0 && number >= t.counter { // else the broker has started again
			t.add((number-t.counter)/since, at)
		}
		t.counter, t.countedAt = number, at
	}
}

// add adds a value to those of the past. A rate may be more than a number can say: who may publish there publishes what he likes.
func (t *tile) add(value float64, at time.Time) {
	if math.IsInf(value, 0) {
		return
	}
	if len(t.times) == past {
		t.times, t.values = slices.Delete(t.times, 0, 1), slices.Delete(t.values, 0, 1)
	}
	t.times, t.values = append(t.times, at.UnixMilli()), append(t.values, value)
}

// leadingNumber reads a number that may have a word behind it, as in "12 seconds".
func leadingNumber(text string) (float64, bool) {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	number, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
		return 0, false
	}
	return number, true
}

// Changes returns a number that grows with each message that counted, so that who asks again and again need not look at all.
func (f *Figures) Changes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changes
}

// Server returns the figures, in the order of the table of names; nil when there are none.
func (f *Figures) Server() *protocol.Server {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changes == 0 {
		return nil
	}
	all := make([]*tile, 0, len(f.tiles))
	nodes := map[string]bool{}
	for _, t := range f.tiles {
		if t.text != "" || len(t.values) > 0 {
			all = append(all, t)
			nodes[t.node] = true
		}
	}
	slices.SortFunc(all, func(a, b *tile) int {
		if a.order != b.order {
			return a.order - b.order
		}
		return strings.Compare(a.topic, b.topic)
	})
	s := &protocol.Server{Product: strings.TrimSpace(f.product + " " + f.version), Tiles: []protocol.Tile{}}
	for _, t := range all {
		s.Tiles = append(s.Tiles, t.shown(len(nodes) > 1))
	}
	return s
}

// shown returns the figure as the page has it.
func (t *tile) shown(withNode bool) protocol.Tile {
	s := protocol.Tile{Name: t.title, Topic: t.topic, Times: slices.Clone(t.times), Values: slices.Clone(t.values)}
	if withNode && t.node != "" {
		s.Name += ", " + t.node
	}
	if len(t.values) == 0 || t.kind == words {
		s.Value = t.text
		return s
	}
	s.Value, s.Unit = written(t.values[len(t.values)-1], t.unit)
	return s
}

// written returns a number for people, with its unit.
func written(value float64, unit string) (text, in string) {
	rest, isBytes := strings.CutPrefix(unit, "bytes")
	if isBytes {
		for _, larger := range []string{"kB", "MB", "GB", "TB"} {
			if math.Abs(value) < 1000 {
				break
			}
			value, unit = value/1000, larger+rest
		}
	}
	if unit == "s" && value >= 120 {
		return (time.Duration(value) * time.Second).String(), ""
	}
	decimals := 1
	if value == math.Trunc(value) || math.Abs(value) >= 1000 {
		decimals = 0
	}
	return strconv.FormatFloat(value, 'f', decimals, 64), unit
}
