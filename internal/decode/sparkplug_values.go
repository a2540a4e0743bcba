package decode

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"dunlin/internal/sparkplugb"
)

// sparkplugType is a data type, Eclipse Sparkplug specification 3.0.0, section 6.4.16.
type sparkplugType uint32

// append appends the name as a string, or the number.
func (t sparkplugType) append(dst []byte) []byte {
	if name := sparkplugb.TypeName(uint32(t)); name != "" {
		return appendString(dst, name)
	}
	return strconv.AppendUint(dst, uint64(t), 10)
}

// appendInteger appends a whole number, which the payload has without a sign, as two's complement.
func (t sparkplugType) appendInteger(dst []byte, n uint64) []byte {
	switch t {
	case sparkplugb.Int8:
		return strconv.AppendInt(dst, int64(int8(n)), 10)
	case sparkplugb.Int16:
		return strconv.AppendInt(dst, int64(int16(n)), 10)
	case sparkplugb.Int32:
		return strconv.AppendInt(dst, int64(int32(n)), 10)
	case sparkplugb.Int64:
		return strconv.AppendInt(dst, int64(n), 10)
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendBytes appends bytes: as an array where the data type is one and the bytes fit it, else as base64.
func (t sparkplugType) appendBytes(dst, b []byte) []byte {
	switch {
	case t == sparkplugb.BooleanArray && len(b) >= 4:
		if n := binary.LittleEndian.Uint32(b); uint64(len(b)-4) == (uint64(n)+7)/8 {
			return appendBits(dst, b[4:], int(n))
		}
	case t == sparkplugb.StringArray && (len(b) == 0 || b[len(b)-1] == 0):
		dst = append(dst, '[')
		for i := 0; len(b) > 0; i++ {
			var s []byte
			s, b, _ = bytes.Cut(b, []byte{0})
			dst = appendString(comma(dst, i), string(s))
		}
		return append(dst, ']')
	}
	if size := sparkplugb.ElementSize(uint32(t)); size > 0 && len(b)%size == 0 {
		dst = append(dst, '[')
		for i := 0; i < len(b); i += size {
			dst = t.appendElement(comma(dst, i), b[i:i+size])
		}
		return append(dst, ']')
	}
	return appendBytes(dst, b)
}

// appendElement appends a number of an array, which is little-endian.
func (t sparkplugType) appendElement(dst, b []byte) []byte {
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	switch t {
	case sparkplugb.FloatArray:
		return appendFloat(dst, float64(math.Float32frombits(uint32(n))), 32)
	case sparkplugb.DoubleArray:
		return appendFloat(dst, math.Float64frombits(n), 64)
	}
	if t < sparkplugb.Int8Array+4 {
		return (t - sparkplugb.Int8Array + sparkplugb.Int8).appendInteger(dst, n)
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendBits appends truth values, eight in a byte, the highest bit first.
func appendBits(dst, b []byte, n int) []byte {
	dst = append(dst, '[')
	for i := range n {
		dst = strconv.AppendBool(comma(dst, i), b[i/8]<<(i%8)&0x80 != 0)
	}
	return append(dst, ']')
}
