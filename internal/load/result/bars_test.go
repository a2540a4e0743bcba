package result

import (
	"testing"
	"time"
)

func TestBarsAreWhatWasRecorded(t *testing.T) {
	var h Histogram
	if bars := h.Bars(); len(bars) != 0 {
		t.Errorf("an empty histogram has bars: %v", bars)
	}
	for _, d := range []time.Duration{time.Second, 7 * time.Microsecond, 7 * time.Microsecond} {
		h.Record(d)
	}
	bars := h.Bars()
	if len(bars) != 2 || bars[0] != (Bar{7 * time.Microsecond, 7 * time.Microsecond, 2}) {
		t.Fatalf("bars: %v", bars)
	}
	if b := bars[1]; b.Count != 1 || b.From > time.Second || b.To < time.Second || b.To-b.From > 2*time.Millisecond {
		t.Errorf("the second is in the bar %v", b)
	}
}
