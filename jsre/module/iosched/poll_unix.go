//go:build linux || darwin

package iosched

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// poll waits at most d until a descriptor is ready for a method: 0 to be read, 1 to be written, 2 for an
// exception.
func poll(method, fd int, d time.Duration) (bool, error) {
	events := []int16{unix.POLLIN, unix.POLLOUT, unix.POLLPRI}[method]
	list := []unix.PollFd{{Fd: int32(fd), Events: events}}
	n, err := unix.Poll(list, int(d.Milliseconds()))
	switch {
	case errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, err
	case n > 0 && list[0].Revents&unix.POLLNVAL != 0:
		return false, unix.EBADF
	}
	return n > 0, nil
}
