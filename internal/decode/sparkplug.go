package decode

import (
	"math"
	"strconv"
	"strings"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// sparkplug decodes payloads of Sparkplug B. Members have the names of the specification's schema, with three
// differences that make them readable: what a metric has of "..._value" is its "value", with the sign that its data
// type says; data types are names; sets of properties are objects. A metric that has an alias only gets the
// name and the data type that the last birth certificate seen of its edge node gave to it. Payloads of
// topics STATE are JSON, and the words of version 2.2 are strings.
type sparkplug struct {
	births births
}

// newSparkplug returns what decodes Sparkplug B.
func newSparkplug() (decodeFunc, error) {
	s := &sparkplug{births: births{nodes: map[string]*birth{}}}
	return s.append, nil
}

func (s *sparkplug) append(dst []byte, m *mqtt.Received) ([]byte, error) {
	topic := parseSparkplugTopic(m.Topic)
	if topic.kind == "STATE" {
		return appendState(dst, m)
	}
	payload, err := sparkplugb.Unmarshal(m.Payload)
	if err != nil {
		return dst, err
	}
	if topic.kind == "NBIRTH" {
		s.births.forget(topic.node)
	}
	if topic.kind == "NBIRTH" || topic.kind == "DBIRTH" {
		for i := range payload.Metrics {
			s.births.learn(topic, &payload.Metrics[i])
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

// The functions below write a member if it is there.

func (w *sparkplugWriter) number(name string, v sparkplugb.Opt[uint64]) {
	if v.Has {
		w.member(name)
		w.dst = strconv.AppendUint(w.dst, v.V, 10)
	}
}

func (w *sparkplugWriter) text(name string, v sparkplugb.Opt[string]) {
	if v.Has {
		w.member(name)
		w.dst = appendString(w.dst, v.V)
	}
}

func (w *sparkplugWriter) flag(name string, v sparkplugb.Opt[bool]) {
	if v.Has {
		w.member(name)
		w.dst = strconv.AppendBool(w.dst, v.V)
	}
}

// each writes an array.
func each[T any](w *sparkplugWriter, list []T, write func(*T)) {
	w.dst = append(w.dst, '[')
	for i := range list {
		w.dst = comma(w.dst, i)
		write(&list[i])
	}
	w.dst = append(w.dst, ']')
}

func (w *sparkplugWriter) payload(p *sparkplugb.Payload) {
	w.dst = append(w.dst, '{')
	w.number("timestamp", p.Timestamp)
	w.number("seq", p.Seq)
	w.text("uuid", p.UUID)
	if p.Body.Has {
		w.member("body")
		w.dst = appendBytes(w.dst, p.Body.V)
	}
	w.member("metrics")
	each(w, p.Metrics, w.metric)
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) metric(m *sparkplugb.Metric) {
	name, datatype := w.births.lookUp(w.topic, m)
	w.dst = append(w.dst, '{')
	if name != "" {
		w.member("name")
		w.dst = appendString(w.dst, name)
	}
	w.number("alias", m.Alias)
	w.number("timestamp", m.Timestamp)
	w.datatype("datatype", datatype)
	w.flag("is_historical", m.Historical)
	w.flag("is_transient", m.Transient)
	w.flag("is_null", m.Null)
	if m.Metadata != nil {
		w.member("metadata")
		w.metadata(m.Metadata)
	}
	if m.Properties != nil {
		w.member("properties")
		w.propertySet(m.Properties)
	}
	w.member("value")
	w.value(&m.Value, datatype, m.Null.V)
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) metadata(m *sparkplugb.Metadata) {
	w.dst = append(w.dst, '{')
	w.flag("is_multi_part", m.MultiPart)
	w.text("content_type", m.ContentType)
	w.number("size", m.Size)
	w.number("seq", m.Seq)
	w.text("file_name", m.FileName)
	w.text("file_type", m.FileType)
	w.text("md5", m.MD5)
	w.text("description", m.Description)
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
func (w *sparkplugWriter) value(v *sparkplugb.Value, datatype sparkplugType, isNull bool) {
	if isNull {
		w.dst = append(w.dst, "null"...)
		return
	}
	switch v.Kind {
	case sparkplugb.Int, sparkplugb.Long:
		w.dst = datatype.appendInteger(w.dst, v.Bits)
	case sparkplugb.Float:
		w.dst = appendFloat(w.dst, float64(math.Float32frombits(uint32(v.Bits))), 32)
	case sparkplugb.Double:
		w.dst = appendFloat(w.dst, math.Float64frombits(v.Bits), 64)
	case sparkplugb.Bool:
		w.dst = strconv.AppendBool(w.dst, v.Bits != 0)
	case sparkplugb.Text:
		w.dst = appendString(w.dst, v.Text)
	case sparkplugb.Bytes:
		w.dst = datatype.appendBytes(w.dst, []byte(v.Text))
	default:
		w.nested(v.Ref)
	}
}

// nested writes a value that is made of others; null where there is none.
func (w *sparkplugWriter) nested(ref any) {
	switch ref := ref.(type) {
	case *sparkplugb.DataSet:
		w.dataSet(ref)
	case *sparkplugb.Template:
		w.template(ref)
	case *sparkplugb.PropertySet:
		w.propertySet(ref)
	case *[]sparkplugb.PropertySet:
		each(w, *ref, w.propertySet)
	default:
		w.dst = append(w.dst, "null"...)
	}
}

// propertySet writes properties as an object, as far as both lists of the set reach.
func (w *sparkplugWriter) propertySet(s *sparkplugb.PropertySet) {
	w.dst = append(w.dst, '{')
	for i := range min(len(s.Keys), len(s.Values)) {
		w.member(s.Keys[i])
		property := &s.Values[i]
		w.value(&property.Value, sparkplugType(property.Type.V), property.Null.V)
	}
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) dataSet(d *sparkplugb.DataSet) {
	w.dst = append(w.dst, `{"columns":`...)
	each(w, d.Columns, func(name *string) { w.dst = appendString(w.dst, *name) })
	w.dst = append(w.dst, `,"types":`...)
	each(w, d.Types, func(datatype *uint32) { w.dst = sparkplugType(*datatype).append(w.dst) })
	w.dst = append(w.dst, `,"rows":`...)
	each(w, d.Rows, func(row *[]sparkplugb.Value) {
		column := 0
		each(w, *row, func(element *sparkplugb.Value) {
			datatype := sparkplugType(0)
			if column < len(d.Types) {
				datatype = sparkplugType(d.Types[column])
			}
			column++
			w.value(element, datatype, false)
		})
	})
	w.dst = append(w.dst, '}')
}

func (w *sparkplugWriter) template(t *sparkplugb.Template) {
	w.dst = append(w.dst, '{')
	w.text("version", t.Version)
	w.text("template_ref", t.Ref)
	w.flag("is_definition", t.Definition)
	w.member("metrics")
	each(w, t.Metrics, w.metric)
	w.member("parameters")
	each(w, t.Parameters, func(parameter *sparkplugb.Parameter) {
		datatype := sparkplugType(parameter.Type.V)
		w.dst = append(w.dst, '{')
		w.text("name", parameter.Name)
		w.datatype("type", datatype)
		w.member("value")
		w.value(&parameter.Value, datatype, false)
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
