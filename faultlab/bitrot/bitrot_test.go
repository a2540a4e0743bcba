package bitrot

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"dunlin/faultlab/internal/lab"
)

// TestSampled is the size for every change.
func TestSampled(t *testing.T) {
	for _, extra := range [][]string{nil, {"-killed"}} {
		var out bytes.Buffer
		if got := Run(t.Context(), append([]string{"-sample", "300"}, extra...), &out, io.Discard); got != lab.Passed {
			t.Errorf("exit %d: %s", got, out.String())
		}
		if !strings.Contains(out.String(), `"flips":300`) {
			t.Errorf("not 300 flips: %s", out.String())
		}
	}
}

// TestAllOfSmall goes through all bits of a small store.
func TestAllOfSmall(t *testing.T) {
	var out bytes.Buffer
	if got := Run(t.Context(), []string{"-size", "500", "-value", "20", "-segment", "1000000"}, &out, io.Discard); got != lab.Passed {
		t.Errorf("exit %d: %s", got, out.String())
	}
}

func TestMisused(t *testing.T) {
	if got := Run(t.Context(), []string{"-sample", "-1"}, io.Discard, io.Discard); got != lab.Usage {
		t.Errorf("exit %d", got)
	}
}
