// Package sparkplugb is the payload of Sparkplug B as it is on the wire: what is there and what is not, without a meaning. It is
// the only place that knows the numbers of fields and data types, Eclipse Sparkplug specification 3.0.0, section 6.4.
package sparkplugb

// Opt is a field that may be missing.
type Opt[T any] struct {
	V   T
	Has bool
}

// Some returns a field that is there.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Has: true} }

// Payload is a whole payload.
type Payload struct {
	Timestamp Opt[uint64] // milliseconds since 1970
	Metrics   []Metric
	Seq       Opt[uint64]
	UUID      Opt[string]
	Body      Opt[[]byte]
}

// Metric is a metric of a payload or of a template.
type Metric struct {
	Name       Opt[string]
	Alias      Opt[uint64]
	Timestamp  Opt[uint64]
	Type       Opt[uint32]
	Historical Opt[bool]
	Transient  Opt[bool]
	Null       Opt[bool]
	Metadata   *Metadata
	Properties *PropertySet
	Value      Value
}

// Metadata describes a value further.
type Metadata struct {
	MultiPart   Opt[bool]
	ContentType Opt[string]
	Size        Opt[uint64]
	Seq         Opt[uint64]
	FileName    Opt[string]
	FileType    Opt[string]
	MD5         Opt[string]
	Description Opt[string]
}

// PropertySet has a key for each value, or should have.
type PropertySet struct {
	Keys   []string
	Values []PropertyValue
}

// PropertyValue is the value of a property.
type PropertyValue struct {
	Type  Opt[uint32]
	Null  Opt[bool]
	Value Value
}

// DataSet is a table.
type DataSet struct {
	Size    Opt[uint64] // the number of columns, as it is said
	Columns []string
	Types   []uint32
	Rows    [][]Value
}

// Template is the definition of a template, or an instance of one.
type Template struct {
	Version    Opt[string]
	Metrics    []Metric
	Parameters []Parameter
	Ref        Opt[string]
	Definition Opt[bool]
}

// Parameter is a parameter of a template.
type Parameter struct {
	Name  Opt[string]
	Type  Opt[uint32]
	Value Value
}

// Kind is which field a value is in.
type Kind byte

// The kinds of values.
const (
	None   Kind = iota
	Int         // Bits, 32 of them
	Long        // Bits
	Float       // Bits, of a float32
	Double      // Bits, of a float64
	Bool        // Bits, 0 or 1
	Text        // Text
	Bytes       // Text
	Table       // Ref, a *DataSet
	Nested      // Ref, a *Template
	Set         // Ref, a *PropertySet
	Sets        // Ref, a *[]PropertySet
)

// Value is the value of a metric, property, parameter or cell of a table.
type Value struct {
	Ref  any
	Text string
	Bits uint64
	Kind Kind
}

// The numbers of the first field for a value; the kinds follow one another, as far as a type has them.
const (
	metricValue    = 10
	propertyValue  = 3
	parameterValue = 3
	cellValue      = 1
)
