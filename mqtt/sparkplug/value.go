package sparkplug

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"dunlin/internal/sparkplugb"
)

// kinds are the fields that values are in, of those types that have one; integers have two.
var kinds = map[DataType]sparkplugb.Kind{
	Float: sparkplugb.Float, Double: sparkplugb.Double, Boolean: sparkplugb.Bool, String: sparkplugb.Text, Text: sparkplugb.Text,
	UUID: sparkplugb.Text, DateTime: sparkplugb.Long, Bytes: sparkplugb.Bytes, File: sparkplugb.Bytes,
}

// interpret returns the Go value that a value on the wire means in a data type.
func interpret(t DataType, v sparkplugb.Value) (any, error) {
	switch kind, ok := kinds[t]; {
	case t >= Int8 && t <= UInt64:
		return wholeNumber(t, v)
	case t >= Int8Array && t <= DateTimeArray && v.Kind == sparkplugb.Bytes:
		return arrayOf(t, v.Text)
	case !ok:
		return interpretNested(t, v)
	case kind != v.Kind:
		return nil, wrongKind(t, v)
	case t == DateTime:
		return toTime(v.Bits)
	}
	return plain(v)
}

// interpretNested is interpret for values that are made of others.
func interpretNested(t DataType, v sparkplugb.Value) (any, error) {
	switch ref := v.Ref.(type) {
	case *sparkplugb.DataSet:
		if t == DataSetType {
			return readDataSet(ref)
		}
	case *sparkplugb.Template:
		if t == TemplateType {
			return readTemplate(ref)
		}
	case *sparkplugb.PropertySet:
		if t == PropertySet {
			return readProperties(ref)
		}
	case *[]sparkplugb.PropertySet:
		if t == PropertySetList {
			return readPropertyList(*ref)
		}
	}
	if !t.valid() {
		return nil, fmt.Errorf("%d is no data type", t)
	}
	return nil, wrongKind(t, v)
}

// kindNames are the fields that values are in, by their kinds.
var kindNames = [...]string{
	"no value", "int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value", "bytes_value",
	"dataset_value", "template_value", "propertyset_value", "propertysets_value",
}

func wrongKind(t DataType, v sparkplugb.Value) error {
	return fmt.Errorf("a value of type %s cannot be %s", t, kindNames[v.Kind])
}

// wholeNumber reads an integer, which is without a sign on the wire: negative ones are in two's complement, of 32 bits
// or as wide as the type.
func wholeNumber(t DataType, v sparkplugb.Value) (any, error) {
	if v.Kind != sparkplugb.Int && v.Kind != sparkplugb.Long {
		return nil, wrongKind(t, v)
	}
	n := v.Bits
	if t <= Int64 && v.Kind == sparkplugb.Int {
		n = uint64(int32(n))
	}
	if width := 8 << ((t - Int8) % 4); width < 64 {
		tooLarge := n >= 1<<width
		if t <= Int64 && int64(n) < 0 {
			tooLarge = int64(n) < -1<<(width-1)
		}
		if tooLarge {
			return nil, fmt.Errorf("%d does not fit the type %s", v.Bits, t)
		}
	}
	return ofWidth(t, n), nil
}

// ofWidth returns a number as the Go value of an integer type.
func ofWidth(t DataType, n uint64) any {
	switch t {
	case Int8:
		return int8(n)
	case Int16:
		return int16(n)
	case Int32:
		return int32(n)
	case Int64:
		return int64(n)
	case UInt8:
		return uint8(n)
	case UInt16:
		return uint16(n)
	case UInt32:
		return uint32(n)
	}
	return n
}

func validText(s string) (any, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("a text is not UTF-8")
	}
	return s, nil
}

// maxMilliseconds is the last moment of the year 9999: what is later is no time, and would not fit Go's.
const maxMilliseconds = 253_402_300_799_999

