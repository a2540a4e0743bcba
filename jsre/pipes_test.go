package jsre_test

import (
	"os"
	"testing"
)

// pipes makes a descriptor from which can be read and one from which there is nothing to read.
func pipes(t *testing.T) (ready, idle int) {
	t.Helper()
	open := func() (*os.File, *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
		return r, w
	}
	r, w := open()
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	i, _ := open()
	return int(r.Fd()), int(i.Fd())
}
