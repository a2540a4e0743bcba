//go:build linux

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Start starts cmd in its place.
func Start(cmd *exec.Cmd, where Place) error {
	if where == Anywhere {
		return cmd.Start()
	}
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	chosen := where.of(&all)
	runtime.LockOSThread() // what is started inherits the processors of this thread
	err := unix.SchedSetaffinity(0, &chosen)
	if err == nil {
		err = cmd.Start()
	}
	if back := unix.SchedSetaffinity(0, &all); back != nil {
		return errors.Join(err, back) // and the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// of returns the processors of a place. A machine that has one has it for both.
func (where Place) of(all *unix.CPUSet) (chosen unix.CPUSet) {
	first := 0
	for !all.IsSet(first) {
		first++
	}
	if where == FirstCore || all.Count() == 1 {
		chosen.Set(first)
		return chosen
	}
	chosen = *all
	chosen.Clear(first)
	return chosen
}

// EndWithParent sees to it that no driver is left behind.
func EndWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// Time returns the CPU time of another process, of all its threads: the
// kernel has a clock for each, whose number is made of the process's.
func Time(pid int) time.Duration {
	const scheduler = 2
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|scheduler), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

var memoryLine = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s*(\d+) kB`)

// Memory returns the resident memory of a process, now and at most.
func Memory(pid int) (now, most int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for _, m := range memoryLine.FindAllSubmatch(b, -1) {
		kib, _ := strconv.ParseInt(string(m[2]), 10, 64)
		if string(m[1]) == "RSS" {
			now = kib << 10
		} else {
			most = kib << 10
		}
	}
	return now, most
}
