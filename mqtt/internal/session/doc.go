// Package session holds the protocol state of one MQTT session: packet
// identifiers, the QoS 1 and 2 flows in both directions, the send window, the
// order of acknowledgements and the keep alive deadlines.
//
// It does no I/O, reads no clock, takes no lock and starts no goroutine. Every
// method is told the time where it matters, appends the packets to be sent to
// the buffer it is given, and returns what became complete. The caller
// serialises all calls with one mutex.
package session
