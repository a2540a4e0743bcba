package pcap

import (
	"encoding/binary"
	"net/netip"
)

// segment is what a frame carries of a connection of TCP.
type segment struct {
	from, to netip.AddrPort
	seq, ack uint32
	flags    byte
	payload  []byte // what the capture has of it
	length   int    // of it on the wire
}

// The flags of TCP.
const (
	flagFin   = 0x01
	flagSyn   = 0x02
	flagReset = 0x04
	flagAck   = 0x10
)

// content is what a frame turned out to have.
type content byte

const (
	isOther    content = iota // than TCP
	isSegment                 // of TCP
	isFragment                // a part of a packet of IP
	isCut                     // too little of it was kept
	isUnknown                 // begins with something that is not known
)

// mostTags is how many tags of VLANs a frame may have.
const mostTags = 8

// The types of Ethernet, and the protocols of IP, that are looked at.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86DD

	protocolTCP = 6
)

// parse finds the segment in a frame.
func parse(f *Frame, s *segment) content {
	b, size := f.Data, f.Size
	ether, skip := linkHead(f.Link, b)
	switch {
	case skip < 0:
		return isUnknown
	case skip > len(b):
		return isCut
	}
	b, size = b[skip:], size-skip
	for range mostTags {
		if ether != 0x8100 && ether != 0x88A8 && ether != 0x9100 { // of a VLAN
			break
		}
		if len(b) < 4 {
			return isCut
		}
		ether = binary.BigEndian.Uint16(b[2:])
		b, size = b[4:], size-4
	}
	if ether == 0 && len(b) > 0 { // IP, whose first bits tell the version
		ether = map[byte]uint16{4: etherIPv4, 6: etherIPv6}[b[0]>>4]
	}
	switch ether {
	case etherIPv4:
		return ipv4(b, size, s)
	case etherIPv6:
		return ipv6(b, size, s)
	}
	return isOther
}

// linkHead returns the type of what follows the head of a frame, 0 for IP of either version, and how long that head is; -1: it is
// of a kind that is not known. The numbers are those of https://www.tcpdump.org/linktypes.html.
func linkHead(link uint32, b []byte) (ether uint16, skip int) {
	at := func(offset, length int) (uint16, int) {
		if len(b) < length {
			return 0, len(b) + 1
		}
		return binary.BigEndian.Uint16(b[offset:]), length
	}
	switch link {
	case 1: // Ethernet
		return at(12, 14)
	case 0, 108: // the loopback of BSD and macOS: a family of addresses in an order that is not said
		return 0, 4
	case 12, 14, 101, 228, 229: // nothing
		return 0, 0
	case 113: // Linux, of any interface
		return at(14, 16)
	case 276: // the same, second version
		return at(0, 20)
	}
	return 0, -1
}

// ipv4 reads a packet of IPv4, RFC 791. size is what it had on the wire at most.
func ipv4(b []byte, size int, s *segment) content {
	if len(b) < 20 {
		return isCut
	}
	head := int(b[0]&0x0F) * 4
	switch total := int(binary.BigEndian.Uint16(b[2:])); {
	case b[0]>>4 != 4, head < 20, b[9] != protocolTCP:
		return isOther
	case binary.BigEndian.Uint16(b[6:])&0x3FFF != 0: // More Fragments, or an offset
		return isFragment
	case total == 0: // larger than it can say: the system has left the splitting to the device
	case total < head:
		return isOther
	default:
		size = min(size, total) // what follows is padding
	}
	if len(b) < head {
		return isCut
	}
	from, to := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	return tcp(b[head:min(len(b), max(size, head))], size-head, from, to, s)
}

// ipv6 reads a packet of IPv6, RFC 8200.
func ipv6(b []byte, size int, s *segment) content {
	const head = 40
	if len(b) < head {
		return isCut
	}
	if b[0]>>4 != 6 {
		return isOther
	}
	if length := int(binary.BigEndian.Uint16(b[4:])); length > 0 { // else larger than it can say
		size = min(size, head+length)
	}
	from, to := netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	next := b[6]
	b, size = b[head:min(len(b), max(size, head))], size-head
	for next != protocolTCP {
		length, what := extension(next, b)
		switch {
		case what != isSegment:
			return what
		case len(b) < length:
			return isCut
		}
		next = b[0]
		b, size = b[length:], size-length
	}
	return tcp(b, size, from, to, s)
}

// extension returns how long a header between IPv6 and TCP is.
func extension(kind byte, b []byte) (length int, what content) {
	const (
		hopByHop    = 0
		routing     = 43
		fragment    = 44
		authentic   = 51
		destination = 60
	)
	switch kind {
	case hopByHop, routing, fragment, authentic, destination:
	default:
		return 0, isOther
	}
	if len(b) < 8 {
		return 0, isCut
	}
	switch {
	case kind == authentic:
		return (int(b[1]) + 2) * 4, isSegment
	case kind != fragment:
		return (int(b[1]) + 1) * 8, isSegment
	case binary.BigEndian.Uint16(b[2:])&0xFFF9 == 0: // the only fragment
		return 8, isSegment
	case b[0] == protocolTCP:
		return 0, isFragment
	}
	return 0, isOther
}

// tcp reads a segment, RFC 9293.
func tcp(b []byte, size int, from, to netip.Addr, s *segment) content {
	if len(b) < 20 {
		return isCut
	}
	head := int(b[12]>>4) * 4
	if head < 20 || size < head {
		return isOther
	}
	*s = segment{
		from: netip.AddrPortFrom(from, binary.BigEndian.Uint16(b)), to: netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:])),
		seq: binary.BigEndian.Uint32(b[4:]), ack: binary.BigEndian.Uint32(b[8:]), flags: b[13], length: size - head,
	}
	if len(b) > head {
		s.payload = b[head:min(len(b), size)]
	}
	return isSegment
}
