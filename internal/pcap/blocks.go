package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"time"
)

// The types of blocks of pcapng (draft-ietf-opsawg-pcapng) that are looked at. Others have no frames.
const (
	sectionHeader  = 0x0A0D0D0A
	interfaceBlock = 1
	oldPacket      = 2
	simplePacket   = 3
	enhancedPacket = 6
)

// nic is an interface that was captured.
type nic struct {
	link   uint32
	unit   uint64 // of a second, that times count; 0: none that can be read
	offset int64  // in seconds, of all its times
}

// nextBlock reads blocks up to one with a frame.
func (r *Reader) nextBlock(f *Frame) error {
	for {
		kind, body, err := r.block()
		if err != nil {
			return err
		}
		switch kind {
		case interfaceBlock:
			err = r.addInterface(body)
		case enhancedPacket, oldPacket:
			return r.packetBlock(f, kind, body)
		case simplePacket:
			err = errors.New("it has no time (a Simple Packet Block), and a recording needs one; capture with another program")
		}
		if err != nil {
			return err
		}
	}
}

// block reads a block. The body of one that is not looked at is nil.
func (r *Reader) block() (kind uint32, body []byte, err error) {
	head, err := r.read(8)
	if err != nil {
		return 0, nil, err
	}
	if binary.BigEndian.Uint32(head) == sectionHeader {
		length := [4]byte(head[4:])
		return sectionHeader, nil, inside(r.section(length))
	}
	if r.order == nil {
		return 0, nil, errors.New("it is no capture: a block of pcapng stands before the first section")
	}
	kind, length := r.order.Uint32(head), r.order.Uint32(head[4:])
	rest, err := bodyLength(length)
	if err != nil {
		return 0, nil, err
	}
	switch kind {
	case interfaceBlock, oldPacket, simplePacket, enhancedPacket:
		body, err = r.body(rest)
	default:
		err = r.skip(rest)
	}
	if err == nil {
		err = r.end(length)
	}
	return kind, body, inside(err)
}

// bodyLength returns how long the body of a block of that length is.
func bodyLength(length uint32) (int, error) {
	if length < 12 || length > math.MaxInt32 || length%4 != 0 {
		return 0, fmt.Errorf("a block says that it has %d bytes, which no block has; the capture is damaged from there on", length)
	}
	return int(length) - 12, nil
}

// body reads the body of a block.
func (r *Reader) body(n int) ([]byte, error) {
	const most = mostFrame + 64<<10 // with options
	if n > most {
		return nil, fmt.Errorf("a block says that it has %d bytes, more than any has; the capture is damaged from there on", n)
	}
	return r.read(n)
}

// skip passes over n bytes.
func (r *Reader) skip(n int) error {
	passed, err := r.in.Discard(n)
	r.offset += int64(passed)
	return err
}

// end reads the end of a block, which says its length again.
func (r *Reader) end(length uint32) error {
	n, err := io.ReadFull(r.in, r.tail[:]) // apart from the body
	r.offset += int64(n)
	if err != nil {
		return err
	}
	if again := r.order.Uint32(r.tail[:]); again != length {
		return fmt.Errorf("a block of %d bytes ends as one of %d; the capture is damaged from there on", length, again)
	}
	return nil
}

// section begins a section, of which the length of its block was read.
func (r *Reader) section(length [4]byte) error {
	const magic = 0x1A2B3C4D
	b, err := r.read(16)
	if err != nil {
		return err
	}
	switch {
	case binary.LittleEndian.Uint32(b) == magic:
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(b) == magic:
		r.order = binary.BigEndian
	default:
		return errors.New("it is no capture: a section of pcapng does not say in which order its bytes are")
	}
	if major := r.order.Uint16(b[4:]); major != 1 {
		return fmt.Errorf("it has version %d of pcapng, and 1 can be read", major)
	}
	r.interfaces = r.interfaces[:0]
	total := r.order.Uint32(length[:])
	rest, err := bodyLength(total)
	switch {
	case err != nil:
		return err
	case rest < 16:
		return fmt.Errorf("a section says that its head has %d bytes, which none has; the capture is damaged from there on", total)
	}
	if err := r.skip(rest - 16); err != nil {
		return err
	}
	return r.end(total)
}

// addInterface takes an interface, whose number is how many there were before.
func (r *Reader) addInterface(body []byte) error {
	const (
		most       = 1 << 16
		resolution = 9
		offset     = 14
	)
	if len(body) < 8 || len(r.interfaces) == most {
		return errors.New("an interface is described that cannot be; the capture is damaged from there on")
	}
	n := nic{link: uint32(r.order.Uint16(body)), unit: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, length := r.order.Uint16(o), int(r.order.Uint16(o[2:]))
		padded := (length + 3) &^ 3
		if o = o[4:]; code == 0 || padded > len(o) {
			break
		}
		switch {
		case code == resolution && length == 1:
			n.unit = unitOf(o[0])
		case code == offset && length == 8:
			n.offset = int64(r.order.Uint64(o))
		}
		o = o[padded:]
	}
	r.interfaces = append(r.interfaces, n)
	return nil
}

// unitOf returns how many units a second has: a power of ten, or, with the highest bit, of two.
func unitOf(resolution byte) uint64 {
	if n := resolution & 0x7F; resolution >= 0x80 && n < 64 {
		return 1 << n
	}
	if resolution >= 20 { // also powers of two that are too large
		return 0
	}
	unit := uint64(1)
	for range resolution {
		unit *= 10
	}
	return unit
}

// packetBlock takes the frame of a block.
func (r *Reader) packetBlock(f *Frame, kind uint32, body []byte) error {
	const head = 20
	if len(body) < head {
		return errors.New("its block is too short; the capture is damaged from there on")
	}
	id := r.order.Uint32(body)
	if kind == oldPacket { // the other half is a count of what was lost
		id = uint32(r.order.Uint16(body))
	}
	if uint64(id) >= uint64(len(r.interfaces)) {
		return fmt.Errorf("it is from interface %d, and %d are described; the capture is damaged from there on", id, len(r.interfaces))
	}
	n := &r.interfaces[id]
	ticks := uint64(r.order.Uint32(body[4:]))<<32 | uint64(r.order.Uint32(body[8:]))
	var err error
	if f.Time, err = n.time(ticks); err != nil {
		return err
	}
	kept := r.order.Uint32(body[12:])
	if uint64(kept) > uint64(len(body)-head) {
		return fmt.Errorf("it says to have %d bytes, more than its block; the capture is damaged from there on", kept)
	}
	f.Link, f.Data = n.link, body[head:head+int(kept)]
	return f.sized(kept, r.order.Uint32(body[16:]))
}

// time returns the time that a frame has.
func (n *nic) time(ticks uint64) (time.Time, error) {
	if n.unit == 0 {
		return time.Time{}, errors.New("its time counts parts of a second that are too small to be read")
	}
	seconds, rest := ticks/n.unit, ticks%n.unit
	if seconds > mostSeconds || n.offset > mostSeconds || n.offset < -mostSeconds {
		return time.Time{}, errors.New("its time is behind the year 9999; the capture is damaged from there on")
	}
	at := int64(seconds) + n.offset
	if at < 0 || at > mostSeconds {
		return time.Time{}, errors.New("its time is before 1970 or behind the year 9999; the capture is damaged from there on")
	}
	high, low := bits.Mul64(rest, uint64(time.Second))
	nanos, _ := bits.Div64(high, low, n.unit)
	return time.Unix(at, int64(nanos)).UTC(), nil
}
