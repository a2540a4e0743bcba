package packets

import (
	"time"
	"unsafe"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// recordKind tells packets from events.
type recordKind byte

const (
	isPacket recordKind = iota
	isOpened
	isClosed
)

// record is a packet or an event without its bytes.
type record struct {
	micros       int64
	from, length int // of its bytes in the segment, or of the event's text
	size         int // of the whole packet
	device       int
	version      mqtt.Version
	kind         recordKind
	sent         bool
	broken       bool
	foreign      bool
	dropped      bool
}

const recordBytes = int(unsafe.Sizeof(record{}))

// segment is a part of a log that is forgotten at once. What stands in it does not change, so that readers need no lock once they
// have a copy of it.
type segment struct {
	first   int64 // number of the first record
	records []record
	data    []byte
}

// bytes returns the memory that the segment takes.
func (s *segment) bytes() int { return cap(s.data) + cap(s.records)*recordBytes }

// packet returns the packet of a record.
func (s *segment) packet(r *record) Packet {
	return Packet{
		Sent: r.sent, Version: r.version, Bytes: s.data[r.from : r.from+r.length], Size: r.size, Broken: r.broken, Foreign: r.foreign,
		Dropped: r.dropped,
	}
}

// line returns the line of record i.
func (s *segment) line(i int) protocol.Packet {
	r := &s.records[i]
	var p protocol.Packet
	switch r.kind {
	case isOpened:
		p = protocol.Packet{Type: "opened", Summary: s.text(r)}
	case isClosed:
		p = protocol.Packet{Type: "closed", Summary: s.text(r)}
	default:
		p = line(s.packet(r))
	}
	p.Number, p.Time, p.Device = s.first+int64(i), r.micros, r.device
	return p
}

// text returns the text of an event.
func (s *segment) text(r *record) string { return string(s.data[r.from : r.from+r.length]) }

// typeOf returns the type of a record as lines have it, without reading all of it.
func (s *segment) typeOf(r *record) string {
	switch {
	case r.kind == isOpened:
		return "opened"
	case r.kind == isClosed:
		return "closed"
	case r.length == 0:
		return typeNames[0]
	}
	if foreign(s.packet(r)) != "" {
		return otherBytes
	}
	return TypeName(s.data[r.from])
}

// micros returns a time as the log has it.
func micros(t time.Time) int64 { return t.UnixMicro() }
