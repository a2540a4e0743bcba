package result

// Size is how many bytes a sealed histogram takes.
func Size(h *Histogram) int { return cap(h.s.counts) }
