package decode

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"dunlin/mqtt"
)

// sparkplug decodes payloads of Sparkplug B. Members have the names of the specification's schema, with three
// differences that make them readable: what a metric has of "..._value" is its "value", with the sign that its data
// type says; data types are names; sets of properties are objects. A metric that has an alias only gets the
// name and the data type that the last birth certificate seen of its edge node gave to it. Payloads of
// topics STATE are JSON, and the words of version 2.2 are strings.
type sparkplug struct {
	payload protoreflect.MessageDescriptor
	births  births
}

// newSparkplug returns what decodes Sparkplug B.
func newSparkplug() (decodeFunc, error) {
	payload, err := sparkplugPayload()
	if err != nil {
		return nil, err
	}
	s := &sparkplug{payload: payload, births: births{nodes: map[string]*birth{}}}
	return s.append, nil
}

func (s *sparkplug) append(dst []byte, m *mqtt.Received) ([]byte, error) {
	topic := parseSparkplugTopic(m.Topic)
	if topic.kind == "STATE" {
		return appendState(dst, m)
	}
	payload := dynamicpb.NewMessage(s.payload)
	in := proto.UnmarshalOptions{RecursionLimit: maxDepth}
	if err := contained(func() error { return in.Unmarshal(m.Payload, payload) }); err != nil {
		return dst, trimProto(err)
	}
	if topic.kind == "NBIRTH" {
		s.births.forget(topic.node)
	}
	isBirth := topic.kind == "NBIRTH" || topic.kind == "DBIRTH"
	for metric := range list(payload, "metrics") {
		if isBirth {
			s.births.learn(topic, metric)
		}
	}
	w := &sparkplugWriter{dst: dst, topic: topic, births: &s.births}
	w.payload(payload)
	return w.dst, nil
}

// appendState appends what a host application says of itself.
func appendState(dst []byte, m *mqtt.Received) ([]byte, error) {
	if word := string(m.Payload); word == "ONLINE" || word == "OFFLINE" {
		return appendString(dst, word), nil
	}
	return appendJSON(dst, m)
}

// sparkplugTopic is what a topic says: the kind of message, and where it comes from.
type sparkplugTopic struct {
	kind   string // such as NBIRTH; empty: the topic is not Sparkplug's
	node   string // group and edge node
	device string
}

// parseSparkplugTopic takes spBv1.0/GROUP/KIND/NODE[/DEVICE] apart, also where a server keeps it as a certificate.
func parseSparkplugTopic(topic string) sparkplugTopic {
	levels := strings.Split(strings.TrimPrefix(topic, "$sparkplug/certificates/"), "/")
	switch {
	case levels[0] != "spBv1.0" || len(levels) < 3:
		return sparkplugTopic{}
	case levels[1] == "STATE":
		return sparkplugTopic{kind: "STATE"}
	case len(levels) < 4:
		return sparkplugTopic{}
	}
	return sparkplugTopic{kind: levels[2], node: levels[1] + "/" + levels[3], device: strings.Join(levels[4:], "/")}
}

// sparkplugWriter writes one payload.
type sparkplugWriter struct {
	dst    []byte
	topic  sparkplugTopic
	births *births
}

// member begins a member of an object.
func (w *sparkplugWriter) member(name string) {
	if last := w.dst[len(w.dst)-1]; last != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(appendString(w.dst, name), ':')
}

// each writes an array.
func (w *sparkplugWriter) each(m protoreflect.Message, name string, write func(protoreflect.Message)) {
	w.dst = append(w.dst, '[')
	for element := range list(m, name) {
		if last := w.dst[len(w.dst)-1]; last != '[' {
			w.dst = append(w.dst, ',')
		}
		write(element)
	}
	w.dst = append(w.dst, ']')
}

// plain writes those members that are there and need no interpretation.
func (w *sparkplugWriter) plain(m protoreflect.Message, names ...protoreflect.Name) {
	for _, name := range names {
		if field := fieldOf(m, name); m.Has(field) {
			w.member(string(name))
			w.dst = appendPlain(w.dst, field, m.Get(field))
		}
	}
}

