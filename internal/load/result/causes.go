package result

import (
	"cmp"
	"slices"
)

// Cause is what several events have in common, how often it came up, and when: Unix seconds.
type Cause struct {
	Group, Kind, Detail string
	Times               int
	First, Last         float64
}

// IsTrouble tells whether an event is one that a reader looks for: that connections came up as they should, the counts say.
func (e Event) IsTrouble() bool { return e.Kind != "connected" && e.Kind != "back" }

// Causes counts the troubles by what they have in common, the most frequent first.
func Causes(events []Event) []Cause {
	index := map[[3]string]int{}
	var all []Cause
	for _, e := range events {
		if !e.IsTrouble() {
			continue
		}
		name := [3]string{e.Group, e.Kind, e.Detail}
		i, ok := index[name]
		if !ok {
			i = len(all)
			index[name] = i
			all = append(all, Cause{Group: e.Group, Kind: e.Kind, Detail: e.Detail, First: e.Time, Last: e.Time})
		}
		c := &all[i]
		c.Times++
		c.First, c.Last = min(c.First, e.Time), max(c.Last, e.Time)
	}
	slices.SortStableFunc(all, func(a, b Cause) int { return cmp.Compare(b.Times, a.Times) })
	return all
}
