package powerloss

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"dunlin/faultlab/internal/lab"
)

// TestSmall is the size for every change.
func TestSmall(t *testing.T) {
	var out bytes.Buffer
	if got := Run(t.Context(), []string{"-commits", "8", "-reopen", "3", "-keys", "4"}, &out, io.Discard); got != lab.Passed {
		t.Errorf("exit %d: %s", got, out.String())
	}
	if strings.Contains(out.String(), `"contents":0`) {
		t.Errorf("nothing was tried: %s", out.String())
	}
}

func TestMisused(t *testing.T) {
	if got := Run(t.Context(), []string{"-commits", "0"}, io.Discard, io.Discard); got != lab.Usage {
		t.Errorf("exit %d", got)
	}
}