func (w *sparkplugWriter) payload(m protoreflect.Message) {
	w.dst = append(w.dst, '{')
	w.plain(m, "timestamp", "seq", "uuid", "body")
	w.member("metrics")
	w.each(m, "metrics", w.metric)
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) metric(m protoreflect.Message) {
	name, datatype := w.births.lookUp(w.topic, m)
	w.dst = append(w.dst, '{')
	if name != "" {
		w.member("name")
		w.dst = appendString(w.dst, name)
	}
	w.plain(m, "alias", "timestamp")
	w.datatype("datatype", datatype)
	w.plain(m, "is_historical", "is_transient", "is_null")
	if field := fieldOf(m, "metadata"); m.Has(field) {
		w.member("metadata")
		w.dst = append(w.dst, '{')
		w.plain(m.Get(field).Message(), "is_multi_part", "content_type", "size", "seq", "file_name", "file_type", "md5", "description")
		w.dst = append(w.dst, '}')
	}
	if field := fieldOf(m, "properties"); m.Has(field) {
		w.member("properties")
		w.propertySet(m.Get(field).Message())
	}
	w.member("value")
	w.value(m, datatype)
	w.dst = append(w.dst, '}')
}

// datatype writes the name of a data type, or its number where the specification has no name for it.
func (w *sparkplugWriter) datatype(member string, datatype sparkplugType) {
	if datatype == 0 {
		return
	}
	w.member(member)
	w.dst = datatype.append(w.dst)
}

// value writes the value of a metric, property, parameter or element; null where there is none.
func (w *sparkplugWriter) value(m protoreflect.Message, datatype sparkplugType) {
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("value"))
	if isNull := m.Descriptor().Fields().ByName("is_null"); field == nil || isNull != nil && m.Get(isNull).Bool() {
		w.dst = append(w.dst, "null"...)
		return
	}
	value := m.Get(field)
	switch field.Name() {
	case "int_value", "long_value":
		w.dst = datatype.appendInteger(w.dst, value.Uint())
	case "bytes_value":
		w.dst = datatype.appendBytes(w.dst, value.Bytes())
	case "dataset_value":
		w.dataSet(value.Message())
	case "template_value":
		w.template(value.Message())
	case "propertyset_value":
		w.propertySet(value.Message())
	case "propertysets_value":
		w.each(value.Message(), "propertyset", w.propertySet)
	default:
		w.dst = appendPlain(w.dst, field, value)
	}
}

// propertySet writes properties as an object, as far as both lists of the set reach.
func (w *sparkplugWriter) propertySet(m protoreflect.Message) {
	keys, values := m.Get(fieldOf(m, "keys")).List(), m.Get(fieldOf(m, "values")).List()
	w.dst = append(w.dst, '{')
	for i := range min(keys.Len(), values.Len()) {
		w.member(keys.Get(i).String())
		property := values.Get(i).Message()
		w.value(property, typeOf(property, "type"))
	}
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) dataSet(m protoreflect.Message) {
	types := m.Get(fieldOf(m, "types")).List()
	columns := m.Get(fieldOf(m, "columns")).List()
	w.dst = append(w.dst, `{"columns":[`...)
	for i := range columns.Len() {
		w.dst = appendString(comma(w.dst, i), columns.Get(i).String())
	}
	w.dst = append(w.dst, `],"types":[`...)
	for i := range types.Len() {
		w.dst = sparkplugType(types.Get(i).Uint()).append(comma(w.dst, i))
	}
	w.dst = append(w.dst, `],"rows":`...)
	w.each(m, "rows", func(row protoreflect.Message) {
		column := 0
		w.each(row, "elements", func(element protoreflect.Message) {
			datatype := sparkplugType(0)
			if column < types.Len() {
				datatype = sparkplugType(types.Get(column).Uint())
			}
			column++
			w.value(element, datatype)
		})
	})
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) template(m protoreflect.Message) {
	w.dst = append(w.dst, '{')
	w.plain(m, "version", "template_ref", "is_definition")
	w.member("metrics")
	w.each(m, "metrics", w.metric)
	w.member("parameters")
	w.each(m, "parameters", func(parameter protoreflect.Message) {
		datatype := typeOf(parameter, "type")
		w.dst = append(w.dst, '{')
		w.plain(parameter, "name")
		w.datatype("type", datatype)
		w.member("value")
		w.value(parameter, datatype)
		w.dst = append(w.dst, '}')
	})
	w.dst = append(w.dst, '}')
}

// comma separates the elements of an array.
func comma(dst []byte, i int) []byte {
	if i == 0 {
		return dst
	}
	return append(dst, ',')
}

// appendPlain appends a field that is no message.
func appendPlain(dst []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) []byte {
	switch field.Kind() {
	case protoreflect.StringKind:
		return appendString(dst, value.String())
	case protoreflect.BytesKind:
		return appendBytes(dst, value.Bytes())
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, value.Bool())
	case protoreflect.FloatKind:
		return appendFloat(dst, value.Float(), 32)
	case protoreflect.DoubleKind:
		return appendFloat(dst, value.Float(), 64)
	}
	return strconv.AppendUint(dst, value.Uint(), 10)
}
