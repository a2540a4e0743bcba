package packets

import (
	"fmt"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// The bits of the first byte of a PUBLISH.
const (
	bitRetain = 0x01
	bitDup    = 0x08
)

// header reads the fixed header, after which the packet's end is known.
func (w *walk) header() {
	first := w.b[0]
	f := w.add("MQTT Control Packet type", 1, w.clause("2.1.2", "2.2.1"))
	f.Value = fmt.Sprintf("%d %s", w.kind, typeNames[w.kind])
	switch way := wrongWay(w.kind, w.sent, w.five()); {
	case w.kind == 0, w.kind == typeAuth && !w.five():
		w.wrong(f, fmt.Sprintf("type %d is reserved", w.kind), w.clause("2.1.2", "2.2.1"))
	case way != "":
		w.wrong(f, way, w.clause("2.1.2", "2.2.1"))
	}
	if w.kind == typePublish {
		w.publishFlags(first)
	} else {
		w.flags(first & 0x0F)
	}
	n, f := w.varint("Remaining Length", w.clause("2.1.4", "2.2.3"))
	if f == nil || w.done {
		return
	}
	f.Note = "bytes that follow"
	w.end = w.at + n
	if more := len(w.b) - w.end; more > 0 {
		w.wrong(f, count(more, "byte")+" behind the end of the packet", w.malformed())
	}
	w.size = max(w.size, w.end)
}

// flags reads the lower half of the first byte, which is fixed for all but PUBLISH.
func (w *walk) flags(flags byte) {
	f := w.part("Flags", fmt.Sprintf("%04b", flags), w.clause("2.1.3", "2.2.2"))
	want := byte(0)
	statement := w.clause("MQTT-2.1.3-1", "MQTT-2.2.2-1")
	switch w.kind {
	case typePubRel:
		want, statement = 2, "MQTT-3.6.1-1"
	case typeSubscribe:
		want, statement = 2, "MQTT-3.8.1-1"
	case typeUnsubscribe:
		want, statement = 2, "MQTT-3.10.1-1"
	case typeDisconnect:
		statement = "MQTT-3.14.1-1"
	case typeAuth:
		statement = "MQTT-3.15.1-1"
	}
	if w.version == mqtt.V31 { // DUP and QoS stand here, or what is not used
		if want != 0 && flags&^byte(bitDup) != want {
			w.wrong(f, "QoS is not 1", "2.1")
		}
		return
	}
	if flags != want {
		w.wrong(f, fmt.Sprintf("reserved bits are not %04b", want), statement)
	}
}

// body reads what follows the fixed header.
func (w *walk) body() {
	w.personal = w.kind == typeConnAck || w.kind == typeAuth
	switch w.kind {
	case typeConnect:
		w.connect()
	case typeConnAck:
		w.connAck()
	case typePublish:
		w.publish()
	case typePubAck, typePubRec, typePubRel, typePubComp:
		w.acknowledgement()
	case typeSubscribe:
		w.subscribe()
	case typeSubAck, typeUnsubAck:
		w.answers()
	case typeUnsubscribe:
		w.unsubscribe()
	case typeDisconnect:
		w.disconnect()
	case typeAuth:
		w.auth()
	}
}

// packetID reads a packet identifier.
func (w *walk) packetID(clause string) {
	id, f := w.number("Packet Identifier", 2, clause)
	if f == nil {
		return
	}
	w.facts.id = uint16(id)
	w.say("id %d", id)
	if id != 0 {
		return
	}
	statement := w.clause("MQTT-2.2.1-3", "MQTT-2.3.1-1")
	if w.five() && !w.sent {
		statement = "MQTT-2.2.1-4"
	}
	w.wrong(f, "0 is no packet identifier", statement)
}

// code reads a reason code.
func (w *walk) code(name, clause string) *protocol.Field {
	value, f := w.number(name, 1, clause)
	if f == nil {
		return nil
	}
	w.judge(f, byte(value))
	w.facts.code = byte(value)
	return f
}

// judge shows a code, and notes one that the packet may not have.
func (w *walk) judge(f *protocol.Field, code byte) {
	f.Value = codeText(w.kind, code, w.five())
	if !w.five() {
		return
	}
	f.Note = meanings[code]
	if !isDefined(w.kind, code) {
		w.wrong(f, fmt.Sprintf("reason code 0x%02X is not defined for %s", code, typeNames[w.kind]), codeStatements[w.kind])
	}
}