func toTime(ms uint64) (any, error) {
	if ms > maxMilliseconds {
		return nil, fmt.Errorf("%d milliseconds are after the year 9999", ms)
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

// fromTime returns the milliseconds since 1970, in UTC as all times of Sparkplug are.
func fromTime(t time.Time) (uint64, error) {
	ms := t.UnixMilli()
	if ms < 0 || ms > maxMilliseconds {
		return 0, fmt.Errorf("the time %s is not between 1970 and 9999", t.UTC().Format(time.RFC3339))
	}
	return uint64(ms), nil
}

// encode returns the value on the wire for a Go value of a data type.
func encode(t DataType, value any) (sparkplugb.Value, error) {
	if v, ok := encodeNumber(t, value); ok {
		return v, nil
	}
	switch value := value.(type) {
	case string:
		if t == String || t == Text || t == UUID {
			_, err := validText(value)
			return sparkplugb.Value{Kind: sparkplugb.Text, Text: value}, err
		}
	case time.Time:
		if t == DateTime {
			ms, err := fromTime(value)
			return sparkplugb.Value{Kind: sparkplugb.Long, Bits: ms}, err
		}
	case []byte:
		if t == Bytes || t == File || t == UInt8Array {
			return sparkplugb.Value{Kind: sparkplugb.Bytes, Text: string(value)}, nil
		}
	}
	if t >= Int8Array && t <= DateTimeArray {
		text, err := encodeArray(t, value)
		return sparkplugb.Value{Kind: sparkplugb.Bytes, Text: text}, err
	}
	return encodeNested(t, value)
}

// encodeNested is encode for values that are made of others.
func encodeNested(t DataType, value any) (v sparkplugb.Value, err error) {
	switch value := value.(type) {
	case *DataSet:
		if t == DataSetType && value != nil {
			v.Kind = sparkplugb.Table
			v.Ref, err = writeDataSet(value)
			return v, err
		}
	case *Template:
		if t == TemplateType && value != nil {
			v.Kind = sparkplugb.Nested
			v.Ref, err = writeTemplate(value)
			return v, err
		}
	case []Property:
		if t == PropertySet {
			v.Kind = sparkplugb.Set
			v.Ref, err = writeProperties(value)
			return v, err
		}
	case [][]Property:
		if t == PropertySetList {
			v.Kind = sparkplugb.Sets
			v.Ref, err = writePropertyList(value)
			return v, err
		}
	}
	if !t.valid() {
		return v, fmt.Errorf("%d is no data type", t)
	}
	return v, wrongGoType(t, value)
}

func wrongGoType(t DataType, value any) error {
	return fmt.Errorf("a Go value of type %T cannot be of type %s", value, t)
}

// encodeNumber is encode for numbers and truth values. Those of up to 32 bits have their sign in all of the 32.
func encodeNumber(t DataType, value any) (sparkplugb.Value, bool) {
	kind, bits, own := sparkplugb.Int, uint64(0), DataType(0)
	switch value := value.(type) {
	case int8:
		bits, own = uint64(uint32(value)), Int8
	case int16:
		bits, own = uint64(uint32(value)), Int16
	case int32:
		bits, own = uint64(uint32(value)), Int32
	case int64:
		kind, bits, own = sparkplugb.Long, uint64(value), Int64
	case uint8:
		bits, own = uint64(value), UInt8
	case uint16:
		bits, own = uint64(value), UInt16
	case uint32:
		bits, own = uint64(value), UInt32
	case uint64:
		kind, bits, own = sparkplugb.Long, value, UInt64
	case float32:
		kind, bits, own = sparkplugb.Float, uint64(math.Float32bits(value)), Float
	case float64:
		kind, bits, own = sparkplugb.Double, math.Float64bits(value), Double
	case bool:
		kind, own = sparkplugb.Bool, Boolean
		if value {
			bits = 1
		}
	}
	return sparkplugb.Value{Kind: kind, Bits: bits}, own != 0 && own == t
}

// plain returns the Go value of a value on the wire whose type is not known.
func plain(v sparkplugb.Value) (any, error) {
	switch v.Kind {
	case sparkplugb.Int:
		return uint32(v.Bits), nil
	case sparkplugb.Long:
		return v.Bits, nil
	case sparkplugb.Float:
		return math.Float32frombits(uint32(v.Bits)), nil
	case sparkplugb.Double:
		return math.Float64frombits(v.Bits), nil
	case sparkplugb.Bool:
		return v.Bits != 0, nil
	case sparkplugb.Text:
		return validText(v.Text)
	case sparkplugb.Bytes:
		return []byte(v.Text), nil
	case sparkplugb.Table:
		return interpretNested(DataSetType, v)
	case sparkplugb.Nested:
		return interpretNested(TemplateType, v)
	}
	return nil, nil
}

// untyped is the reverse of plain.
func untyped(value any) (sparkplugb.Value, error) {
	if b, ok := value.([]byte); ok {
		return sparkplugb.Value{Kind: sparkplugb.Bytes, Text: string(b)}, nil
	}
	t := typeOf(value)
	if t == 0 {
		return sparkplugb.Value{}, fmt.Errorf("a Go value of type %T needs a data type", value)
	}
	return encode(t, value)
}
