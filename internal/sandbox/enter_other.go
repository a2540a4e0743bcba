//go:build !linux

package sandbox

import (
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryInterval is how often the process looks at its own memory.
const memoryInterval = 5 * time.Millisecond

// Enter sets the limit for memory: the collector works harder before it, and the process ends itself beyond it, as soon as
// it sees that, which may be a few milliseconds and as much memory as can be had in them late. The system itself enforces
// nothing here: files, addresses and names are held by the engine's checks alone, and the time by the parent.
func (c *Config) Enter() error {
	debug.SetMemoryLimit(c.Memory * 9 / 10)
	debug.SetMaxStack(int(c.Memory / 2))
	go func() {
		used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(memoryInterval) {
			metrics.Read(used)
			if int64(used[0].Value.Uint64()-used[1].Value.Uint64()) > c.Memory {
				fmt.Fprintln(os.Stderr, "out of memory")
				os.Exit(brokeOff)
			}
		}
	}()
	return nil
}
