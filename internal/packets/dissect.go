package packets

import (
	"bytes"
	"fmt"
	"strings"

	"dunlin/internal/ui/protocol"
)

// shownBytes is how many bytes of a packet Dissect gives as they are.
const shownBytes = 4096

// Dissect returns the packet field by field, its line, and what is wrong with it. Number, Time and Device are left to the caller.
// Credentials are masked, also in the bytes.
func Dissect(p Packet) protocol.Dissected {
	b := bytes.Clone(p.Bytes)
	p.Bytes = b
	Mask(p)
	if what := foreign(p); what != "" {
		f := protocol.Field{Name: "bytes", Value: bytesText(b), Note: what, Length: len(b), Fault: "no packet of MQTT"}
		return protocol.Dissected{Packet: line(p), Fields: []protocol.Field{f}, Bytes: b[:min(len(b), shownBytes)]}
	}
	w := start(p)
	return protocol.Dissected{Packet: w.line(p.Dropped), Fields: w.fields, Bytes: b[:min(len(b), shownBytes)]}
}

// line returns the packet's line in a log.
func line(p Packet) protocol.Packet {
	if what := foreign(p); what != "" {
		return protocol.Packet{Sent: p.Sent, Type: otherBytes, Summary: what, Size: p.Size, Fault: "no packet of MQTT"}
	}
	return start(p).line(p.Dropped)
}

// swallowed is what the line of a packet says that was not passed on.
const swallowed = "not passed on by the proxy, as it was asked for"

func (w *walk) line(dropped bool) protocol.Packet {
	if dropped {
		w.summary = append(w.summary, swallowed)
	}
	return protocol.Packet{Sent: w.sent, Type: typeNames[w.kind], Summary: strings.Join(w.summary, ", "), Size: w.size, Fault: w.fault}
}

// otherBytes is the type of what is no packet.
const otherBytes = "bytes"

// foreign says what bytes are that are no packet of MQTT, "" for a packet.
func foreign(p Packet) string {
	b := p.Bytes
	switch {
	case len(b) >= 3 && b[0] == 0x16 && b[1] == 3 && b[2] <= 4:
		return "a handshake of TLS"
	case len(b) >= 3 && b[0] == 0x15 && b[1] == 3 && b[2] <= 4:
		return "an alert of TLS"
	case isHTTP(b):
		return "HTTP, as WebSocket begins"
	case p.Foreign:
		return fmt.Sprintf("%s that are no packet", count(p.Size, "byte"))
	}
	return ""
}

// isHTTP tells whether bytes begin as a request or an answer of HTTP.
func isHTTP(b []byte) bool {
	for _, begin := range []string{"GET ", "POST ", "PUT /", "HEAD ", "OPTIONS ", "CONNECT ", "HTTP/1."} {
		if bytes.HasPrefix(b, []byte(begin)) {
			return true
		}
	}
	return false
}

// Mask overwrites user name, password and authentication data in p.Bytes with asterisks, and all that may be such because the packet
// cannot be read to its end.
func Mask(p Packet) {
	if foreign(p) != "" {
		const harmless = 16 // enough to see what it is
		overwrite(p.Bytes[min(len(p.Bytes), harmless):])
		return
	}
	if len(p.Bytes) == 0 {
		return
	}
	switch p.Bytes[0] >> 4 {
	case typeConnect, typeConnAck, typeAuth:
	default:
		return
	}
	w := start(p)
	secrets := w.secrets
	if w.odd {
		secrets = append(secrets, w.doubtful...)
	}
	for _, s := range secrets {
		overwrite(p.Bytes[s[0]:s[1]])
	}
	overwrite(p.Bytes[min(w.at, len(p.Bytes)):])
}

func overwrite(secret []byte) {
	for i := range secret {
		secret[i] = '*'
	}
}

// IsForeign tells bytes that are not MQTT: those of HTTP or TLS.
func IsForeign(b []byte) bool { return foreign(Packet{Bytes: b}) != "" }
