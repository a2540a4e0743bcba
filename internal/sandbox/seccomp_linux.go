package sandbox

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// architectures are the names that the kernel has for those that the program is built for.
var architectures = map[string]uint32{
	"386": unix.AUDIT_ARCH_I386, "amd64": unix.AUDIT_ARCH_X86_64, "arm": unix.AUDIT_ARCH_ARM, "arm64": unix.AUDIT_ARCH_AARCH64,
	"mips": unix.AUDIT_ARCH_MIPS, "mipsle": unix.AUDIT_ARCH_MIPSEL, "riscv64": unix.AUDIT_ARCH_RISCV64,
}

// refused are system calls that a script never needs: they run programs, look into other processes or reach parts of
// the kernel that other filters do not see.
var refused = []uint32{
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_USERFAULTFD, unix.SYS_PERF_EVENT_OPEN, unix.SYS_MOUNT, unix.SYS_UNSHARE, unix.SYS_SETNS,
}

// filterCalls has the kernel refuse system calls with EPERM, in all threads.
func (c *Config) filterCalls() error {
	architecture, known := architectures[runtime.GOARCH]
	if !known {
		return nil
	}
	filter := program(architecture, c.refusedCalls())
	arg := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Only the thread that asks needs no_new_privs, and the others get it with the filter.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("sandbox: give up rights: %w", err)
	}
	_, _, errno := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&arg)))
	if errno != 0 && !errors.Is(errno, syscall.ENOSYS) && !errors.Is(errno, syscall.EINVAL) { // a kernel without it
		return fmt.Errorf("sandbox: filter system calls: %w", errno)
	}
	return nil
}

func (c *Config) refusedCalls() []uint32 {
	if len(c.Net) > 0 {
		return refused
	}
	sockets := []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR}
	if runtime.GOARCH == "386" {
		const socketcall = 102 // what Go calls there for all that sockets do
		sockets = append(sockets, socketcall)
	}
	return append(sockets, refused...)
}

// program returns the filter: numbers of calls mean what they should on one architecture alone, so on another
// every call is refused.
func program(architecture uint32, calls []uint32) []unix.SockFilter {
	const (
		load         = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal        = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atLeast      = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer       = unix.BPF_RET | unix.BPF_K
		number       = 0 // offsets in struct seccomp_data
		arch         = 4
		otherNumbers = 0x40000000 // x32: the same calls again under other numbers
		allow        = 0x7fff0000
		refuse       = 0x00050000 | uint32(syscall.EPERM)
	)
	end := uint8(len(calls) + 1) // from the first comparison to the refusal
	filter := []unix.SockFilter{
		{Code: load, K: arch},
		{Code: equal, K: architecture, Jf: end + 2},
		{Code: load, K: number},
		{Code: atLeast, K: otherNumbers, Jt: end},
	}
	for i, call := range calls {
		filter = append(filter, unix.SockFilter{Code: equal, K: call, Jt: uint8(len(calls) - i)})
	}
	return append(filter, unix.SockFilter{Code: answer, K: allow}, unix.SockFilter{Code: answer, K: refuse})
}
