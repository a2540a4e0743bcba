package lab

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

func TestResult(t *testing.T) {
	for _, fail := range []bool{false, true} {
		r := NewResult("kill9", 7, map[string]any{"kills": 3})
		r.Count("lost", 0)
		want := Passed
		if fail {
			r.Fail("message %d was lost", 5)
			want = Failed
		}
		var out bytes.Buffer
		if got := r.End(&out); got != want {
			t.Errorf("exit %d, want %d", got, want)
		}
		var line struct {
			Program  string
			Pass     bool
			Sizes    map[string]int
			Counts   map[string]int
			Findings []string
			Seed     int
			Seconds  *float64
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", out.String(), err)
		}
		if line.Program != "kill9" || line.Pass == fail || line.Sizes["kills"] != 3 || line.Seed != 7 || line.Seconds == nil {
			t.Errorf("got %s", out.String())
		}
		if fail && (len(line.Findings) != 1 || line.Findings[0] != "message 5 was lost") {
			t.Errorf("findings %q", line.Findings)
		}
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Errorf("more than a line: %s", out.String())
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	r := NewResult("cut", 1, nil)
	for range 100 {
		r.Fail("cell")
	}
	if len(r.findings) != mostFindings {
		t.Errorf("%d findings", len(r.findings))
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args []string
		exit int
		done bool
	}{
		{nil, Passed, false},
		{[]string{"-seed", "9"}, Passed, false},
		{[]string{"-h"}, Passed, true},
		{[]string{"-none"}, Usage, true},
		{[]string{"word"}, Usage, true},
	} {
		flags, seed := Flags("cut", "cuts")
		flags.SetOutput(io.Discard)
		exit, done := Parse(flags, seed, c.args)
		if exit != c.exit || done != c.done {
			t.Errorf("%q: %d %t", c.args, exit, done)
		}
		if !done && *seed == 0 {
			t.Errorf("%q: no seed", c.args)
		}
	}
}

func TestRandomRepeats(t *testing.T) {
	a, b, c := Random(1, "x").Uint64(), Random(1, "x").Uint64(), Random(1, "y").Uint64()
	if a != b || a == c {
		t.Errorf("%d %d %d", a, b, c)
	}
}
