package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// namedKept is how many lines an account has; a last one says how many more there would be.
const namedKept = 100

// Account sums up what the ledger knows.
func (l *Ledger) Account() Account {
	c := counting{wants: indexWants(l.Wanted), seen: map[place]*sum{}}
	c.account.Foreign = l.Foreign
	streams := slices.SortedFunc(slices.Values(l.Sent), func(a, b Stream) int { return cmp.Compare(a.Stream, b.Stream) })
	sent := map[uint64]*Stream{}
	for i := range streams {
		sent[streams[i].Stream] = &streams[i]
	}
	for i := range l.Seen {
		c.collect(&l.Seen[i], sent)
	}
	for i := range streams {
		for _, w := range c.wants.of(streams[i].Topic) {
			c.stream(&streams[i], w)
		}
	}
	c.rest(sent)
	if c.more > 0 {
		c.account.Named = append(c.account.Named, fmt.Sprintf("and %d more", c.more))
	}
	return c.account
}

// place is one stream at one receiver.
type place struct {
	receiver string
	stream   uint64
}

// sum is what all parts of a ledger say of a place.
type sum struct {
	Seen
	counted bool // as one that was expected
}

type counting struct {
	account Account
	wants   *wants
	seen    map[place]*sum
	more    int
}

// collect puts what several processes, or workers, saw of one stream together: what two of them got is doubled.
func (c *counting) collect(s *Seen, sent map[uint64]*Stream) {
	if s.Stream != 0 && sent[s.Stream] == nil {
		c.account.Foreign += s.Ranges.Count() + s.Doubled
		return
	}
	at := place{s.Receiver, s.Stream}
	all := c.seen[at]
	if all == nil {
		c.seen[at] = &sum{Seen: *s}
		return
	}
	both := minus(s.Ranges, minus(s.Ranges, all.Ranges))
	all.Ranges = union(all.Ranges, s.Ranges)
	all.Doubled += s.Doubled + both.Count()
	all.DoubledFirst = firstOf(all.DoubledFirst, s.DoubledFirst, both.first(numbersKept))
	all.Swapped += s.Swapped
	all.SwappedFirst = firstOf(all.SwappedFirst, s.SwappedFirst)
	all.Corrupt += s.Corrupt
	all.CorruptFirst = firstOf(all.CorruptFirst, s.CorruptFirst)
}

// firstOf puts the first numbers of several together.
func firstOf(all ...[]uint64) []uint64 {
	numbers := slices.Concat(all...)
	slices.Sort(numbers)
	return numbers[:min(len(numbers), numbersKept)]
}

// stream accounts for one stream at one receiver.
func (c *counting) stream(s *Stream, w Wanted) {
	got := c.seen[place{w.Receiver, s.Stream}]
	if got == nil {
		got = &sum{Seen: Seen{Receiver: w.Receiver}}
	}
	if got.counted {
		return // another worker, or another filter of the same receiver
	}
	got.counted = true
	c.seen[place{w.Receiver, s.Stream}] = got
	a := &c.account
	var all Ranges
	all.AddRange(1, s.Last)
	sure := minus(all, s.Unsure)
	missing := minus(sure, got.Ranges)
	a.Unsure += s.Unsure.Count()
	if w.Unsure {
		a.Unsure += missing.Count()
		sure, missing = minus(sure, missing), nil
	}
	a.Expected += sure.Count()
	a.Lost += missing.Count()
	a.Received += sure.Count() - missing.Count()
	if len(missing) > 0 {
		c.name("%s lost %s of %s to %s", w.Receiver, list(missing), s.Publisher, s.Topic)
	}
	c.faults(s, got)
}

// faults names and counts what is wrong with what came.
func (c *counting) faults(s *Stream, got *sum) {
	c.account.Doubled += got.Doubled
	c.account.Disordered += got.Swapped
	c.account.Corrupted += got.Corrupt
	for _, f := range []struct {
		n     uint64
		first []uint64
		what  string
	}{{got.Doubled, got.DoubledFirst, "a second time"}, {got.Swapped, got.SwappedFirst, "out of order"}, {got.Corrupt, got.CorruptFirst, "corrupted"}} {
		if f.n > 0 {
			c.name("%s got %s %s of %s to %s", got.Receiver, numbers(f.n, f.first), f.what, s.Publisher, s.Topic)
		}
	}
}

// numbers names the first of n messages.
func numbers(n uint64, first []uint64) string {
	if len(first) == 0 {
		return fmt.Sprintf("%d messages", n)
	}
	var b strings.Builder
	for i, number := range first {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, number)
	}
	if n > uint64(len(first)) {
		fmt.Fprintf(&b, " and more, %d in all,", n)
	}
	return b.String()
}

// rest accounts for what came though nothing of the ledger wants it there, and for what was too damaged to tell.
func (c *counting) rest(sent map[uint64]*Stream) {
	var left []*sum
	for _, got := range c.seen {
		if !got.counted {
			left = append(left, got)
		}
	}
	slices.SortFunc(left, func(a, b *sum) int {
		return cmp.Or(strings.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Stream, b.Stream))
	})
	for _, got := range left {
		if got.Stream == 0 {
			c.account.Corrupted += got.Corrupt
			c.name("%s got so damaged that no number can be read: %d", got.Receiver, got.Corrupt)
			continue
		}
		s := sent[got.Stream]
		c.account.Foreign += got.Ranges.Count()
		c.name("%s got %s of %s to %s, which none of its filters matches", got.Receiver, list(got.Ranges), s.Publisher, s.Topic)
		c.faults(s, got)
	}
}

func (c *counting) name(format string, args ...any) {
	if len(c.account.Named) == namedKept {
		c.more++
		return
	}
	c.account.Named = append(c.account.Named, fmt.Sprintf(format, args...))
}

// list names the first ranges.
func list(r Ranges) string {
	const most = 8
	var b strings.Builder
	for i, x := range r[:min(len(r), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		if fmt.Fprint(&b, x[0]); x[1] > x[0] {
			fmt.Fprintf(&b, "..%d", x[1])
		}
	}
	if len(r) > most {
		fmt.Fprintf(&b, " and more, %d in all", r.Count())
	}
	return b.String()
}
