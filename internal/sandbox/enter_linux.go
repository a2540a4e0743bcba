package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// margin is what a script does not get, for Go's heap grows beyond its limit before the garbage collector has caught up.
const margin = 6 << 20

// Enter gives up what the process does not need for its grants. It is called in the child before the script is
// read, once, and holds until the process ends:
//
//   - memory, see limitMemory; before it ends the collector works harder;
//   - 256 descriptors at most, and no core file;
//   - no more rights by executing something (no_new_privs);
//   - a filter of system calls (seccomp): no program is executed, no process traced, and without a grant for it
//     no socket made;
//   - of files nothing but the grants, and of TCP ports those granted (Landlock, where the kernel has it: 5.13
//     for files, 6.7 for ports). A build with cgo has it from the version of Landlock on that reaches all threads.
func (c *Config) Enter() error {
	if err := c.limitMemory(); err != nil {
		return err
	}
	for resource, most := range map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: 256} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("sandbox: set a limit: %w", err)
		}
	}
	if err := onAllThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil && !errors.Is(err, syscall.ENOTSUP) {
		return fmt.Errorf("sandbox: give up rights: %w", err)
	}
	if err := c.restrictFiles(); err != nil {
		return err
	}
	return c.filterCalls()
}

// arena is the unit in which Go reserves addresses for its heap, on 64-bit systems. On others it reserves all that it
// ever will at the start, so that the parent's watch alone holds the memory.
const arena = 64 << 20

// metadata is what Go needs beside its heap, to keep account of it, and less than one arena.
const metadata = 24 << 20

// ballast takes the addresses of the last arena that the script may not have. It takes no memory.
var ballast []byte

// untouched returns n bytes with whatever is in them, of which the first alone was touched. What make returns is cleared where Go had used a part
// of it before, so that for a moment all of it is in memory, and whoever watches that takes it for the script's.
func untouched(n int) []byte {
	var b strings.Builder // which does not clear
	b.Grow(n)
	b.WriteByte(0) // so that there is something to point at
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}

// limitMemory has a request for memory beyond the limit end the process, at once and by Go itself. RLIMIT_DATA cannot:
// Go maps its heap over addresses that it has reserved, and the kernel does not count that against it. It counts reserved
// addresses against RLIMIT_AS, and Go reserves whole arenas: so no arena more than needed, and of the last one only a part.
func (c *Config) limitMemory() error {
	const status = "/proc/self/status"
	used, addresses := memoryOf(status), statusField(status, "VmSize")
	if used == 0 || addresses == 0 {
		return errors.New("sandbox: /proc/self/status does not tell the memory of this process; without it there is no limit for memory")
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	left := c.Memory - used - margin
	if left <= 0 {
		return fmt.Errorf("sandbox: --memory %s is less than the program itself needs", describe(c.Memory))
	}
	// A part is for Go's account of its heap, and what it has given back it may take again.
	room := max(left*15/16-int64(now.HeapReleased), 0)
	reserved := reservedForHeap()
	debug.SetMaxStack(int(c.Memory / 2))
	if reserved < 0 || onAllThreads(unix.SYS_GETPID, 0, 0, 0) != nil { // with cgo, threads reserve addresses, too
		debug.SetMemoryLimit(int64(now.Sys-now.HeapReleased) + room*9/10)
		return nil
	}
	more := (max(room-reserved, 0) + arena - 1) / arena * arena
	ballast = untouched(int(max(reserved+more-room, 1)))
	if err := giveBack(ballast); err != nil {
		return fmt.Errorf("sandbox: limit memory: %w", err)
	}
	debug.SetMemoryLimit(int64(now.Sys-now.HeapReleased) + int64(len(ballast)) + room*9/10)
	most := uint64(addresses + more + metadata)
	if err := syscall.Setrlimit(unix.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		return fmt.Errorf("sandbox: limit memory: %w", err)
	}
	return nil
}

// giveBack has the kernel take the memory of b, which may be there where a part of it was in use before.
func giveBack(b []byte) error {
	page := os.Getpagesize()
	skipped := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (page - 1)
	if whole := (len(b) - skipped) &^ (page - 1); whole > 0 {
		return unix.Madvise(b[skipped:skipped+whole], unix.MADV_DONTNEED)
	}
	return nil
}

// reservedForHeap returns how many bytes Go has reserved for its heap and does not use yet: they follow those it uses.
// It returns -1 where that cannot be seen, or addresses are scarce.
func reservedForHeap() int64 {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil || strconv.IntSize < 64 {
		return -1
	}
	inHeap := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(text))))
	used := uint64(0) // the end of the heap as far as it was seen
	for line := range strings.Lines(string(text)) {
		var from, to uint64
		var rights string
		if n, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); n != 3 || err != nil {
			return -1
		}
		switch {
		case rights == "rw-p" && (from <= inHeap && inHeap < to || from == used):
			used = to
		case from == used:
			return int64(to - from)
		}
	}
	return 0
}

// onAllThreads makes a system call in every thread of the process; ENOTSUP: this build cannot.
func onAllThreads(trap, a1, a2, a3 uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall(trap, a1, a2, a3)
	if errno != 0 {
		return errno
	}
	return nil
}
