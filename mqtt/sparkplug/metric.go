package sparkplug

import (
	"fmt"
	"reflect"
	"time"
)

// Metric is a value with a name, a type and a time.
type Metric struct {
	// Name is what the metric is called, such as "Inputs/A". In a received payload that gives only the alias it is
	// empty; events of a Host and commands to an EdgeNode have it always.
	Name string
	// Alias stands for the name in data and commands. It counts where HasAlias is set; an EdgeNode sets both itself.
	Alias    uint64
	HasAlias bool
	// Timestamp is when the value was taken, to the millisecond; zero: not said. An EdgeNode puts the current time in
	// place of zero.
	Timestamp time.Time
	// Type is the type of Value; 0 in a received payload that does not give it, as data does not.
	Type DataType
	// Value is nil for null, or of the Go type that the constants of DataType name. Without Type, in a received payload, it is
	// what the wire has: uint32, uint64, float32, float64, bool, string, []byte, *DataSet or *Template; see As.
	Value any
	// Historical says that the value is not the current one, but one that could not be sent when it was.
	Historical bool
	// Transient asks host applications not to store the value.
	Transient bool
	// Metadata describes the value further, of a File above all; nil: none.
	Metadata *Metadata
	// Properties are units, limits and the like. Those of a metric are sent with each birth, and with data where given.
	Properties []Property
}

// Metadata describes the value of a metric further. Zero fields are not sent.
type Metadata struct {
	MultiPart   bool
	ContentType string
	Size        uint64 // of the value, in bytes
	Seq         uint64 // of this part, where there are several
	FileName    string
	FileType    string
	MD5         string // in hexadecimal
	Description string
}

// Property is a property of a metric. The property "Quality" has the type Int32 and one of the values Bad, Good and Stale.
type Property struct {
	Name  string
	Type  DataType
	Value any // nil: null
}

// The qualities, section 6.4.9.1.
const (
	Bad   int32 = 0
	Good  int32 = 192
	Stale int32 = 500
)

// DataSet is a table: the value of a metric of type DataSetType. Each row has a value for each column, of its type, which is one
// from Int8 to UUID.
type DataSet struct {
	Columns []string
	Types   []DataType
	Rows    [][]any
}

// Template is the value of a metric of type TemplateType: a definition, which only a node's birth has, under the name of the
// template, or an instance, whose Ref is that name.
type Template struct {
	Version    string
	Ref        string
	Definition bool
	Metrics    []Metric
	Parameters []Parameter
}

// Parameter is a parameter of a template.
type Parameter struct {
	Name  string
	Type  DataType // one from Int8 to UUID
	Value any
}

// NewMetric returns a metric whose type is that of the Go value: see the constants of DataType. An int is an Int64. It
// panics with a value of another type, as one that the program itself has written; Metric{...} takes any and is checked when it is
// used.
func NewMetric(name string, value any) Metric {
	if n, ok := value.(int); ok {
		value = int64(n)
	}
	t := typeOf(value)
	if t == 0 {
		panic(fmt.Sprintf("sparkplug: NewMetric(%q): a value of Go type %T has no data type of its own; write a Metric with Type", name, value))
	}
	return Metric{Name: name, Type: t, Value: value}
}

// As returns the metric with the type t, and with its value as one of that type: for data without a type, which the birth knows.
// The error says why the value cannot be of that type.
func (m Metric) As(t DataType) (Metric, error) {
	if m.Type == t {
		return m, nil
	}
	if m.Type != 0 {
		return m, fmt.Errorf("metric %q is of type %s, not %s", m.Name, m.Type, t)
	}
	if m.Value != nil {
		raw, err := untyped(m.Value)
		if err == nil {
			m.Value, err = interpret(t, raw)
		}
		if err != nil {
			return m, fmt.Errorf("metric %q: %w", m.Name, err)
		}
	}
	m.Type = t
	return m, nil
}

// goTypes are the data types that NewMetric finds.
var goTypes = map[reflect.Type]DataType{
	reflect.TypeFor[int8]():        Int8,
	reflect.TypeFor[int16]():       Int16,
	reflect.TypeFor[int32]():       Int32,
	reflect.TypeFor[int64]():       Int64,
	reflect.TypeFor[uint8]():       UInt8,
	reflect.TypeFor[uint16]():      UInt16,
	reflect.TypeFor[uint32]():      UInt32,
	reflect.TypeFor[uint64]():      UInt64,
	reflect.TypeFor[float32]():     Float,
	reflect.TypeFor[float64]():     Double,
	reflect.TypeFor[bool]():        Boolean,
	reflect.TypeFor[string]():      String,
	reflect.TypeFor[time.Time]():   DateTime,
	reflect.TypeFor[[]byte]():      Bytes,
	reflect.TypeFor[*DataSet]():    DataSetType,
	reflect.TypeFor[*Template]():   TemplateType,
	reflect.TypeFor[[]int8]():      Int8Array,
	reflect.TypeFor[[]int16]():     Int16Array,
	reflect.TypeFor[[]int32]():     Int32Array,
	reflect.TypeFor[[]int64]():     Int64Array,
	reflect.TypeFor[[]uint16]():    UInt16Array,
	reflect.TypeFor[[]uint32]():    UInt32Array,
	reflect.TypeFor[[]uint64]():    UInt64Array,
	reflect.TypeFor[[]float32]():   FloatArray,
	reflect.TypeFor[[]float64]():   DoubleArray,
	reflect.TypeFor[[]bool]():      BooleanArray,
	reflect.TypeFor[[]string]():    StringArray,
	reflect.TypeFor[[]time.Time](): DateTimeArray,
}

// typeOf returns the data type that NewMetric gives to a Go value, or 0.
func typeOf(value any) DataType { return goTypes[reflect.TypeOf(value)] }
