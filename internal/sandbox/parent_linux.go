package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// attributes has the child die with its parent, and keeps Ctrl-C for the parent, which passes it on.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// ask asks a process for a clean end.
func ask(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

// memoryInterval is how often the child's memory is looked at, for the case that its own limit does not hold.
const memoryInterval = 20 * time.Millisecond

// watchMemory calls kill once the process has more than limit and a tenth in memory.
func watchMemory(ended <-chan struct{}, pid int, limit int64, kill func()) {
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			if memoryOf(fmt.Sprintf("/proc/%d/status", pid)) > limit+limit/10 {
				kill()
				return
			}
		}
	}
}

// ownCode is what counts for the program's own file. How much of that is in memory depends on the kernel, which maps
// it in pages of one size or another and may have all of it there, and not on the script.
const ownCode = 24 << 20

// memoryOf returns what a process has in memory, in bytes, with ownCode; 0: the file of its status does not tell.
func memoryOf(status string) int64 {
	own := statusField(status, "RssAnon")
	if own == 0 {
		return 0
	}
	return own + statusField(status, "RssShmem") + ownCode
}

// statusField returns a number of bytes of /proc/PID/status; 0: it is not there.
func statusField(file, name string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, after, found := bytes.Cut(text, []byte("\n"+name+":"))
	fields := bytes.Fields(after)
	if !found || len(fields) == 0 {
		return 0
	}
	kibibytes, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kibibytes << 10
}
