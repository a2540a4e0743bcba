//go:build unix

package ui_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
)

// TestPipeIsNoRecording: to open one would wait for who writes to it, and nothing else that the page asks would be answered.
func TestPipeIsNoRecording(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := view(t, start(t, ui.Options{Folder: folder}))
	if err := v.ask("connect", protocol.Connect{Replay: "pipe.json"}, nil); err == nil || !strings.Contains(err.Error(), "is no recording") {
		t.Errorf("%v", err)
	}
}
