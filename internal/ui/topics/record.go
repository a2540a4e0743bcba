package topics

import (
	"encoding/binary"
	"time"

	"dunlin/mqtt"
)

// head is what a record begins with.
type head struct {
	before  position // the record before it of the same topic
	far     position // one that is further back
	number  int64    // within its topic, from 1 on
	time    int64    // microseconds since 1970
	tree    uint32
	node    uint32
	payload uint32 // bytes
	props   uint32
	flags   byte
}

// Flags of a record. The first two bits are the QoS.
const (
	isRetain  = 1 << (iota + 2)
	isDup     // the server's word
	isCopied  // it was copied to the end of the log, and is the latest of its topic
	isLarge   // its body stands beside the segment
	isLeftOut // its body was too long to be kept
)

// Where the parts of a head are. Payloads and properties are shorter than 1<<28 bytes, as packets are, and the bits above
// have the flags.
const (
	atBefore  = 0
	atFar     = 8
	atNumber  = 16
	atTime    = 24
	atTree    = 32
	atNode    = 36
	atPayload = 40
	atProps   = 44
	headSize  = 48

	indexSize  = 8
	lengthBits = 28
	lengthMask = 1<<lengthBits - 1
)

func (h *head) has(flag byte) bool { return h.flags&flag != 0 }

func (h *head) set(flag byte, on bool) {
	h.flags &^= flag
	if on {
		h.flags |= flag
	}
}

// append appends the head as a record begins.
func (h *head) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.before))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.far))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.number))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.time))
	dst = binary.LittleEndian.AppendUint32(dst, h.tree)
	dst = binary.LittleEndian.AppendUint32(dst, h.node)
	dst = binary.LittleEndian.AppendUint32(dst, h.payload|uint32(h.flags&15)<<lengthBits)
	return binary.LittleEndian.AppendUint32(dst, h.props|uint32(h.flags>>4)<<lengthBits)
}

// recordSize returns how many bytes of a segment a record with this head takes.
func recordSize(h *head) int { return headSize + bodySize(h.flags, int(h.payload)+int(h.props)) }

func bodySize(flags byte, length int) int {
	switch {
	case flags&isLeftOut != 0:
		return 0
	case flags&isLarge != 0:
		return indexSize
	}
	return length + padding(length)
}

// padding is what is missing to a multiple of eight.
func padding(n int) int { return -n & 7 }

func appendIndex(dst []byte, index int) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(index))
}

// record is a record in a segment, and what follows it there.
type record []byte

func (r record) before() position { return position(binary.LittleEndian.Uint64(r[atBefore:])) }
func (r record) far() position    { return position(binary.LittleEndian.Uint64(r[atFar:])) }
func (r record) number() int64    { return int64(binary.LittleEndian.Uint64(r[atNumber:])) }
func (r record) micros() int64    { return int64(binary.LittleEndian.Uint64(r[atTime:])) }
func (r record) tree() uint32     { return binary.LittleEndian.Uint32(r[atTree:]) }
func (r record) node() uint32     { return binary.LittleEndian.Uint32(r[atNode:]) }

func (r record) payload() int { return int(binary.LittleEndian.Uint32(r[atPayload:]) & lengthMask) }
func (r record) props() int   { return int(binary.LittleEndian.Uint32(r[atProps:]) & lengthMask) }

func (r record) flags() byte {
	low := binary.LittleEndian.Uint32(r[atPayload:]) >> lengthBits
	return byte(low | binary.LittleEndian.Uint32(r[atProps:])>>lengthBits<<4)
}

func (r record) flag(flag byte) bool { return r.flags()&flag != 0 }
func (r record) qos() mqtt.QoS       { return mqtt.QoS(r.flags() & 3) }
func (r record) at() time.Time       { return time.UnixMicro(r.micros()) }

// millis returns the time as the page has it.
func (r record) millis() int64 { return r.micros() / 1000 }

// setCopied sets the flag, or takes it away.
func (r record) setCopied(on bool) {
	const bit = uint32(isCopied>>4) << lengthBits
	v := binary.LittleEndian.Uint32(r[atProps:]) &^ bit
	if on {
		v |= bit
	}
	binary.LittleEndian.PutUint32(r[atProps:], v)
}

// size returns how many bytes of the segment the record takes.
func (r record) size() int { return headSize + bodySize(r.flags(), r.payload()+r.props()) }

// cost returns how many bytes it takes in all.
func (r record) cost() int64 {
	cost := int64(r.size())
	if r.flag(isLarge) {
		cost += allocated(r.payload() + r.props())
	}
	return cost
}

// inline returns the body that stands in the segment.
func (r record) inline() []byte {
	if r.flag(isLeftOut) {
		return nil
	}
	return r[headSize : headSize+r.payload()+r.props()]
}

func (r record) largeIndex() int {
	return int(binary.LittleEndian.Uint64(r[headSize:]))
}

func (r record) setLargeIndex(index int) {
	binary.LittleEndian.PutUint64(r[headSize:], uint64(index))
}
