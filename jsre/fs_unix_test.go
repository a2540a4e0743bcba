//go:build unix

package jsre_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dunlin/jsre"
)

// A script that waits for a pipe that nobody writes to ends when it is asked to.
func TestReadingAPipeCanBeStopped(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // lets who is left behind go
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	})
	asked := errors.New("asked to end")
	ctx, cancel := context.WithCancelCause(t.Context())
	var out bytes.Buffer
	rt, err := jsre.New(jsre.Options{Stdout: writerFunc(func(b []byte) (int, error) { cancel(asked); return out.Write(b) })})
	if err != nil {
		t.Fatal(err)
	}
	err = rt.RunString(ctx, "pipe.js", "console.log('reading'); require('fs').readFileSync("+`"`+pipe+`"`+"); console.log('read');")
	if !errors.Is(err, asked) || out.String() != "reading\n" {
		t.Errorf("%v after %q", err, out.String())
	}
}
