package dump_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/dump"
	"dunlin/mqtt"
)

const fullVariable = "DUMP_INTO_WITH_LITTLE_ROOM"

// TestMain is also the process that may write files of 4,096 bytes at most: what a write says where there is no room.
func TestMain(m *testing.M) {
	if dir := os.Getenv(fullVariable); dir != "" {
		os.Exit(dumpWithLittleRoom(dir))
	}
	os.Exit(m.Run())
}

func dumpWithLittleRoom(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		return 3
	}
	d, err := (&dump.Options{Dir: dir}).Open()
	if err != nil {
		return 3
	}
	for _, size := range []int{4096, 4097} {
		if err := d.Write(&mqtt.Received{Topic: "a", Payload: make([]byte, size)}, noon); err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
			return 1
		}
	}
	return 0
}

func TestNoRoomIsAnErrorAndLeavesNoPart(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fullVariable+"="+dir)
	said, _ := cmd.CombinedOutput()
	if want := "--dump: " + filepath.Join(dir, "a", "@20261129T120000.000000500Z-2") + ": file too large; 1 messages are kept in " + dir; string(said) != want {
		t.Errorf("said %q, want %q", said, want)
	}
	kept := files(t, dir)
	if len(kept) != 2 {
		t.Errorf("kept: %d files", len(kept))
	}
	for name := range kept {
		if strings.HasSuffix(name, ".part") {
			t.Errorf("there is %s", name)
		}
	}
}
