package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"dunlin/internal/cli"
)

// Times that make no sense are refused, and not taken for no bound, or for nothing to do.
func TestTimesOfRecordingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.ndjson")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"record", file, "-t", "a", "--duration", "-1s"}, "record: --duration -1s is negative"},
		{[]string{"replay", file, "--from", "10s", "--to", "5s"}, "replay: --from 10s is later than --to 5s"},
		{[]string{"replay", file, "--from", "2026-05-01T12:00:01Z", "--to", "2026-05-01T12:00:00Z"}, "replay: --from 2026-05-01T12:00:01Z is later than --to"},
	} {
		r := start(t, nil, append(c.args, "-p", "1")...)
		if status := r.wait(t); status != cli.ExitUsage || !strings.Contains(r.stderr.String(), c.want) {
			t.Errorf("%q: status %d, stderr %q; want %s", c.args, status, r.stderr.String(), c.want)
		}
	}
}
