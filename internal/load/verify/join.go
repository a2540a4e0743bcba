package verify

import (
	"errors"
	"fmt"
)

// Join makes one ledger of those of several processes. A stream that two of them sent is refused.
func Join(parts []*Ledger) (*Ledger, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is no ledger to join")
	}
	all := &Ledger{}
	sent := map[uint64]bool{}
	for _, part := range parts {
		for _, s := range part.Sent {
			if sent[s.Stream] {
				return nil, fmt.Errorf("stream %x of %s is in two of the results: one of them is given twice", s.Stream, s.Publisher)
			}
			sent[s.Stream] = true
		}
		all.Sent = append(all.Sent, part.Sent...)
		all.Wanted = append(all.Wanted, part.Wanted...)
		all.Seen = append(all.Seen, part.Seen...)
		all.Foreign += part.Foreign
	}
	return all, nil
}
