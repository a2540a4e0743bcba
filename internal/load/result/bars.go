package result

import "time"

// Bar is how often a latency between From and To, both included, was recorded.
type Bar struct {
	From, To time.Duration
	Count    int64
}

// Bars returns the distribution as the histogram keeps it, without empty bars, from the shortest latency to the longest.
func (h *Histogram) Bars() []Bar {
	s := h.s
	switch {
	case h.h != nil:
		s = seal(h.h)
	case s == nil:
		return nil
	}
	var bars []Bar
	for place, count := range s.places() {
		value, width := valueAt(place)
		bars = append(bars, Bar{time.Duration(value) * time.Microsecond, time.Duration(value+width-1) * time.Microsecond, count})
	}
	return bars
}
