// Package link runs one live connection: it frames what comes in, writes what
// is to go out, and is the only package that touches the net.Conn.
//
// Two goroutines serve a link. One reads as much as there is, and hands over whole packets, a
// batch a read; the owner may have another goroutine go on with that, also one of the
// application. The write loop sleeps until it is
// kicked; then it takes all that was appended meanwhile and writes it at once.
// While a write runs, packets pile up and go out together, so a busy link needs
// few system calls and an idle one has no delay.
package link
