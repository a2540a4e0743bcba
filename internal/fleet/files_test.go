//go:build unix

package fleet

import (
	"strings"
	"syscall"
	"testing"
)

// The limit of open files is raised to what a fleet needs, is never lowered, and where it may not be raised the error says what
// may be done.
func TestRaiseFiles(t *testing.T) {
	var before syscall.Rlimit
	get := func(l *syscall.Rlimit) {
		t.Helper()
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, l); err != nil {
			t.Fatal(err)
		}
	}
	get(&before)
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	})
	low := before
	low.Cur = asLimit(200)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var now syscall.Rlimit
	for _, c := range []struct{ clients, files int }{{100, 200}, {136, 200}, {137, 201}, {300, 364}, {10, 364}} {
		err := RaiseFiles(c.clients)
		if get(&now); err != nil || now.Cur != asLimit(c.files) || now.Max != before.Max {
			t.Errorf("for %d clients: %v, %d files of %d, want %d", c.clients, err, now.Cur, now.Max, c.files)
		}
	}
	const tooMany = 1 << 30 // the kernel of Linux allows less than that in all, to root, too
	err := RaiseFiles(tooMany)
	if err == nil || !strings.Contains(err.Error(), "1073741824 clients need 1073741888 open files, and this process may have ") {
		t.Errorf("%d clients: %v", tooMany, err)
	}
	if get(&now); now.Cur != asLimit(364) || now.Max != before.Max {
		t.Errorf("after that there are %d files of %d", now.Cur, now.Max)
	}
}
