//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package link

import "net"

// socket is not used here: the write loop writes everything.
type socket struct{ rest Batch }

func socketOf(net.Conn) *socket { return nil }

func (*socket) send([]byte) int { return 0 }
