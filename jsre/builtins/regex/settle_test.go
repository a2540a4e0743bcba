package regex

import (
	"testing"
	"unicode/utf16"
)

// TestSimplePatternsGoNoWayBack: where what follows decides, a match keeps no ways that it could go back, so that it
// takes a step for each part of the pattern and no memory.
func TestSimplePatternsGoNoWayBack(t *testing.T) {
	for _, tc := range []struct{ pattern, text string }{
		{`^home/(\w+)/(\d+)$`, "home/kitchen/42"},
		{`^-?\d+(\.\d+)?([eE][+-]?\d+)?$`, "-12"},
		{`\s*,\s*`, "1 , 2"},
		{`^(?:on|off|true)$`, "true"},
		{`^(\d{1,3})\.(\d{1,3})$`, "192.168"},
	} {
		p, err := Compile(utf16.Encode([]rune(tc.pattern)), Flags{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := Match(p, []byte(tc.text), 0, false, func() {})
		if found == nil || err != nil {
			t.Errorf("/%s/ does not match %q: %v", tc.pattern, tc.text, err)
		}
		if n := cap(p.stack); n > 0 {
			t.Errorf("/%s/ kept %d ways back", tc.pattern, n)
		}
	}
}

// TestRunsThatMayBeShorter: a run keeps its way back where a shorter one may do.
func TestRunsThatMayBeShorter(t *testing.T) {
	for _, tc := range []struct{ pattern, text string }{
		{`^a*ab$`, "aaab"},
		{`^\w+\d$`, "ab12"},
		{`^a*(?:b|a)$`, "aaa"},
		{`^a*b?a$`, "aa"},
		{`^(?:a+)+a$`, "aaa"},
		{`^.*$\n^b$`, "a\nb"},
		{`^a*(?=a)`, "aa"},
		{`^\w*\b.`, "ab-"},
		{`^(a*)\1$`, "aaaa"},
		{`^(?:a*,?)+a$`, "a,a"},
		{`^a+(?:ab)?b`, "aab"},
	} {
		p, err := Compile(utf16.Encode([]rune(tc.pattern)), Flags{Multiline: true})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := Match(p, []byte(tc.text), 0, false, func() {}); found == nil || err != nil {
			t.Errorf("/%s/m does not match %q: %v", tc.pattern, tc.text, err)
		}
	}
}
