// Package link runs one live connection: it frames what comes in, writes what
// is to go out, and is the only package that touches the net.Conn.
//
// Two goroutines serve a link. The read loop reads as much as there is, and
// hands over whole packets, in batches. Its owner may take its time for one, and have
// another goroutine go on with the reading. The write loop sleeps until it is
// kicked; then it takes all that was appended meanwhile and writes it at once.
// While a write runs, packets pile up and go out together, so a busy link needs
// few system calls and an idle one has no delay.
package link
