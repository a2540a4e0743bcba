package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"dunlin/mqtt"
)

// timeExtension is the type of MessagePack's one extension that the format itself defines.
const timeExtension = -1

// messagePack walks a payload value by value, because the library's maps lose order, and are made as large as
// the payload says they are.
type messagePack struct {
	rest *bytes.Reader
	dec  *msgpack.Decoder
}

// appendMessagePack appends a payload that is MessagePack.
func appendMessagePack(dst []byte, m *mqtt.Received) ([]byte, error) {
	p := &messagePack{rest: bytes.NewReader(m.Payload)}
	p.dec = msgpack.NewDecoder(p.rest)
	dst, err := p.append(dst, 0)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return dst, errEmpty
	case err != nil:
		return dst, fmt.Errorf("at byte %d: %w", len(m.Payload)-p.rest.Len(), err)
	case p.rest.Len() > 0:
		return dst, fmt.Errorf("%d bytes follow the value", p.rest.Len())
	}
	return dst, nil
}

func (p *messagePack) append(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	code, err := p.dec.PeekCode()
	if err != nil {
		return dst, err
	}
	switch {
	case isMap(code):
		return p.appendMap(dst, depth)
	case isArray(code):
		return p.appendArray(dst, depth)
	case msgpcode.IsExt(code):
		return p.appendExtension(dst)
	case msgpcode.IsString(code):
		b, err := p.octets(p.dec.DecodeBytesLen())
		return appendString(dst, string(b)), err
	case msgpcode.IsBin(code):
		b, err := p.octets(p.dec.DecodeBytesLen())
		return appendBytes(dst, b), err
	}
	return p.appendScalar(dst, code)
}

func (p *messagePack) appendScalar(dst []byte, code byte) ([]byte, error) {
	switch code {
	case msgpcode.Nil:
		return append(dst, "null"...), p.dec.DecodeNil()
	case msgpcode.True, msgpcode.False:
		b, err := p.dec.DecodeBool()
		return strconv.AppendBool(dst, b), err
	case msgpcode.Float:
		f, err := p.dec.DecodeFloat32()
		return appendFloat(dst, float64(f), 32), err
	case msgpcode.Double:
		f, err := p.dec.DecodeFloat64()
		return appendFloat(dst, f, 64), err
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Uint64:
		u, err := p.dec.DecodeUint64()
		return strconv.AppendUint(dst, u, 10), err
	}
	i, err := p.dec.DecodeInt64()
	return strconv.AppendInt(dst, i, 10), err
}

// length refuses a length that no payload of this size can have; each element has one byte at least.
func (p *messagePack) length(n int, err error) (int, error) {
	if err == nil && (n < 0 || n > p.rest.Len()) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// octets reads so many bytes. The library's way makes room for as many as the payload says it has.
func (p *messagePack) octets(n int, err error) ([]byte, error) {
	if n, err = p.length(n, err); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	return b, p.dec.ReadFull(b)
}

func (p *messagePack) appendArray(dst []byte, depth int) ([]byte, error) {
	n, err := p.length(p.dec.DecodeArrayLen())
	dst = append(dst, '[')
	for i := 0; err == nil && i < n; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, err = p.append(dst, depth+1)
	}
	return append(dst, ']'), err
}

func (p *messagePack) appendMap(dst []byte, depth int) ([]byte, error) {
	n, err := p.length(p.dec.DecodeMapLen())
	dst = append(dst, '{')
	for i := 0; err == nil && i < n; i++ {
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
	start := len(dst)
	code, err := p.dec.PeekCode()
	if err != nil {
		return dst, err
	}
	if isMap(code) || isArray(code) {
		return dst, errKey
	}
	dst, err = p.append(dst, 0)
	return quoteKey(dst, start), err
}

func isMap(code byte) bool {
	return msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32
}

func isArray(code byte) bool {
	return msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32
}

func (p *messagePack) appendExtension(dst []byte) ([]byte, error) {
	kind, size, err := p.dec.DecodeExtHeader()
	data, err := p.octets(size, err)
	if err != nil {
		return dst, err
	}
	if kind == timeExtension {
		if dst, ok := appendMessagePackTime(dst, data); ok {
			return dst, nil
		}
	}
	dst = strconv.AppendInt(append(dst, `{"type":`...), int64(kind), 10)
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
