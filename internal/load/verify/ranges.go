package verify

import (
	"slices"
	"sort"
)

// Ranges are numbers as ranges, both ends included, in order, with gaps between them: a hundred million numbers without a gap
// are one range.
type Ranges [][2]uint64

// Add adds n and reports whether it is new.
func (r *Ranges) Add(n uint64) bool {
	a := *r
	if last := len(a) - 1; last >= 0 && a[last][1]+1 == n {
		a[last][1] = n
		return true
	} else if last < 0 || n > a[last][1] {
		*r = append(a, [2]uint64{n, n})
		return true
	}
	i := sort.Search(len(a), func(i int) bool { return a[i][1] >= n }) // the first that does not end before n
	if a[i][0] <= n {
		return false
	}
	joinsBefore := i > 0 && a[i-1][1]+1 == n
	joinsAfter := n+1 == a[i][0]
	switch {
	case joinsBefore && joinsAfter:
		a[i-1][1] = a[i][1]
		*r = slices.Delete(a, i, i+1)
	case joinsBefore:
		a[i-1][1] = n
	case joinsAfter:
		a[i][0] = n
	default:
		*r = slices.Insert(a, i, [2]uint64{n, n})
	}
	return true
}

// AddRange adds all from first to last. What was there already is not added again.
func (r *Ranges) AddRange(first, last uint64) {
	if first > last {
		return
	}
	*r = union(*r, Ranges{{first, last}})
}

// Count is how many numbers there are.
func (r Ranges) Count() uint64 {
	n := uint64(0)
	for _, x := range r {
		n += x[1] - x[0] + 1
	}
	return n
}

// first returns the least numbers, so many at most.
func (r Ranges) first(most int) []uint64 {
	var all []uint64
	for _, x := range r {
		for n := x[0]; n <= x[1] && len(all) < most; n++ {
			all = append(all, n)
		}
	}
	return all
}

// union is what is in a or b.
func union(a, b Ranges) Ranges {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y [2]uint64) int {
		if x[0] < y[0] {
			return -1
		} else if x[0] > y[0] {
			return 1
		}
		return 0
	})
	var out Ranges
	for _, x := range all {
		if last := len(out) - 1; last >= 0 && x[0] <= out[last][1]+1 {
			out[last][1] = max(out[last][1], x[1])
		} else {
			out = append(out, x)
		}
	}
	return out
}

// minus is what is in a and not in b. Both are in order, without overlaps.
func minus(a, b Ranges) Ranges {
	var out Ranges
	at := 0
	for _, x := range a {
		first := x[0]
		for at < len(b) && b[at][1] < first {
			at++
		}
		i := at
		for ; i < len(b) && b[i][0] <= x[1]; i++ {
			if b[i][0] > first {
				out = append(out, [2]uint64{first, b[i][0] - 1})
			}
			first = b[i][1] + 1
		}
		if first <= x[1] {
			out = append(out, [2]uint64{first, x[1]})
		}
	}
	return out
}
