// Package pcaptest makes captures for tests.
package pcaptest

import (
	"encoding/binary"
	"net/netip"

	"dunlin/internal/pcap"
)

// The flags of TCP.
const (
	Syn   = 0x02
	Reset = 0x04
	Ack   = 0x10
)

// Segment is one of TCP.
type Segment struct {
	From, To netip.AddrPort
	Seq, Ack uint32
	Flags    byte
	Options  []byte // a multiple of four bytes
	Payload  []byte
}

// IP returns the segment in a packet of IP, of the version that the addresses have. Checksums are not in it: they are mostly wrong in
// captures, for the device makes them.
func (s *Segment) IP() []byte {
	tcp := binary.BigEndian.AppendUint16(nil, s.From.Port())
	tcp = binary.BigEndian.AppendUint16(tcp, s.To.Port())
	tcp = binary.BigEndian.AppendUint32(tcp, s.Seq)
	tcp = binary.BigEndian.AppendUint32(tcp, s.Ack)
	tcp = append(tcp, byte(20+len(s.Options))<<2, s.Flags, 255, 255, 0, 0, 0, 0)
	tcp = append(append(tcp, s.Options...), s.Payload...)
	var ip []byte
	if s.From.Addr().Is4() {
		ip = binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(20+len(tcp)))
		ip = append(ip, 0, 0, 0x40, 0, 64, 6, 0, 0)
	} else {
		ip = binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(tcp)))
		ip = append(ip, 6, 64)
	}
	ip = append(append(ip, s.From.Addr().AsSlice()...), s.To.Addr().AsSlice()...)
	return append(ip, tcp...)
}

// Ethernet returns the segment in a frame of Ethernet.
func (s *Segment) Ethernet() []byte {
	kind := uint16(0x0800)
	if s.From.Addr().Is6() {
		kind = 0x86DD
	}
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), kind), s.IP()...)
}

// File returns frames of Ethernet in the form pcap, with times in µs.
func File(frames []pcap.Frame) []byte {
	order := binary.LittleEndian
	b := order.AppendUint32(nil, 0xA1B2C3D4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for i := range frames {
		f := &frames[i]
		b = order.AppendUint32(b, uint32(f.Time.Unix()))
		b = order.AppendUint32(b, uint32(f.Time.Nanosecond()/1000))
		b = order.AppendUint32(b, uint32(len(f.Data)))
		b = order.AppendUint32(b, uint32(f.Size))
		b = append(b, f.Data...)
	}
	return b
}

// Blocks returns frames of Ethernet in the form pcapng, with times in ns.
func Blocks(frames []pcap.Frame) []byte {
	const unsaid = 255
	b := Block(0x0A0D0D0A, 0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0, unsaid, unsaid, unsaid, unsaid, unsaid, unsaid, unsaid, unsaid)
	b = append(b, Block(1, 1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0)...)
	order := binary.LittleEndian
	for i := range frames {
		f := &frames[i]
		at := uint64(f.Time.UnixNano())
		body := order.AppendUint32(make([]byte, 4), uint32(at>>32))
		body = order.AppendUint32(body, uint32(at))
		body = order.AppendUint32(body, uint32(len(f.Data)))
		body = order.AppendUint32(body, uint32(f.Size))
		body = append(body, f.Data...)
		b = append(b, Block(6, append(body, make([]byte, -len(body)&3)...)...)...)
	}
	return b
}

// Block returns a block of pcapng, the lowest byte of numbers first.
func Block(kind uint32, body ...byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(12+len(body)))
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, uint32(12+len(body)))
}
