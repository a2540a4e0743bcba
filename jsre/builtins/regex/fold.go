package regex

import (
	"slices"
	"sync"
	"unicode"
)

// folder says which characters are one when case is ignored.
type folder struct {
	canon func(rune) rune
	class func() map[rune][]rune // the members of a class by its canonical one, for classes of two or more
}

var (
	folding = folder{foldCanon, sync.OnceValue(func() map[rune][]rune { return classes(foldCanon) })}
	upper   = folder{upperCanon, sync.OnceValue(func() map[rune][]rune { return classes(upperCanon) })}
)

// cased are all characters that have a case.
var cased = sync.OnceValue(func() []rune {
	var out []rune
	for _, r := range unicode.CaseRanges {
		for c := rune(r.Lo); c <= rune(r.Hi); c++ {
			out = append(out, c)
		}
	}
	return out
})

func classes(canon func(rune) rune) map[rune][]rune {
	out := map[rune][]rune{}
	for _, c := range cased() {
		if k := canon(c); k != c {
			out[k] = append(out[k], c)
		}
	}
	for k := range out {
		out[k] = append(out[k], k)
	}
	return out
}

// foldCanon is the canonical form of flag u: that of Unicode's simple case folding.
func foldCanon(c rune) rune {
	if c < 128 && (c < 'A' || c > 'Z' && c < 'a' || c > 'z') {
		return c
	}
	least := c
	for d := unicode.SimpleFold(c); d != c; d = unicode.SimpleFold(d) {
		least = min(least, d)
	}
	return least
}

// grows are characters whose upper case is more than one character: they stand for themselves.
var grows = spans{
	{0xdf, 0xdf},
	{0x149, 0x149},
	{0x1f0, 0x1f0},
	{0x390, 0x390},
	{0x3b0, 0x3b0},
	{0x587, 0x587},
	{0x1e96, 0x1e9a},
	{0x1f50, 0x1f50},
	{0x1f52, 0x1f52},
	{0x1f54, 0x1f54},
	{0x1f56, 0x1f56},
	{0x1f80, 0x1faf},
	{0x1fb2, 0x1fb4},
	{0x1fb6, 0x1fb7},
	{0x1fbc, 0x1fbc},
	{0x1fc2, 0x1fc4},
	{0x1fc6, 0x1fc7},
	{0x1fcc, 0x1fcc},
	{0x1fd2, 0x1fd3},
	{0x1fd6, 0x1fd7},
	{0x1fe2, 0x1fe4},
	{0x1fe6, 0x1fe7},
	{0x1ff2, 0x1ff4},
	{0x1ff6, 0x1ff7},
	{0x1ffc, 0x1ffc},
	{0xfb00, 0xfb06},
	{0xfb13, 0xfb17},
}

// upperCanon is the canonical form without flag u: the upper case, unless that leaves UTF-16 or
// brings a character into ASCII.
func upperCanon(c rune) rune {
	if c < 128 {
		if c >= 'a' && c <= 'z' {
			return c - 32
		}
		return c
	}
	if c > 0xffff || grows.has(c) {
		return c
	}
	u := unicode.ToUpper(c)
	if u < 128 || u > 0xffff {
		return c
	}
	return u
}

// close adds to s all that is one with a member.
func (f folder) close(s spans) spans {
	out := append(append(spans(nil), s...), otherCase(s)...)
	if s.and(spans{{0x80, maxRune}}) == nil {
		full := f.canon('\u212a') == 'K' // two letters outside of ASCII are one with letters in it
		if full && (s.has('s') || s.has('S')) {
			out = append(out, span{0x17f, 0x17f})
		}
		if full && (s.has('k') || s.has('K')) {
			out = append(out, span{0x212a, 0x212a})
		}
		return out.normal()
	}
	for _, members := range f.class() {
		if slices.ContainsFunc(members, s.has) {
			for _, m := range members {
				out = append(out, span{m, m})
			}
		}
	}
	return out.normal()
}

// otherCase are the letters of ASCII in the case that they do not have in s.
func otherCase(s spans) (out spans) {
	for _, r := range s.and(spans{{'A', 'Z'}}) {
		out = append(out, span{r.lo + 32, r.hi + 32})
	}
	for _, r := range s.and(spans{{'a', 'z'}}) {
		out = append(out, span{r.lo - 32, r.hi - 32})
	}
	return out
}
