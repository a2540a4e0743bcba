package sparkplug

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Arrays are bytes on the wire, section 6.4.17: numbers little-endian, texts each with a zero byte behind it, truth values as
// their number in four bytes and then bits, the highest first.

// arrayOf reads an array.
func arrayOf(t DataType, b string) (any, error) {
	switch t {
	case Int8Array:
		return elements(t, b, 1, func(b []byte) int8 { return int8(b[0]) })
	case Int16Array:
		return elements(t, b, 2, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) })
	case Int32Array:
		return elements(t, b, 4, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	case Int64Array:
		return elements(t, b, 8, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case UInt8Array:
		return []byte(b), nil
	case UInt16Array:
		return elements(t, b, 2, binary.LittleEndian.Uint16)
	case UInt32Array:
		return elements(t, b, 4, binary.LittleEndian.Uint32)
	case UInt64Array:
		return elements(t, b, 8, binary.LittleEndian.Uint64)
	case FloatArray:
		return elements(t, b, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case DoubleArray:
		return elements(t, b, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case DateTimeArray:
		return times(b)
	case BooleanArray:
		return bits(b)
	}
	return texts(b)
}

// elements reads an array of numbers of so many bytes each.
func elements[T any](t DataType, b string, size int, read func([]byte) T) (any, error) {
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no %s", len(b), t)
	}
	all := make([]T, 0, len(b)/size)
	for raw := []byte(b); len(raw) > 0; raw = raw[size:] {
		all = append(all, read(raw))
	}
	return all, nil
}

func times(b string) (any, error) {
	all, err := elements(DateTimeArray, b, 8, binary.LittleEndian.Uint64)
	if err != nil {
		return nil, err
	}
	list := make([]time.Time, 0, len(b)/8)
	for _, ms := range all.([]uint64) {
		at, err := toTime(ms)
		if err != nil {
			return nil, err
		}
		list = append(list, at.(time.Time))
	}
	return list, nil
}

func bits(b string) (any, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%d bytes are no %s", len(b), BooleanArray)
	}
	n := binary.LittleEndian.Uint32([]byte(b[:4]))
	if uint64(len(b)-4) != (uint64(n)+7)/8 {
		return nil, fmt.Errorf("%d bytes are no %s of %d", len(b), BooleanArray, n)
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = b[4+i/8]<<(i%8)&0x80 != 0
	}
	return all, nil
}

func texts(b string) (any, error) {
	if b == "" {
		return []string{}, nil
	}
	if b[len(b)-1] != 0 {
		return nil, fmt.Errorf("the last text of a %s is without its zero byte", StringArray)
	}
	if _, err := validText(b); err != nil {
		return nil, err
	}
	return strings.Split(b[:len(b)-1], "\x00"), nil
}

// encodeArray writes an array.
func encodeArray(t DataType, value any) (string, error) {
	own := typeOf(value)
	if own != t {
		return "", wrongGoType(t, value)
	}
	switch value := value.(type) {
	case []string:
		var b strings.Builder
		for _, s := range value {
			if strings.Contains(s, "\x00") {
				return "", fmt.Errorf("a text of a %s has U+0000", StringArray)
			}
			b.WriteString(s)
			b.WriteByte(0)
		}
		_, err := validText(b.String())
		return b.String(), err
	case []bool:
		return encodeBits(value)
	case []time.Time:
		var b []byte
		for _, at := range value {
			ms, err := fromTime(at)
			if err != nil {
				return "", err
			}
			b = binary.LittleEndian.AppendUint64(b, ms)
		}
		return string(b), nil
	}
	b, err := binary.Append(nil, binary.LittleEndian, value)
	return string(b), err
}

func encodeBits(all []bool) (string, error) {
	if uint64(len(all)) > math.MaxUint32 {
		return "", errors.New("too many truth values")
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(all)))
	b = append(b, make([]byte, (len(all)+7)/8)...)
	for i, v := range all {
		if v {
			b[4+i/8] |= 0x80 >> (i % 8)
		}
	}
	return string(b), nil
}
