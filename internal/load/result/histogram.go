package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histograms go from a microsecond to an hour with three significant digits; they are kept in nanoseconds divided by 1,000.
const (
	least       = 1
	most        = int64(time.Hour / time.Microsecond)
	significant = 3
)

// Histogram is a distribution of latencies, in microseconds. The zero value is empty. It is not for concurrent use. While it is
// recorded into it takes 190 KB; sealed, a few bytes for each of the values that came.
type Histogram struct {
	h *hdrhistogram.Histogram // nil while empty or sealed
	s *sealed                 // nil unless sealed
}

// Record adds d once. What is longer than an hour counts as an hour.
func (h *Histogram) Record(d time.Duration) {
	h.init()
	_ = h.h.RecordValue(micros(d))
}

// micros is d as histograms have it.
func micros(d time.Duration) int64 { return min(max(int64(d/time.Microsecond), least), most) }

// Merge adds all of o, which stays as it is.
func (h *Histogram) Merge(o Histogram) {
	switch {
	case o.s != nil:
		h.init()
		for value, count := range o.s.each() {
			_ = h.h.RecordValues(value, count)
		}
	case o.h != nil:
		h.init()
		h.h.Merge(o.h)
	}
}

// Count is how many were recorded.
func (h *Histogram) Count() int64 {
	switch {
	case h.s != nil:
		return h.s.total
	case h.h != nil:
		return h.h.TotalCount()
	default:
		return 0
	}
}

// Percentile returns the latency that p per cent do not exceed; 0 if nothing was recorded.
func (h *Histogram) Percentile(p float64) time.Duration {
	switch {
	case h.s != nil:
		return time.Duration(h.s.percentile(p)) * time.Microsecond
	case h.h != nil:
		return time.Duration(seal(h.h).percentile(p)) * time.Microsecond // HdrHistogram's own rounds the rank, also down
	default:
		return 0
	}
}

// Min returns the shortest latency; 0 if nothing was recorded.
func (h *Histogram) Min() time.Duration { return h.Percentile(0) }

// Max returns the longest latency, to three digits; 0 if nothing was recorded.
func (h *Histogram) Max() time.Duration { return h.Percentile(100) }

// Sum returns the sum of all latencies, each to three digits.
func (h *Histogram) Sum() time.Duration {
	var sum float64
	for _, b := range h.Bars() {
		sum += float64(b.From+b.To) / 2 * float64(b.Count)
	}
	return time.Duration(sum)
}

// Mean returns the sum by the count; 0 if nothing was recorded.
func (h *Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(float64(h.Sum()) / float64(h.Count()))
}

// Seal makes the histogram small. It can be used as before; recording makes it large again.
func (h *Histogram) Seal() {
	if h.h != nil {
		h.s, h.h = seal(h.h), nil
	}
}

// Reset forgets everything that was recorded and keeps the memory for what comes.
func (h *Histogram) Reset() {
	h.s = nil
	if h.h != nil {
		h.h.Reset()
	}
}

// init has the histogram ready to be recorded into.
func (h *Histogram) init() {
	if h.h == nil {
		h.h = open(h.s)
		h.s = nil
	}
}

// MarshalJSON writes the compressed form V2 of HdrHistogram in base64; nothing as null.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.Count() == 0 {
		return []byte("null"), nil
	}
	live := h.h
	if live == nil {
		live = open(h.s)
	}
	b, err := live.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(b))
}

// UnmarshalJSON reads what MarshalJSON has written, and seals it.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	*h = Histogram{}
	if string(b) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	const longest = 1 << 20 // more than a histogram with every value can have
	if len(text) > longest {
		return errors.New("histogram: it is longer than one can be")
	}
	decoded, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	if decoded.LowestTrackableValue() != least || decoded.HighestTrackableValue() != most || decoded.SignificantFigures() != significant {
		return errors.New("histogram: it is not one of microseconds up to an hour with three digits")
	}
	h.s = seal(decoded)
	return nil
}
