package fleet

import (
	"encoding/json"
	"math"
	"time"
)

// meter takes the readings of a device. The same seed, name and number of a reading give the same one.
type meter struct {
	key   uint64    // of what is random about the device
	ticks []uint64  // of each stream: readings taken
	walks []float64 // of each value of each stream: where a walk stands
}

func newMeter(g *model, seed uint64, name string) meter {
	m := meter{key: seed, ticks: make([]uint64, len(g.Streams)), walks: make([]float64, g.values)}
	for _, c := range []byte(name) {
		m.key = mix(m.key, uint64(c), 'd')
	}
	for i := range m.walks {
		m.walks[i] = math.NaN()
	}
	return m
}

// read takes a reading of each value of a stream, when it is so long since the simulated start.
func (t *meter) read(g *model, stream int, start time.Time, since time.Duration, each func(*Value, Reading)) {
	m := moment{tick: t.ticks[stream], at: start.Add(since), since: since}
	t.ticks[stream]++
	values := g.Streams[stream].Values
	for i := range values {
		n := g.first[stream] + i
		m.key, m.walk = mix(t.key, uint64(n), 'v'), &t.walks[n]
		each(&values[i], values[i].read(&m))
	}
}

// marshal writes JSON of what can be written.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("fleet: " + err.Error()) // the types are ours
	}
	return text
}
