package verify

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// HeaderSize is how many bytes a numbered message begins with.
const HeaderSize = 36

// Property is the name of the MQTT 5 user property that holds the header where the payload has no place for it.
const Property = "dunlin"

// mark begins every header, so that messages of others are told from damaged ones of ours.
var mark = [4]byte{0xD1, 'l', 'b', 1}

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says which message this is: the form is mark, stream, number, time due, checksum of the rest of the payload, checksum
// of what is before it; numbers are big-endian.
type Header struct {
	Stream uint64
	Number uint64
	Due    int64 // Unix time in nanoseconds
}

// Errors of Read and ReadProperty.
var (
	// ErrForeign: the message was not numbered by a load.
	ErrForeign = errors.New("the message has no number")
	// ErrUnreadable: it was, but the header is damaged.
	ErrUnreadable = errors.New("the header is damaged")
	// ErrDamaged: the header is whole, and the rest of the payload is not what was sent.
	ErrDamaged = errors.New("the payload is damaged")
)

// Checksum is that of the rest of a payload, for Put.
func Checksum(rest []byte) uint32 { return crc32.Checksum(rest, castagnoli) }

// Put writes the header to the first HeaderSize bytes of b. Sum is the Checksum of what follows.
func (h Header) Put(b []byte, sum uint32) {
	_ = b[HeaderSize-1]
	copy(b, mark[:])
	binary.BigEndian.PutUint64(b[4:], h.Stream)
	binary.BigEndian.PutUint64(b[12:], h.Number)
	binary.BigEndian.PutUint64(b[20:], uint64(h.Due))
	binary.BigEndian.PutUint32(b[28:], sum)
	binary.BigEndian.PutUint32(b[32:], crc32.Checksum(b[:32], castagnoli))
}

// AppendProperty appends the value of the user property. Sum is the Checksum of the whole payload.
func (h Header) AppendProperty(b []byte, sum uint32) []byte {
	var raw [HeaderSize]byte
	h.Put(raw[:], sum)
	return base64.StdEncoding.AppendEncode(b, raw[:])
}

// Read reads the header of a payload and checks all of it. With ErrDamaged the header is right.
func Read(payload []byte) (Header, error) {
	if len(payload) < HeaderSize {
		if len(payload) >= len(mark) && [4]byte(payload) == mark {
			return Header{}, ErrUnreadable
		}
		return Header{}, ErrForeign
	}
	return read(payload[:HeaderSize], payload[HeaderSize:])
}

// ReadProperty reads the header of a user property and checks it and the payload, as Read does.
func ReadProperty(value string, payload []byte) (Header, error) {
	var raw [HeaderSize]byte
	if base64.StdEncoding.DecodedLen(len(value)) != HeaderSize {
		return Header{}, ErrUnreadable
	}
	if n, err := base64.StdEncoding.Decode(raw[:], []byte(value)); err != nil || n != HeaderSize {
		return Header{}, ErrUnreadable
	}
	return read(raw[:], payload)
}

func read(header, rest []byte) (Header, error) {
	sound := binary.BigEndian.Uint32(header[32:]) == crc32.Checksum(header[:32], castagnoli)
	switch {
	case [4]byte(header) != mark && !sound:
		return Header{}, ErrForeign
	case [4]byte(header) != mark || !sound:
		return Header{}, ErrUnreadable
	}
	h := Header{
		Stream: binary.BigEndian.Uint64(header[4:]),
		Number: binary.BigEndian.Uint64(header[12:]),
		Due:    int64(binary.BigEndian.Uint64(header[20:])),
	}
	if binary.BigEndian.Uint32(header[28:]) != Checksum(rest) {
		return h, ErrDamaged
	}
	return h, nil
}
