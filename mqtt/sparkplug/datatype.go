package sparkplug

import (
	"strconv"

	"dunlin/internal/sparkplugb"
)

// DataType is the type of a value, section 6.4.16 of the specification.
type DataType uint32

// The data types, each with the Go type of its values. In a Metric, NewMetric finds the type by the Go type, except
// where it says "set Type".
const (
	Int8            DataType = sparkplugb.Int8                // int8
	Int16           DataType = sparkplugb.Int16               // int16
	Int32           DataType = sparkplugb.Int32               // int32
	Int64           DataType = sparkplugb.Int64               // int64
	UInt8           DataType = sparkplugb.UInt8               // uint8
	UInt16          DataType = sparkplugb.UInt16              // uint16
	UInt32          DataType = sparkplugb.UInt32              // uint32
	UInt64          DataType = sparkplugb.UInt64              // uint64
	Float           DataType = sparkplugb.FloatType           // float32
	Double          DataType = sparkplugb.DoubleType          // float64
	Boolean         DataType = sparkplugb.Boolean             // bool
	String          DataType = sparkplugb.String              // string
	DateTime        DataType = sparkplugb.DateTime            // time.Time, to the millisecond
	Text            DataType = sparkplugb.TextType            // string; set Type
	UUID            DataType = sparkplugb.UUID                // string; set Type
	DataSetType     DataType = sparkplugb.DataSetType         // *DataSet
	Bytes           DataType = sparkplugb.BytesType           // []byte
	File            DataType = sparkplugb.File                // []byte; set Type
	TemplateType    DataType = sparkplugb.TemplateType        // *Template
	PropertySet     DataType = sparkplugb.PropertySetType     // []Property; of properties only
	PropertySetList DataType = sparkplugb.PropertySetListType // [][]Property; of properties only
	Int8Array       DataType = sparkplugb.Int8Array           // []int8
	Int16Array      DataType = sparkplugb.Int16Array          // []int16
	Int32Array      DataType = sparkplugb.Int32Array          // []int32
	Int64Array      DataType = sparkplugb.Int64Array          // []int64
	UInt8Array      DataType = sparkplugb.UInt8Array          // []uint8; set Type
	UInt16Array     DataType = sparkplugb.UInt16Array         // []uint16
	UInt32Array     DataType = sparkplugb.UInt32Array         // []uint32
	UInt64Array     DataType = sparkplugb.UInt64Array         // []uint64
	FloatArray      DataType = sparkplugb.FloatArray          // []float32
	DoubleArray     DataType = sparkplugb.DoubleArray         // []float64
	BooleanArray    DataType = sparkplugb.BooleanArray        // []bool
	StringArray     DataType = sparkplugb.StringArray         // []string, without U+0000
	DateTimeArray   DataType = sparkplugb.DateTimeArray       // []time.Time, to the millisecond
)

// String returns the name of the data type in the specification, or its number where it has none.
func (t DataType) String() string {
	if name := sparkplugb.TypeName(uint32(t)); name != "" {
		return name
	}
	return strconv.FormatUint(uint64(t), 10)
}

// valid reports whether the specification has the data type, Unknown excepted.
func (t DataType) valid() bool { return t >= Int8 && t <= DateTimeArray }

// basic reports whether values of the type may be in a data set, or be a parameter.
func (t DataType) basic() bool { return t >= Int8 && t <= UUID }

// ofMetric reports whether a metric may have the type.
func (t DataType) ofMetric() bool { return t.valid() && t != PropertySet && t != PropertySetList }

// ofProperty reports whether a property may have the type.
func (t DataType) ofProperty() bool { return t.basic() || t == PropertySet || t == PropertySetList }
