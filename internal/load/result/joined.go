package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"dunlin/internal/load/verify"
)

// joinTimelines adds the seconds of all parts by the clock. Latencies are those of the kind that the sum is about; the others
// stay in their parts.
func joinTimelines(parts []*Result, latency string) []Second {
	all := map[int64]*Second{}
	for _, r := range parts {
		for i := range r.Timeline {
			from := &r.Timeline[i]
			to := all[from.Time]
			if to == nil {
				to = &Second{Time: from.Time}
				all[from.Time] = to
			}
			to.Online += from.Online
			to.Counts.Add(&from.Counts)
			if r.Latency == latency {
				to.Latency.Merge(from.Latency)
				to.Latency.Seal()
			}
		}
	}
	timeline := make([]Second, 0, len(all))
	for _, at := range slices.Sorted(maps.Keys(all)) {
		timeline = append(timeline, *all[at])
	}
	return timeline
}

// joinEvents keeps the first events of all parts, and counts the others.
func (r *Result) joinEvents(parts []*Result) {
	for _, p := range parts {
		r.Events = append(r.Events, p.Events...)
		r.EventLost += p.EventLost
	}
	slices.SortStableFunc(r.Events, func(a, b Event) int { return cmp.Compare(a.Time, b.Time) })
	if n := len(r.Events) - EventsKept; n > 0 {
		r.Events = r.Events[:EventsKept:EventsKept]
		r.EventLost += n
	}
}

// joinLedgers accounts for the messages of all parts.
func (r *Result) joinLedgers(parts []*Result) error {
	var ledgers []*verify.Ledger
	without := 0
	for i, p := range parts {
		switch {
		case p.Ledger != nil:
			ledgers = append(ledgers, p.Ledger)
		case p.Counts.Published+p.Counts.Received > 0:
			without = i + 1
		}
	}
	if len(ledgers) == 0 {
		return nil
	}
	if without > 0 {
		return fmt.Errorf("result %d has messages and was made without --verify, and others were made with it; make all with it or none", without)
	}
	ledger, err := verify.Join(ledgers)
	if err != nil {
		return fmt.Errorf("the messages cannot be accounted for: %w", err)
	}
	account := ledger.Account()
	r.Ledger, r.Verified = ledger, &account
	return nil
}
