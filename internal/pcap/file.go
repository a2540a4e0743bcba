// Package pcap reads captures of a network: files of tcpdump, Wireshark and their kin, and what each side of a connection of TCP
// sent in them. It trusts nothing in a file: what it keeps is bounded, and what cannot be read is an error or a count.
package pcap

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// mostFrame is the most bytes that a frame may have. Tcpdump keeps at most 256 KiB of one.
	mostFrame = 16 << 20
	// mostSeconds is the end of the year 9999, behind which times have no form as text.
	mostSeconds = 253402300799
)

// Frame is a packet of the network as it was captured.
type Frame struct {
	Number int       // from 1 on
	Time   time.Time // at which it was captured
	Link   uint32    // its LINKTYPE: what it begins with
	Data   []byte    // what the capture has of it, until the next frame is read
	Size   int       // on the wire
}

// Reader reads a capture. One goroutine at a time may use it.
type Reader struct {
	in     *bufio.Reader
	order  binary.ByteOrder
	next   func(*Frame) error // of the form that the file has
	frame  Frame
	buf    []byte
	tail   [4]byte
	offset int64 // in the file, uncompressed
	err    error // after which nothing comes

	// Of the old form.
	link  uint32
	nanos int64 // of a unit of the second part of a time

	interfaces []nic // of the new form, in this section
}

// NewReader returns a reader of a capture in the form pcap or pcapng, compressed by gzip or not.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(2); len(head) == 2 && head[0] == 0x1F && head[1] == 0x8B { // gzip's (RFC 1952, section 2.3.1)
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("it is compressed and cannot be read: %w", err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
	}
	p := &Reader{in: in}
	head, err := in.Peek(4)
	if len(head) < 4 {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		return nil, errors.New("it is too short to be a capture")
	}
	if binary.BigEndian.Uint32(head) == sectionHeader {
		p.next = p.nextBlock
		return p, nil
	}
	p.next = p.nextRecord
	return p, p.readHead()
}

// ErrCut is what a capture ends with that ends inside a frame, as one does whose program was killed.
var ErrCut = errors.New("it ends inside a frame, perhaps because the capture was killed")

// Next returns the next frame, io.EOF behind the last one, and an error that wraps ErrCut where the file was cut short. After
// an error nothing comes.
func (r *Reader) Next() (*Frame, error) {
	if r.err != nil {
		return nil, r.err
	}
	r.frame.Number++
	err := r.next(&r.frame)
	switch {
	case err == nil:
		return &r.frame, nil
	case errors.Is(err, io.EOF):
		r.err = io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.err = fmt.Errorf("frame %d: %w", r.frame.Number, ErrCut)
	default:
		r.err = fmt.Errorf("frame %d, at byte %d of the capture: %w", r.frame.Number, r.offset, err)
	}
	return nil, r.err
}

// read reads n bytes, which hold until the next call. Where there is not one more the error is io.EOF.
func (r *Reader) read(n int) ([]byte, error) {
	const step = 64 << 10 // a length is believed no further than bytes come
	r.buf = r.buf[:0]
	for len(r.buf) < n {
		from := len(r.buf)
		r.buf = append(r.buf, make([]byte, min(step, n-from))...)
		got, err := io.ReadFull(r.in, r.buf[from:])
		r.offset += int64(got)
		if err != nil && from+got > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return r.buf, nil
}

// inside is the error of a read that is not the first one of a frame.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readHead reads the head of a file of the old form.
func (r *Reader) readHead() error {
	const (
		micros = 0xA1B2C3D4
		nanos  = 0xA1B23C4D
	)
	head, err := r.read(24)
	if err != nil {
		return errors.New("it is too short to be a capture")
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case micros:
			r.order, r.nanos = order, 1000
		case nanos:
			r.order, r.nanos = order, 1
		}
	}
	if r.order == nil {
		return errors.New("it is no capture: it begins neither as pcap nor as pcapng")
	}
	if major, minor := r.order.Uint16(head[4:]), r.order.Uint16(head[6:]); major != 2 || minor != 4 {
		return fmt.Errorf("it has version %d.%d of pcap, and 2.4 can be read", major, minor)
	}
	r.link = r.order.Uint32(head[20:]) & 0x0FFFFFFF // above it stands how long the checksum of a frame is
	return nil
}

// nextRecord reads a frame of the old form.
func (r *Reader) nextRecord(f *Frame) error {
	head, err := r.read(16)
	if err != nil {
		return err
	}
	f.Time = time.Unix(int64(r.order.Uint32(head)), int64(r.order.Uint32(head[4:]))*r.nanos).UTC()
	kept, size := r.order.Uint32(head[8:]), r.order.Uint32(head[12:])
	f.Link = r.link
	if err := f.sized(kept, size); err != nil {
		return err
	}
	f.Data, err = r.read(int(kept))
	return inside(err)
}

// sized takes how much of a frame was kept, and how long it was.
func (f *Frame) sized(kept, size uint32) error {
	if kept > mostFrame {
		return fmt.Errorf("it says to have %d bytes, more than any frame has; the capture is damaged from there on", kept)
	}
	f.Size = int(min(max(kept, size), mostFrame))
	return nil
}
