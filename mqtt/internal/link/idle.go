package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// idleTime is how long nothing may come before the buffer of a busy time is let go.
const idleTime = time.Second

// socket reports whether conn is a socket of the system and nothing more.
func socket(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// endures reports whether reading from conn goes on after a deadline. Of a socket and
// of TLS that is known; a WebSocket would be closed.
func endures(conn net.Conn) bool {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return socket(conn)
}

// watchIdle has the next read end after idleTime, when that would let a grown buffer
// go: a read holds its buffer for as long as it waits. One that was begun ahead has no
// such end, so that the buffer goes at once.
func (l *Link) watchIdle(in *inbox) {
	switch {
	case in.watched || in.end > 0 || in.isShrunk():
		return
	case l.ahead != nil:
		if l.ahead.waits() {
			in.shrink()
		}
		return
	case !l.endures:
		return
	}
	if !l.isEnding() { // else what is to come has a deadline
		in.watched, in.received = true, false
		l.setReadDeadline(time.Now().Add(idleTime))
	}
}

// unwatchIdle takes the deadline of watchIdle back.
func (l *Link) unwatchIdle(in *inbox) {
	if in.watched {
		in.watched = false
		l.setReadDeadline(time.Time{})
	}
}

// wentIdle reports whether err only says that the deadline of watchIdle has passed. If
// nothing came meanwhile, the buffer of a busy time goes.
func (l *Link) wentIdle(in *inbox, err error) bool {
	if !in.watched || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	l.unwatchIdle(in)
	if !in.received && in.end == 0 {
		in.shrink()
	}
	return true
}

// setReadDeadline sets a deadline of who reads, which gives way to that of the
// end of the link: that one may begin anew once, for it must not be cut short.
func (l *Link) setReadDeadline(at time.Time) {
	_ = l.conn.SetReadDeadline(at) // the read tells
	if l.isEnding() {
		_ = l.conn.SetReadDeadline(time.Now().Add(drainTime))
	}
}
