package drive

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
)

// profile starts a CPU profile, when one is wanted, and returns what ends it. The
// profile of allocations covers the whole process.
func (r *Run) profile() (stop func() error, err error) {
	if r.Profile == "" {
		return func() error { return nil }, nil
	}
	runtime.MemProfileRate = 64 << 10
	f, err := os.Create(r.Profile + ".cpu.prof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(f.Close(), r.allocations())
	}, nil
}

func (r *Run) allocations() error {
	f, err := os.Create(r.Profile + ".allocs.prof")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
