package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dunlin/jsre"
)

// wedge takes one write and keeps it.
type wedge struct {
	entered func()
	release chan struct{}
}

func (w wedge) Write(p []byte) (int, error) {
	w.entered()
	<-w.release
	return len(p), nil
}

// Native code, which a write to a full pipe and a regular expression are, cannot
// be interrupted. The command must end all the same.
func TestRunLeavesAScriptThatDoesNotStop(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stuck.js")
	if err := os.WriteFile(path, []byte(`console.log('stuck');`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	stdout := wedge{entered: interrupt, release: make(chan struct{})}
	s := &script{patience: time.Millisecond}
	result := make(chan error, 1)
	go func() {
		result <- s.execute(ctx, scriptText{file: path}, jsre.Options{Stdout: stdout, Stderr: io.Discard})
	}()
	select {
	case err := <-result:
		if !errors.Is(err, errStuck) {
			t.Errorf("err %v, want %v", err, errStuck)
		}
		close(stdout.release)
	case <-time.After(time.Minute):
		close(stdout.release)
		t.Errorf("still waiting for the script; it ended with %v", <-result)
	}
}
