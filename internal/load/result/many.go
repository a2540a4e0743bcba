package result

import "time"

// RecordN adds d n times.
func (h *Histogram) RecordN(d time.Duration, n int64) {
	h.init()
	_ = h.h.RecordValues(micros(d), n)
}
