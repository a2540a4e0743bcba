package sparkplug

import (
	"strconv"
	"unicode/utf8"

	"dunlin/internal/sparkplugb"
)

// metric looks at a metric by itself.
func (l *look) metric(m *sparkplugb.Metric) {
	name := m.Name.V
	if name == "" && !m.Alias.Has {
		l.must("payloads-name-requirement", "a metric has neither name nor alias")
	}
	if !utf8.ValidString(name) {
		l.must("payloads-name-requirement", "the name %q of a metric is not UTF-8", name)
	}
	if !m.Timestamp.Has && !l.ofHost() && l.topic.Type != NDEATH {
		l.must("payloads-name-birth-data-requirement", "metric %s has no timestamp", called(m))
	}
	if m.Timestamp.V > maxMilliseconds {
		l.must("payloads-metric-timestamp-in-UTC", "the timestamp %d of metric %s is no time in milliseconds", m.Timestamp.V, called(m))
	}
	l.datatype(m)
	if m.Properties != nil {
		l.properties(m.Properties)
	}
	l.nested(&m.Value)
}

// called returns what a metric is called in the words of a break.
func called(m *sparkplugb.Metric) string {
	if m.Name.V != "" {
		return quoted(m.Name.V)
	}
	return "with alias " + strconv.FormatUint(m.Alias.V, 10)
}

// datatype looks at the type of a metric: births have it, others should not.
func (l *look) datatype(m *sparkplugb.Metric) {
	switch {
	case m.Type.Has && !DataType(m.Type.V).ofMetric():
		l.must("payloads-metric-datatype-value", "metric %s has the type %d, which there is not for metrics", called(m), m.Type.V)
		return
	case l.inBirth() && !m.Type.Has:
		l.must("payloads-metric-datatype-req", "metric %s has no type", called(m))
	case m.Type.Has && !l.inBirth() && l.topic.Type != NDEATH && m.Name.V != rebirth:
		l.should("payloads-metric-datatype-not-req", "metric %s has a type, which its birth has said", called(m))
	}
	if l.inBirth() && !m.Null.V && m.Value.Kind == sparkplugb.None {
		l.must(l.ofBirth("operational-behavior-data-publish-nbirth-values", "operational-behavior-data-publish-dbirth-values"),
			"metric %s has no value and is not null", called(m))
	}
	if m.Type.Has {
		l.fits(m, m.Type.V)
	}
}

// ofBirth returns the rule for a node, or that for a device.
func (l *look) ofBirth(node, device string) string {
	if l.topic.Device != "" {
		return device
	}
	return node
}

// fits looks whether a value is one of its type.
func (l *look) fits(m *sparkplugb.Metric, t uint32) {
	if m.Null.V || m.Value.Kind == sparkplugb.None || m.Value.Ref != nil && (t == sparkplugb.DataSetType || t == sparkplugb.TemplateType) {
		return // what is nested is looked at by itself
	}
	if _, err := interpret(DataType(t), m.Value); err != nil {
		rule := l.ofBirth("topics-nbirth-metrics", "topics-dbirth-metrics")
		if l.ofHost() {
			rule = l.ofBirth("operational-behavior-data-commands-ncmd-metric-value", "operational-behavior-data-commands-dcmd-metric-value")
		}
		l.must(rule, "metric %s: %v", called(m), err)
	}
}

func (l *look) properties(s *sparkplugb.PropertySet) {
	if len(s.Keys) != len(s.Values) {
		l.must("payloads-propertyset-keys-array-size", "a set of properties has %d keys and %d values", len(s.Keys), len(s.Values))
		return
	}
	for i := range s.Values {
		v := &s.Values[i]
		switch t := DataType(v.Type.V); {
		case v.Type.Has && !t.ofProperty():
			l.must("payloads-metric-propertyvalue-type-value", "property %q has the type %d, which there is not for properties", s.Keys[i], v.Type.V)
		case !v.Type.Has && l.inBirth():
			l.must("payloads-metric-propertyvalue-type-req", "property %q has no type", s.Keys[i])
		case s.Keys[i] == "Quality" && v.Type.Has && t != Int32:
			l.must("payloads-propertyset-quality-value-type", "the quality is of type %s", t)
		case s.Keys[i] == "Quality":
			if n := v.Value.Bits; v.Value.Kind != sparkplugb.Int || n != uint64(Bad) && n != uint64(Good) && n != uint64(Stale) {
				l.must("payloads-propertyset-quality-value-value", "the quality is %d, and not one of 0, 192 and 500", n)
			}
		}
		l.nested(&v.Value)
	}
}

// nested looks into a value that is made of others.
func (l *look) nested(v *sparkplugb.Value) {
	switch ref := v.Ref.(type) {
	case *sparkplugb.PropertySet:
		l.properties(ref)
	case *[]sparkplugb.PropertySet:
		for i := range *ref {
			l.properties(&(*ref)[i])
		}
	case *sparkplugb.DataSet:
		l.dataSet(ref)
	case *sparkplugb.Template:
		l.template(ref)
	}
}

func (l *look) dataSet(d *sparkplugb.DataSet) {
	switch {
	case len(d.Types) == 0 && len(d.Columns) > 0:
		l.must("payloads-dataset-parameter-type-req", "a data set has no types of columns")
		return
	case len(d.Columns) != len(d.Types):
		l.must("payloads-dataset-column-num-headers", "a data set has %d names and %d types of columns", len(d.Columns), len(d.Types))
		return
	case d.Size.V != uint64(len(d.Columns)):
		l.must("payloads-dataset-column-size", "a data set says that it has %d columns and has %d", d.Size.V, len(d.Columns))
	}
	for _, t := range d.Types {
		if !DataType(t).basic() {
			l.must("payloads-dataset-types-value", "a column of a data set has the type %d", t)
			return
		}
	}
	if _, err := readDataSet(d); err != nil && d.Size.V == uint64(len(d.Columns)) {
		l.must("payloads-template-dataset-value", "%v", err)
	}
}

// template looks at a definition or instance of a template by itself.
func (l *look) template(t *sparkplugb.Template) {
	switch {
	case !t.Definition.Has:
		l.must("payloads-template-is-definition", "a template does not say whether it is a definition")
	case t.Definition.V && t.Ref.Has:
		l.must("payloads-template-definition-ref", "the definition of a template refers to %q", t.Ref.V)
	case t.Definition.V && l.topic.Type != NBIRTH:
		l.must("payloads-template-definition-nbirth-only", "it has the definition of a template")
	case !t.Definition.V && t.Ref.V == "":
		l.must("payloads-template-instance-ref", "an instance of a template does not say of which")
	}
	for i := range t.Parameters {
		p := &t.Parameters[i]
		switch {
		case p.Name.V == "":
			l.must("payloads-template-parameter-name-required", "a parameter of a template has no name")
		case !p.Type.Has && l.inBirth():
			l.must("payloads-template-parameter-type-req", "parameter %q of a template has no type", p.Name.V)
		case p.Type.Has && !DataType(p.Type.V).basic():
			l.must("payloads-template-parameter-type-value", "parameter %q of a template has the type %d", p.Name.V, p.Type.V)
		}
	}
	for i := range t.Metrics {
		l.nested(&t.Metrics[i].Value)
	}
}
