package regex_test

import (
	"fmt"
	"testing"
	"unicode/utf16"

	"dunlin/jsre/builtins/regex"
)

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, flags, text, want string
	}{
		{"a", "", "cba", "[2 3]"},
		{"(a*)*b", "", "aaac", "[]"},
		{"(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", "[0 10 0 1 8 10 8 9 -1 -1 9 10]"},
		{"(?=(a+))", "", "baaabac", "[1 1 1 4]"},
		{"(?=(a+))a*b\\1", "", "baaabac", "[3 6 3 4]"},
		{"(.*?)a(?!(a+)b\\2c)\\2(.*)", "", "baaabaac", "[0 8 0 2 -1 -1 3 8]"},
		{"(?<=(\\d+)(\\d+))$", "", "1053", "[4 4 0 1 1 4]"},
		{"(?<=\\1(\\w))c", "", "aabbc", "[4 5 3 4]"},
		{"^.+$", "m", "a\r\nb", "[0 1]"},
		{"\\p{L}+", "u", "1éa\U00010400-", "[1 5]"},
		{"[^]", "u", "\U00010400", "[0 2]"},
		{"s", "i", "\u017f", "[]"},
		{"s", "iu", "\u017f", "[0 1]"},
		{"[[a-z]--[aeiou]]+", "v", "aebcd", "[2 5]"},
		{"(?i:a)b", "", "Ab", "[0 2]"},
		{"(?i:a)b", "", "AB", "[]"},
		{"(?:(?<x>a)|(?<x>b))\\k<x>", "", "abb", "[1 3 -1 -1 1 2]"},
		{"a{2,3}?", "", "aaaa", "[0 2]"},
		{"(?:a|ab){2,3}c", "", "aababc", "[0 6]"},
		{"(a?)*?b", "", "aab", "[0 3 1 2]"},
		{"\\bfoo\\b", "", "a foo b", "[2 5]"},
		{".*x", "", "aaxbxc", "[0 5]"},
		{"(a){0}b", "", "ab", "[1 2 -1 -1]"},
		{"\\u{1f600}", "u", "x😀", "[1 3]"},
		{"[😀]", "u", "x😀", "[1 3]"},
		{"(?:)*?x|y", "", "y", "[0 1]"},
		{"(?!(a)b)a", "", "abaa", "[2 3 -1 -1]"},
		{"\\1(a)", "", "a", "[0 1 0 1]"},
		{"\\8\\07\\101", "", "8\aA", "[0 3]"},
		{"[\\w-a]+", "", "-a", "[0 2]"},
		{"x{,2}", "", "x{,2}", "[0 5]"},
	} {
		var f regex.Flags
		for _, c := range tc.flags {
			switch c {
			case 'i':
				f.IgnoreCase = true
			case 'm':
				f.Multiline = true
			case 'u':
				f.Unicode = true
			case 'v':
				f.Sets = true
			}
		}
		p, err := regex.Compile(utf16.Encode([]rune(tc.pattern)), f)
		if err != nil {
			t.Errorf("/%s/%s: %v", tc.pattern, tc.flags, err)
			continue
		}
		got, err := regex.Match(p, utf16.Encode([]rune(tc.text)), 0, false, func() {})
		if fmt.Sprint(got) != tc.want || err != nil {
			t.Errorf("/%s/%s on %q: %v, %v, want %s", tc.pattern, tc.flags, tc.text, got, err, tc.want)
		}
	}
}
