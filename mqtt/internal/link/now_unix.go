//go:build unix

package link

import (
	"net"
	"syscall"
)

// nowWriter writes to a socket what its buffer in the system takes at once.
type nowWriter struct {
	raw syscall.RawConn // nil: conn is none, or more than a socket
	do  func(fd uintptr)

	b []byte // to be written
	n int    // what was
}

func (w *nowWriter) init(conn net.Conn) {
	if !socket(conn) {
		return
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return // it is closed; the write loop will say so
	}
	w.raw, w.do = raw, w.once
}

func (w *nowWriter) able() bool { return w.raw != nil }

func (w *nowWriter) write(b []byte) int {
	w.b, w.n = b, 0
	// Control, and not Write, which minds the deadline of an earlier write.
	_ = w.raw.Control(w.do) // a connection that is closed takes nothing
	w.b = nil
	return w.n
}

// once writes once.
func (w *nowWriter) once(fd uintptr) {
	n, err := syscall.Write(int(fd), w.b)
	if err == nil {
		w.n = n
	}
}
