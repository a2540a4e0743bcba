package mqtt

import (
	"math"
	"runtime/metrics"
	"sync"
)

const (
	// ballastSize is how much memory is held and not touched while large payloads come that
	// the application keeps, or may; and plentySize is how large the heap grows by itself, where none
	// is needed.
	ballastSize = 16 << 20
	plentySize  = 3 * ballastSize
	// ballastAfter is how much fresh memory payloads take within idleTime before it is held.
	ballastAfter = 8 << 20
)

// ballast has the garbage collector run less often. It runs when the heap has doubled, but at 4 MiB at
// the earliest: in a small program after each 60 payloads of 64 KiB, and then it costs more than all
// else that is done for them. Memory that is held but not touched takes none of the machine's, and
// counts like any other: the heap may grow by that much more before it is collected. It is one for
// all clients of the process.
var ballast struct {
	sync.Mutex
	holders int
	bytes   []byte
}

// holdBallast has it held for one client more, unless the collector has other orders, and reports
// whether it is. It may be called with the client's mutex held.
func holdBallast() bool {
	ballast.Lock()
	defer ballast.Unlock()
	if ballast.holders == 0 {
		if !wantsBallast() {
			return false
		}
		ballast.bytes = uncleared(ballastSize)
	}
	ballast.holders++
	return true
}

// dropBallast tells that one client less holds it.
func dropBallast() {
	ballast.Lock()
	defer ballast.Unlock()
	if ballast.holders--; ballast.holders == 0 {
		ballast.bytes = nil
	}
}

// wantsBallast reports whether the heap is small and nobody has set a limit for memory: what is held
// counts there.
func wantsBallast() bool {
	samples := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(samples)
	goal, limit := samples[0].Value, samples[1].Value
	return goal.Kind() == metrics.KindUint64 && goal.Uint64() < plentySize &&
		limit.Kind() == metrics.KindUint64 && limit.Uint64() == math.MaxInt64
}
