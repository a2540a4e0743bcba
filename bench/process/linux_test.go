//go:build linux

package process

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestFirstCoreIsOneProcessor, and the other processes have the rest.
func TestFirstCoreIsOneProcessor(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	first, others := FirstCore.of(&all), OtherCores.of(&all)
	if first.Count() != 1 || others.Count() != max(all.Count()-1, 1) {
		t.Errorf("one processor is %d, the others are %d of %d", first.Count(), others.Count(), all.Count())
	}
}
