package cli

import (
	"strings"
	"testing"
)

func TestParseRedirects(t *testing.T) {
	t.Parallel()
	cases := []struct{ list, address, want string }{
		{"a:1=b:2", "a:1", "b:2"},
		{"a:1=b:2", "A:1", "b:2"},
		{"a:1=b:2", "a:3", "a:3"},
		{"a:1=b:2", "c:1", "c:1"},
		{":1=b:2", "x:1", "b:2"},
		{"a:=b:", "a:7", "b:7"},
		{":=:9", "a:7", "a:9"},
		{":=b:2", "[::1]:7", "b:2"},
		{"[::1]:7=[fe80::1]:8", "[::1]:7", "[fe80::1]:8"},
		{"a:1=b:2 a:1=c:3 d:1=e:5", "a:1", "b:2"},
		{"a:1=b:2 d:1=e:5", "d:1", "e:5"},
	}
	for _, c := range cases {
		redirect, err := parseRedirects(strings.Fields(c.list))
		if err != nil {
			t.Errorf("%s: %v", c.list, err)
			continue
		}
		if got, plain := redirect(c.address); got != c.want || plain {
			t.Errorf("%s: %s leads to %s, plain %v, want %s", c.list, c.address, got, plain, c.want)
		}
	}
	for _, s := range []string{"", "a:1", "a=b", "a:1=b", "::1:1=b:2", "a:0=b:2", "a:1=b:65536", "a:x=b:2", "a:1=b:+2", "a:1=b:99999999999999999999"} {
		if _, err := parseRedirects([]string{s}); err == nil || !strings.Contains(err.Error(), "--connect-to") {
			t.Errorf("%q: error %v", s, err)
		}
	}
	if redirect, err := parseRedirects(nil); redirect != nil || err != nil {
		t.Error("no redirect is a function")
	}
	if got, plain := everythingTo("h:1")("x:2"); got != "h:1" || !plain {
		t.Errorf("everything goes to %s, plain %v", got, plain)
	}
}
