package fleet

import (
	"math"
	"strconv"
	"time"
)

// The kinds of values.
const (
	kindConstant = "constant" // always the same
	kindDaily    = "daily"    // a curve with the time of the day
	kindWalk     = "walk"     // a random walk between limits
	kindSteps    = "steps"    // one of some words, for a while each
	kindCounter  = "counter"  // only grows
	kindTrack    = "track"    // where something is that moves
)

// Value is something that a device measures.
type Value struct {
	Name, Unit string
	Class      string // device class of Home Assistant
	Kind       string
	Decimals   int

	Mean, Swing, Noise, Spread float64       // daily: of the day, half from lowest to highest, of each reading, from device to device
	Peak                       time.Duration // daily: when it is highest, from midnight on
	Start, Step, Min, Max      float64       // walk: Step is the largest one between two readings; counter has Start, too
	Words                      []string      // steps, and the one of a constant
	Hold                       time.Duration // steps
	Rate                       float64       // counter: a second
	Latitude, Longitude        float64       // track: of the centre
	Radius, Speed              float64       // track: metres, metres a second

	numeric bool // Words are numbers
}

// Reading is what a value is at some moment.
type Reading struct {
	Number              float64
	Word                string // steps and constant
	Latitude, Longitude float64
	Course              float64 // degrees from north
}

// IsNumber reports whether readings are numbers.
func (v *Value) IsNumber() bool {
	return v.Kind != kindTrack && (v.Kind != kindSteps && v.Kind != kindConstant || v.numeric)
}

// moment is for which reading of which device a value is asked. The same moment gives the same reading.
type moment struct {
	key   uint64 // of device and value
	tick  uint64 // number of the reading
	at    time.Time
	since time.Duration // simulated time since the start
	walk  *float64      // where a walk stands; NaN: nowhere yet
}

// read takes a reading.
func (v *Value) read(m *moment) Reading {
	switch v.Kind {
	case kindDaily:
		return Reading{Number: v.daily(m)}
	case kindWalk:
		return Reading{Number: v.walk(m)}
	case kindCounter:
		pace := 0.75 + 0.5*uniform(m.key, 0, 'c')
		return Reading{Number: v.floor(v.Start + pace*v.Rate*m.since.Seconds())}
	case kindTrack:
		return v.track(m)
	case kindSteps:
		// Each device changes at times of its own.
		slot := uint64(m.at.UnixNano())/uint64(v.Hold) + mix(m.key, 0, 's')%1024
		return v.word(v.Words[mix(m.key, slot, 'w')%uint64(len(v.Words))])
	}
	return v.word(v.Words[0])
}

func (v *Value) word(w string) Reading {
	n, err := strconv.ParseFloat(w, 64)
	if err != nil {
		n = math.NaN()
	}
	return Reading{Word: w, Number: n}
}

func (v *Value) daily(m *moment) float64 {
	midnight := time.Date(m.at.Year(), m.at.Month(), m.at.Day(), 0, 0, 0, 0, m.at.Location())
	turn := 2 * math.Pi * float64(m.at.Sub(midnight)-v.Peak) / float64(24*time.Hour)
	own := v.Spread * (2*uniform(m.key, 0, 'd') - 1)
	return v.Mean + own + v.Swing*math.Cos(turn) + v.Noise*bell(m.key, m.tick)
}

func (v *Value) walk(m *moment) float64 {
	if math.IsNaN(*m.walk) {
		*m.walk = v.Start
	}
	next := *m.walk + v.Step*(2*uniform(m.key, m.tick, 'k')-1)
	if next > v.Max { // it turns back at a limit and does not stay there
		next = max(2*v.Max-next, v.Min)
	} else if next < v.Min {
		next = min(2*v.Min-next, v.Max)
	}
	*m.walk = next
	return next
}

// floor leaves out the digits that are not shown, so that a counter that is rounded never goes back.
func (v *Value) floor(x float64) float64 {
	scale := math.Pow10(v.Decimals)
	return math.Floor(x*scale) / scale
}

// corners is how many corners the round of a track has.
const corners = 8

// metresPerDegree is the length of a degree of latitude.
const metresPerDegree = 111_320.0

// track goes round and round between corners that are around the centre.
func (v *Value) track(m *moment) Reading {
	var xs, ys, lengths [corners]float64
	whole := 0.0
	for i := range corners {
		distance := v.Radius * (0.4 + 0.6*uniform(m.key, uint64(i), 'r'))
		angle := 2 * math.Pi * (float64(i) + 0.5*uniform(m.key, uint64(i), 'a')) / corners
		xs[i], ys[i] = distance*math.Cos(angle), distance*math.Sin(angle)
	}
	for i := range corners {
		j := (i + 1) % corners
		lengths[i] = math.Hypot(xs[j]-xs[i], ys[j]-ys[i])
		whole += lengths[i]
	}
	gone := math.Mod(v.Speed*m.since.Seconds()+whole*uniform(m.key, 0, 'g'), whole)
	i := 0
	for ; i < corners-1 && gone >= lengths[i]; i++ {
		gone -= lengths[i]
	}
	j, part := (i+1)%corners, gone/lengths[i]
	east, north := xs[i]+part*(xs[j]-xs[i]), ys[i]+part*(ys[j]-ys[i])
	course := math.Mod(360+math.Atan2(xs[j]-xs[i], ys[j]-ys[i])*180/math.Pi, 360)
	return Reading{
		Number: v.Speed, Course: course,
		Latitude:  v.Latitude + north/metresPerDegree,
		Longitude: v.Longitude + east/(metresPerDegree*math.Cos(v.Latitude*math.Pi/180)),
	}
}

// mix makes a number that looks random of three others: the finalizer of SplitMix64, twice.
func mix(key, n uint64, what byte) uint64 {
	x := key + n*0x9e3779b97f4a7c15 + uint64(what)<<56
	for range 2 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		x *= 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}

// uniform returns a number from 0 up to 1.
func uniform(key, n uint64, what byte) float64 { return float64(mix(key, n, what)>>11) / (1 << 53) }

// bell returns a number around 0 with a deviation of 1 that is never above 3.5: the sum of four dice.
func bell(key, n uint64) float64 {
	sum := 0.0
	for i := range byte(4) {
		sum += uniform(key, n, 'n'+i)
	}
	return (sum - 2) * math.Sqrt(3)
}
