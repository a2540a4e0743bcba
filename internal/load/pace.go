package load

import (
	"math"
	"time"

	"dunlin/internal/load/scenario"
)

// pace says when the messages of a source are due in a phase: how many have become due since the phase began is rate times what
// the phase multiplies rates with, added up over the time; where that grows evenly it is a parabola.
type pace struct {
	rate     float64 // a second
	from, to float64
	length   float64 // seconds; 0: until every Count is reached
}

func paceOf(p *scenario.Phase, group string, rate float64) pace {
	x := pace{rate: rate, from: 1, to: 1, length: p.Duration.Seconds()}
	if concerns(p, group) {
		x.from, x.to = p.From, p.To
	}
	return x
}

// concerns reports whether a phase means the rates of a group.
func concerns(p *scenario.Phase, group string) bool {
	for _, name := range p.Groups {
		if name == group {
			return true
		}
	}
	return len(p.Groups) == 0
}

// active reports whether the group sends at all in the phase.
func active(p *scenario.Phase, group string) bool {
	return !concerns(p, group) || p.From > 0 || p.To > 0
}

// until is how many messages, not in whole ones, are due in the first t seconds.
func (p pace) until(t float64) float64 {
	n := p.rate * p.from * t
	if p.length > 0 {
		n += p.rate * (p.to - p.from) * t * t / (2 * p.length)
	}
	return n
}

// at is when so many are due, since the phase began; false: not in this phase.
func (p pace) at(n float64) (time.Duration, bool) {
	var a float64
	if p.length > 0 {
		a = p.rate * (p.to - p.from) / (2 * p.length)
	}
	b := p.rate * p.from
	root := b*b + 4*a*n
	if n <= 0 {
		return 0, p.rate > 0 && (p.from > 0 || p.to > 0)
	}
	if root < 0 || b+math.Sqrt(root) <= 0 {
		return 0, false
	}
	seconds := 2 * n / (b + math.Sqrt(root))
	if p.length > 0 && math.Round(seconds*1e9) >= math.Round(p.length*1e9) || seconds > 1e9 { // what is due right at the end is not in
		return 0, false
	}
	return time.Duration(math.Round(seconds * 1e9)), true
}

// schedule is how far a source has come: message k is due when base and what its pace adds reach k.
type schedule struct {
	base float64
	k    uint64 // the next message, from 1 on
}

// due is when the next message is due in the phase.
func (s *schedule) due(p pace) (time.Duration, bool) { return p.at(float64(s.k) - s.base) }

// skip passes over all that are due in the first t seconds of the phase, and says how many those are.
func (s *schedule) skip(p pace, t float64) int64 {
	next := max(uint64(math.Ceil(s.base+p.until(t)-1e-9)), s.k) // what is due right at t is not in
	n := int64(next - s.k)
	s.k = next
	return n
}

// end is called at the end of a phase.
func (s *schedule) end(p pace) { s.base += p.until(p.length) }
