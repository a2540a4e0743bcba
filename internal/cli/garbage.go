package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// maxGarbage is how much garbage a script may gather, in bytes, before it is
// collected. A small script would otherwise be collected every 4 MiB, which takes a
// quarter of its time when messages come fast. A large one is collected when its
// memory has doubled, as Go does.
const maxGarbage = 16 << 20

// gcPercent returns what GOGC is to be with that many live bytes: Go counts stacks
// and global variables, too, so that it is bounded.
func gcPercent(live uint64) int {
	return int(min(max(100, maxGarbage*100/max(live, 1)), 400))
}

// maxViewed is how much garbage `dunlin ui` may gather. What is live there are 128 MiB of
// history and the tree of topics, which is never garbage: to let it double, as Go does,
// would be to use twice the memory for nothing.
const maxViewed = 64 << 20

// viewingPercent is gcPercent for `dunlin ui`. Below 25 collecting would take more time
// than it is worth.
func viewingPercent(live uint64) int {
	return int(min(max(25, maxViewed*100/max(live, 1)), 100))
}

// spareMemory sets that pace, as spendMemory does.
var spareMemory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		paceGC(viewingPercent)
	}
})

// spendMemory sets the pace of garbage collection, for the whole process, unless GOGC
// says what it is to be.
var spendMemory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		paceGC(gcPercent)
	}
})

// paceGC sets GOGC after each cycle from now on to what it is to be with so many live
// bytes. It begins with 100.
func paceGC(percentFor func(live uint64) int) {
	percent := 100
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var cycle func(*[16]byte)
	cycle = func(p *[16]byte) {
		metrics.Read(sample)
		want := percentFor(sample[0].Value.Uint64())
		if want*4 > percent*5 || want*5 < percent*4 { // setting it stops the world
			percent = want
			debug.SetGCPercent(want)
		}
		runtime.SetFinalizer(p, cycle) // at the end of the next cycle
	}
	runtime.SetFinalizer(new([16]byte), cycle)
}
