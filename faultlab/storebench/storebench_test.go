package storebench

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"dunlin/faultlab/internal/lab"
	"dunlin/mqtt/store"
	"dunlin/mqtt/store/storetest"
)

// TestBoltPassesTheKit: what is measured beside our log does the same.
func TestBoltPassesTheKit(t *testing.T) {
	dirs := map[*testing.T]string{}
	storetest.Run(t, func(t *testing.T) store.Store {
		if dirs[t] == "" {
			dirs[t] = t.TempDir()
		}
		s, err := OpenBolt(dirs[t], false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// TestBoltKnowsNoBitRot: bbolt has no checksum on its data, so a flipped bit of a value is a wrong
// value that nobody notices. It is why this comparison is not about speed alone.
func TestBoltKnowsNoBitRot(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenBolt(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	value := bytes.Repeat([]byte("accepted"), 25)
	if err := s.Commit([]store.Change{{Key: 1, Value: value}}); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	path := filepath.Join(dir, "bolt.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(file, value)
	if at < 0 {
		t.Fatal("the value is not in the file")
	}
	flips, unnoticed := len(value)*8, 0
	for bit := range flips {
		damaged := bytes.Clone(file)
		damaged[at+bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenBolt(dir, false)
		if err != nil {
			continue
		}
		have, err := storetest.Contents(s)
		if got := have[1]; err == nil && got != "" && got != string(value) {
			unnoticed++
		}
		_ = s.Close()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d flips of a value went unnoticed", unnoticed, flips)
	if unnoticed == 0 {
		t.Error("bbolt notices: say so where the choice of the log is explained")
	}
}

func TestMeasures(t *testing.T) {
	var out bytes.Buffer
	if got := Run(t.Context(), []string{"-time", "5ms", "-dir", t.TempDir()}, &out, io.Discard); got != lab.Passed {
		t.Errorf("exit %d: %s", got, out.String())
	}
}
