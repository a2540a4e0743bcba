package sandbox

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestUntouchedBytesAreNotInMemory, though a part of them is where Go had others, which it has not given back.
func TestUntouchedBytesAreNotInMemory(t *testing.T) {
	const size = 64 << 20
	useAndForget(2 * size)
	debug.FreeOSMemory()
	useAndForget(1 << 20)
	runtime.GC()
	before := memoryOf("/proc/self/status")
	b := untouched(size)
	if more := memoryOf("/proc/self/status") - before; more > size/8 {
		t.Errorf("%d KiB more in memory for %d of addresses", more>>10, size>>10)
	}
	runtime.KeepAlive(b)
}

// useAndForget has bytes in memory that nobody has any more when it returns.
//
//go:noinline
func useAndForget(size int) { bytes.Repeat([]byte{1}, size) }

// TestGiveBackLeavesNothingInMemory, of what was touched, up to the pages at its ends.
func TestGiveBackLeavesNothingInMemory(t *testing.T) {
	const size = 64 << 20
	b := bytes.Repeat([]byte{1}, size)
	before := memoryOf("/proc/self/status")
	if err := giveBack(b[1 : size-1]); err != nil {
		t.Fatal(err)
	}
	if less := before - memoryOf("/proc/self/status"); less < size-size/8 {
		t.Errorf("%d KiB less in memory, of %d", less>>10, size>>10)
	}
	if b[0] != 1 || b[size-1] != 1 || b[size/2] != 0 {
		t.Errorf("what is beside it is changed, or it is not: %d %d %d", b[0], b[size-1], b[size/2])
	}
	runtime.KeepAlive(b)
}
