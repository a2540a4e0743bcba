package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if exit := Run(t.Context(), []string{"-schedules", "100", "-seed", "7"}, &out, io.Discard); exit != 0 {
		t.Fatalf("status %d: %s", exit, &out)
	}
	var result struct {
		Pass      bool
		Schedules int
	}
	if err := json.Unmarshal(out.Bytes(), &result); err != nil || !result.Pass || result.Schedules != 100 {
		t.Errorf("%s: %v", &out, err)
	}
	if exit := Run(t.Context(), []string{"-nonsense"}, io.Discard, io.Discard); exit == 0 {
		t.Error("an option that does not exist was taken")
	}
}
