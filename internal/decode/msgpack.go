package decode

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"dunlin/mqtt"
)

// timeExtension is the type of MessagePack's one extension that the format itself defines.
const timeExtension = -1

// packForm is what the first byte of a value says.
type packForm byte

const (
	packNone packForm = iota // 0xc1, which the format never uses
	packInt
	packUint
	packFloat
	packNil
	packBool
	packText
	packBinary
	packArray
	packMap
	packExtension
)

// packed says for the first bytes 0xc0 to 0xdf what value follows, and in how many bytes its number or its length.
var packed = [32]struct {
	form packForm
	size int
}{
	{packNil, 0},
	{packNone, 0},
	{packBool, 0},
	{packBool, 0},
	{packBinary, 1},
	{packBinary, 2},
	{packBinary, 4},
	{packExtension, 1},
	{packExtension, 2},
	{packExtension, 4},
	{packFloat, 4},
	{packFloat, 8},
	{packUint, 1},
	{packUint, 2},
	{packUint, 4},
	{packUint, 8},
	{packInt, 1},
	{packInt, 2},
	{packInt, 4},
	{packInt, 8},
	{packExtension, 0},
	{packExtension, 0},
	{packExtension, 0},
	{packExtension, 0},
	{packExtension, 0},
	{packText, 1},
	{packText, 2},
	{packText, 4},
	{packArray, 2},
	{packArray, 4},
	{packMap, 2},
	{packMap, 4},
}

// messagePack walks a payload value by value: what is there is never made larger than the payload.
type messagePack struct {
	rest []byte
}

// appendMessagePack appends a payload that is MessagePack.
func appendMessagePack(dst []byte, m *mqtt.Received) ([]byte, error) {
	p := &messagePack{rest: m.Payload}
	dst, err := p.append(dst, 0)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return dst, errEmpty
	case err != nil:
		return dst, fmt.Errorf("at byte %d: %w", len(m.Payload)-len(p.rest), err)
	case len(p.rest) > 0:
		return dst, fmt.Errorf("%d bytes follow the value", len(p.rest))
	}
	return dst, nil
}

func (p *messagePack) append(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	code, form, number, err := p.head()
	if err != nil {
		return dst, err
	}
	switch form {
	case packMap:
		return p.appendMap(dst, number, depth)
	case packArray:
		return p.appendArray(dst, number, depth)
	case packExtension:
		return p.appendExtension(dst, number)
	case packText:
		b, err := p.octets(number)
		return appendString(dst, string(b)), err
	case packBinary:
		b, err := p.octets(number)
		return appendBytes(dst, b), err
	}
	return appendPackedScalar(dst, code, form, number)
}

// head reads the beginning of a value: its first byte, what that says, and the number or the length with it.
func (p *messagePack) head() (code byte, form packForm, number uint64, err error) {
	first, err := p.octets(1)
	if err != nil {
		return 0, packNone, 0, err
	}
	code = first[0]
	switch {
	case code < 0x80:
		return code, packUint, uint64(code), nil
	case code < 0x90:
		return code, packMap, uint64(code & 0x0f), nil
	case code < 0xa0:
		return code, packArray, uint64(code & 0x0f), nil
	case code < 0xc0:
		return code, packText, uint64(code & 0x1f), nil
	case code >= 0xe0:
		return code, packInt, uint64(int8(code)), nil
	}
	kind := packed[code-0xc0]
	b, err := p.octets(uint64(kind.size))
	number = bigEndian(b)
	switch {
	case kind.form == packExtension && kind.size == 0: // of 1, 2, 4, 8 or 16 bytes
		number = 1 << (code - 0xd4)
	case kind.form == packInt: // with its sign
		unused := 64 - 8*kind.size
		number = uint64(int64(number<<unused) >> unused)
	}
	return code, kind.form, number, err
}

func appendPackedScalar(dst []byte, code byte, form packForm, number uint64) ([]byte, error) {
	switch form {
	case packNil:
		return append(dst, "null"...), nil
	case packBool:
		return strconv.AppendBool(dst, code == 0xc3), nil
	case packFloat:
		if code == 0xca {
			return appendFloat(dst, float64(math.Float32frombits(uint32(number))), 32), nil
		}
		return appendFloat(dst, math.Float64frombits(number), 64), nil
	case packUint:
		return strconv.AppendUint(dst, number, 10), nil
	case packInt:
		return strconv.AppendInt(dst, int64(number), 10), nil
	}
	return dst, fmt.Errorf("no value begins with 0x%x", code)
}

// octets reads so many bytes.
func (p *messagePack) octets(n uint64) ([]byte, error) {
	if n > uint64(len(p.rest)) {
		return nil, io.ErrUnexpectedEOF
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b, nil
}

// cut tells of a length that no payload of this size can have; each element has one byte at least.
func (p *messagePack) cut(n uint64) error {
	if n > uint64(len(p.rest)) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (p *messagePack) appendArray(dst []byte, n uint64, depth int) ([]byte, error) {
	err := p.cut(n)
	dst = append(dst, '[')
	for i := uint64(0); err == nil && i < n; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, err = p.append(dst, depth+1)
	}
	return append(dst, ']'), err
}

func (p *messagePack) appendMap(dst []byte, n uint64, depth int) ([]byte, error) {
	err := p.cut(n)
	dst = append(dst, '{')
	for i := uint64(0); err == nil && i < n; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = p.appendKey(dst); err == nil {
			dst, err = p.append(dst, depth+1)
		}
	}
	return append(dst, '}'), err
}

func (p *messagePack) appendKey(dst []byte) ([]byte, error) {
	if len(p.rest) == 0 {
		return dst, io.ErrUnexpectedEOF
	}
	start := len(dst)
	if code := p.rest[0]; code >= 0x80 && code < 0xa0 || code >= 0xdc && code < 0xe0 {
		return dst, errKey
	}
	dst, err := p.append(dst, 0)
	return quoteKey(dst, start), err
}

func (p *messagePack) appendExtension(dst []byte, size uint64) ([]byte, error) {
	kind, err := p.octets(1)
	if err != nil {
		return dst, err
	}
	data, err := p.octets(size)
	if err != nil {
		return dst, err
	}
	if int8(kind[0]) == timeExtension {
		if dst, ok := appendMessagePackTime(dst, data); ok {
			return dst, nil
		}
	}
	dst = strconv.AppendInt(append(dst, `{"type":`...), int64(int8(kind[0])), 10)
	return append(appendBytes(append(dst, `,"data":`...), data), '}'), nil
}

// appendMessagePackTime appends the time that the data of an extension -1 says, in one of its three widths.
func appendMessagePackTime(dst, data []byte) ([]byte, bool) {
	switch number := bigEndian(data); len(data) {
	case 4:
		return appendTime(dst, int64(number), 0)
	case 8:
		return appendTime(dst, int64(number&(1<<34-1)), number>>34)
	case 12:
		return appendTime(dst, int64(number), bigEndian(data[:4]))
	}
	return dst, false
}

// bigEndian returns the number that the last eight bytes of b say.
func bigEndian(b []byte) (n uint64) {
	for _, octet := range b {
		n = n<<8 | uint64(octet)
	}
	return n
}
