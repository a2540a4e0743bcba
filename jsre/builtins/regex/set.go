package regex

import "slices"

const maxRune = 0x10ffff

// span is a range of code points, both ends included.
type span struct{ lo, hi rune }

// spans is a set of code points. Most functions want it sorted and without overlaps, see normal.
type spans []span

func one(c rune) spans { return spans{{c, c}} }

// normal sorts spans and joins those that touch.
func (s spans) normal() spans {
	slices.SortFunc(s, func(a, b span) int { return int(a.lo) - int(b.lo) })
	out := s[:0]
	for _, r := range s {
		if n := len(out); n > 0 && r.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, r.hi)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// not is what s lacks; s must be normal.
func (s spans) not() spans {
	var out spans
	next := rune(0)
	for _, r := range s {
		if r.lo > next {
			out = append(out, span{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= maxRune {
		out = append(out, span{next, maxRune})
	}
	return out
}

func (s spans) and(t spans) spans {
	var out spans
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := max(s[i].lo, t[j].lo), min(s[i].hi, t[j].hi)
		if lo <= hi {
			out = append(out, span{lo, hi})
		}
		if s[i].hi < t[j].hi {
			i++
		} else {
			j++
		}
	}
	return out
}

// or is what is in either; both must be normal. It may be one of them.
func (s spans) or(t spans) spans {
	if len(s) == 0 {
		return t
	}
	if len(t) == 0 {
		return s
	}
	return append(append(spans(nil), s...), t...).normal()
}

func (s spans) has(c rune) bool {
	i, j := 0, len(s)
	for i < j {
		m := int(uint(i+j) >> 1)
		if s[m].hi < c {
			i = m + 1
		} else {
			j = m
		}
	}
	return i < len(s) && s[i].lo <= c
}

// set is spans made ready for matching.
type set struct {
	low  [4]uint64 // below 256
	high spans
}

func newSet(s spans) *set {
	out := &set{}
	for _, r := range s {
		for c := r.lo; c <= r.hi && c < 256; c++ {
			out.low[c>>6] |= 1 << (c & 63)
		}
		if r.hi >= 256 {
			out.high = append(out.high, span{max(r.lo, 256), r.hi})
		}
	}
	return out
}

func (s *set) has(c rune) bool {
	if c < 256 {
		return s.low[c>>6]>>(c&63)&1 != 0
	}
	return s.high.has(c)
}

var (
	digits     = spans{{'0', '9'}}
	words      = spans{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	blanks     = spans{{9, 13}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}
	lineEnds   = spans{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}
	everything = spans{{0, maxRune}}
)
