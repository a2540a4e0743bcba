package decode

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// schemaMessage is a message type of the payload of Sparkplug B, Eclipse Sparkplug specification 3.0.0, section 6.4.
type schemaMessage struct {
	name   string
	fields []schemaField
}

// schemaField is a field of a message type.
type schemaField struct {
	number int32
	name   string
	kind   descriptorpb.FieldDescriptorProto_Type
	form   form
	of     string // the message type of a field that is a message
}

// form is how often a field comes.
type form byte

const (
	choice form = 1 + iota // it is one of those of which one has the value
	many
)

// The kinds of fields.
const (
	kindText    = descriptorpb.FieldDescriptorProto_TYPE_STRING
	kindUint32  = descriptorpb.FieldDescriptorProto_TYPE_UINT32
	kindUint64  = descriptorpb.FieldDescriptorProto_TYPE_UINT64
	kindFloat   = descriptorpb.FieldDescriptorProto_TYPE_FLOAT
	kindDouble  = descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
	kindBool    = descriptorpb.FieldDescriptorProto_TYPE_BOOL
	kindBytes   = descriptorpb.FieldDescriptorProto_TYPE_BYTES
	kindMessage = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
)

// plainValues are the six fields for a value that all types with one have, from a number on.
func plainValues(from int32, more ...schemaField) []schemaField {
	return append([]schemaField{
		{number: from, name: "int_value", kind: kindUint32, form: choice},
		{number: from + 1, name: "long_value", kind: kindUint64, form: choice},
		{number: from + 2, name: "float_value", kind: kindFloat, form: choice},
		{number: from + 3, name: "double_value", kind: kindDouble, form: choice},
		{number: from + 4, name: "boolean_value", kind: kindBool, form: choice},
		{number: from + 5, name: "string_value", kind: kindText, form: choice},
	}, more...)
}

func sparkplugSchema() []schemaMessage {
	return []schemaMessage{
		{"Payload", []schemaField{
			{number: 1, name: "timestamp", kind: kindUint64},
			{number: 2, name: "metrics", kind: kindMessage, form: many, of: "Metric"},
			{number: 3, name: "seq", kind: kindUint64},
			{number: 4, name: "uuid", kind: kindText},
			{number: 5, name: "body", kind: kindBytes},
		}},
		{"Metric", append([]schemaField{
			{number: 1, name: "name", kind: kindText},
			{number: 2, name: "alias", kind: kindUint64},
			{number: 3, name: "timestamp", kind: kindUint64},
			{number: 4, name: "datatype", kind: kindUint32},
			{number: 5, name: "is_historical", kind: kindBool},
			{number: 6, name: "is_transient", kind: kindBool},
			{number: 7, name: "is_null", kind: kindBool},
			{number: 8, name: "metadata", kind: kindMessage, of: "MetaData"},
			{number: 9, name: "properties", kind: kindMessage, of: "PropertySet"},
		}, plainValues(10,
			schemaField{number: 16, name: "bytes_value", kind: kindBytes, form: choice},
			schemaField{number: 17, name: "dataset_value", kind: kindMessage, form: choice, of: "DataSet"},
			schemaField{number: 18, name: "template_value", kind: kindMessage, form: choice, of: "Template"},
		)...)},
		{"MetaData", []schemaField{
			{number: 1, name: "is_multi_part", kind: kindBool},
			{number: 2, name: "content_type", kind: kindText},
			{number: 3, name: "size", kind: kindUint64},
			{number: 4, name: "seq", kind: kindUint64},
			{number: 5, name: "file_name", kind: kindText},
			{number: 6, name: "file_type", kind: kindText},
			{number: 7, name: "md5", kind: kindText},
			{number: 8, name: "description", kind: kindText},
		}},
		{"PropertySet", []schemaField{
			{number: 1, name: "keys", kind: kindText, form: many},
			{number: 2, name: "values", kind: kindMessage, form: many, of: "PropertyValue"},
		}},
		{"PropertySetList", []schemaField{{number: 1, name: "propertyset", kind: kindMessage, form: many, of: "PropertySet"}}},
		{"PropertyValue", append([]schemaField{
			{number: 1, name: "type", kind: kindUint32},
			{number: 2, name: "is_null", kind: kindBool},
		}, plainValues(3,
			schemaField{number: 9, name: "propertyset_value", kind: kindMessage, form: choice, of: "PropertySet"},
			schemaField{number: 10, name: "propertysets_value", kind: kindMessage, form: choice, of: "PropertySetList"},
		)...)},
		{"DataSet", []schemaField{
			{number: 1, name: "num_of_columns", kind: kindUint64},
			{number: 2, name: "columns", kind: kindText, form: many},
			{number: 3, name: "types", kind: kindUint32, form: many},
			{number: 4, name: "rows", kind: kindMessage, form: many, of: "Row"},
		}},
		{"Row", []schemaField{{number: 1, name: "elements", kind: kindMessage, form: many, of: "DataSetValue"}}},
		{"DataSetValue", plainValues(1)},
		{"Template", []schemaField{
			{number: 1, name: "version", kind: kindText},
			{number: 2, name: "metrics", kind: kindMessage, form: many, of: "Metric"},
			{number: 3, name: "parameters", kind: kindMessage, form: many, of: "Parameter"},
			{number: 4, name: "template_ref", kind: kindText},
			{number: 5, name: "is_definition", kind: kindBool},
		}},
		{"Parameter", append([]schemaField{
			{number: 1, name: "name", kind: kindText},
			{number: 2, name: "type", kind: kindUint32},
		}, plainValues(3)...)},
	}
}

// sparkplugPayload returns the type of a whole payload.
func sparkplugPayload() (protoreflect.MessageDescriptor, error) {
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("sparkplug_b"), Package: proto.String("sparkplug"), Syntax: proto.String("proto2"),
	}
	for _, m := range sparkplugSchema() {
		file.MessageType = append(file.MessageType, m.descriptor())
	}
	built, err := protodesc.NewFile(file, nil)
	if err != nil {
		return nil, err
	}
	return built.Messages().ByName("Payload"), nil
}

func (m schemaMessage) descriptor() *descriptorpb.DescriptorProto {
	d := &descriptorpb.DescriptorProto{Name: proto.String(m.name)}
	for _, f := range m.fields {
		field := &descriptorpb.FieldDescriptorProto{
			Name: proto.String(f.name), Number: proto.Int32(f.number), Type: f.kind.Enum(),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
		if f.form == many {
			field.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
		}
		if f.form == choice {
			field.OneofIndex = proto.Int32(0)
		}
		if f.of != "" {
			field.TypeName = proto.String(".sparkplug." + f.of)
		}
		d.Field = append(d.Field, field)
	}
	for _, f := range m.fields {
		if f.form == choice {
			d.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("value")}}
			break
		}
	}
	return d
}
