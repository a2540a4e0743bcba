package decode

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// sparkplugType is a data type, Eclipse Sparkplug specification 3.0.0, section 6.4.16.
type sparkplugType uint32

const (
	int8Type    sparkplugType = 1
	int16Type   sparkplugType = 2
	int32Type   sparkplugType = 3
	int64Type   sparkplugType = 4
	firstArray  sparkplugType = 22
	floatArray  sparkplugType = 30
	doubleArray sparkplugType = 31
	boolArray   sparkplugType = 32
	textArray   sparkplugType = 33
	timeArray   sparkplugType = 34
)

// name returns the name of a data type, or "".
func (t sparkplugType) name() string {
	names := [...]string{
		"Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean",
		"String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList",
		"Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array",
		"FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray",
	}
	if int64(t) >= int64(len(names)) {
		return ""
	}
	return names[t]
}

// append appends the name as a string, or the number.
func (t sparkplugType) append(dst []byte) []byte {
	if name := t.name(); name != "" {
		return appendString(dst, name)
	}
	return strconv.AppendUint(dst, uint64(t), 10)
}

// appendInteger appends a whole number, which the payload has without a sign, as two's complement.
func (t sparkplugType) appendInteger(dst []byte, n uint64) []byte {
	switch t {
	case int8Type:
		return strconv.AppendInt(dst, int64(int8(n)), 10)
	case int16Type:
		return strconv.AppendInt(dst, int64(int16(n)), 10)
	case int32Type:
		return strconv.AppendInt(dst, int64(int32(n)), 10)
	case int64Type:
		return strconv.AppendInt(dst, int64(n), 10)
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendBytes appends bytes: as an array where the data type is one and the bytes fit it, else as base64.
func (t sparkplugType) appendBytes(dst, b []byte) []byte {
	switch {
	case t == boolArray && len(b) >= 4:
		if n := binary.LittleEndian.Uint32(b); uint64(len(b)-4) == (uint64(n)+7)/8 {
			return appendBits(dst, b[4:], int(n))
		}
	case t == textArray && (len(b) == 0 || b[len(b)-1] == 0):
		dst = append(dst, '[')
		for i := 0; len(b) > 0; i++ {
			var s []byte
			s, b, _ = bytes.Cut(b, []byte{0})
			dst = appendString(comma(dst, i), string(s))
		}
		return append(dst, ']')
	}
	if size := t.elementSize(); size > 0 && len(b)%size == 0 {
		dst = append(dst, '[')
		for i := 0; i < len(b); i += size {
			dst = t.appendElement(comma(dst, i), b[i:i+size])
		}
		return append(dst, ']')
	}
	return appendBytes(dst, b)
}

// elementSize returns how many bytes an element of an array of numbers has, or 0.
func (t sparkplugType) elementSize() int {
	switch {
	case t == floatArray:
		return 4
	case t == doubleArray || t == timeArray:
		return 8
	case t >= firstArray && t < floatArray: // of 8, 16, 32 and 64 bits, with a sign and without
		return 1 << ((t - firstArray) % 4)
	}
	return 0
}

// appendElement appends a number of an array, which is little-endian.
func (t sparkplugType) appendElement(dst, b []byte) []byte {
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	switch t {
	case floatArray:
		return appendFloat(dst, float64(math.Float32frombits(uint32(n))), 32)
	case doubleArray:
		return appendFloat(dst, math.Float64frombits(n), 64)
	}
	if t < firstArray+4 {
		return (t - firstArray + int8Type).appendInteger(dst, n)
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

func fieldOf(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

// typeOf returns the data type that a field says; 0 for none.
func typeOf(m protoreflect.Message, name protoreflect.Name) sparkplugType {
	return sparkplugType(m.Get(fieldOf(m, name)).Uint())
}

// list ranges over a field that is a list of messages.
func list(m protoreflect.Message, name string) iter.Seq[protoreflect.Message] {
	all := m.Get(fieldOf(m, protoreflect.Name(name))).List()
	return func(yield func(protoreflect.Message) bool) {
		for i := range all.Len() {
			if !yield(all.Get(i).Message()) {
				return
			}
		}
	}
}
