package terminal_test

import (
	"testing"

	"dunlin/internal/terminal"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":         "plain",
		"a\nb\n\nc\n":   "a; b; c",
		"\x1b[2J\r\x7f": `\x1b[2J\x0d\x7f`,
		"\xc3(":         `\xc3(`,
		"ünï \u202e?":   "ünï \u202e?",
	} {
		if got := terminal.OneLine(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
