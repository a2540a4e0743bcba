package sparkplugb

// The data types, section 6.4.16 of the specification.
const (
	Unknown = iota
	Int8
	Int16
	Int32
	Int64
	UInt8
	UInt16
	UInt32
	UInt64
	FloatType
	DoubleType
	Boolean
	String
	DateTime
	TextType
	UUID
	DataSetType
	BytesType
	File
	TemplateType
	PropertySetType
	PropertySetListType
	Int8Array
	Int16Array
	Int32Array
	Int64Array
	UInt8Array
	UInt16Array
	UInt32Array
	UInt64Array
	FloatArray
	DoubleArray
	BooleanArray
	StringArray
	DateTimeArray
)

// typeNames are the names of the data types, by their numbers.
var typeNames = [...]string{
	"Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean",
	"String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList",
	"Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array",
	"FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray",
}

// TypeName returns the name of a data type, or "".
func TypeName(t uint32) string {
	if int64(t) >= int64(len(typeNames)) {
		return ""
	}
	return typeNames[t]
}

// ElementSize returns how many bytes an element has in an array of numbers, or 0 for other types.
func ElementSize(t uint32) int {
	switch {
	case t == FloatArray:
		return 4
	case t == DoubleArray || t == DateTimeArray:
		return 8
	case t >= Int8Array && t < FloatArray: // of 8, 16, 32 and 64 bits, with a sign and without
		return 1 << ((t - Int8Array) % 4)
	}
	return 0
}
