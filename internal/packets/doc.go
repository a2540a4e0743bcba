// Package packets shows MQTT packets to people: field by field with the clause of the specification, in one line, as a log that is
// bounded, and as the reason why a connection ended. It reads MQTT 3.1, 3.1.1 and 5, both directions, and whatever else comes.
package packets

import "dunlin/mqtt"

// Packet is a packet as it was on the wire.
type Packet struct {
	Sent    bool         // by the client
	Version mqtt.Version // of the connection; 0: not known yet, as before a CONNECT
	Bytes   []byte       // the packet, or what is known of its beginning
	Size    int          // of the whole packet in bytes, as its fixed header says
	// Broken says that the connection ended before the whole packet came.
	Broken bool
	// Foreign says that the bytes are no packet: what came instead of MQTT, or behind what could not be read.
	Foreign bool
	// Dropped says that the proxy did not pass it on, on demand.
	Dropped bool
}
