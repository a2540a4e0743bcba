package sparkplug_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"dunlin/mqtt/sparkplug"
)

var noon = time.UnixMilli(1_700_000_000_123).UTC()

// oneOfEach has a metric of each data type.
func oneOfEach() []sparkplug.Metric {
	table := &sparkplug.DataSet{
		Columns: []string{"n", "s", "t"}, Types: []sparkplug.DataType{sparkplug.Int16, sparkplug.String, sparkplug.DateTime},
		Rows: [][]any{{int16(-5), "x", noon}, {int16(5), nil, nil}},
	}
	shape := &sparkplug.Template{
		Definition: true, Version: "v1", Metrics: []sparkplug.Metric{sparkplug.NewMetric("rpm", int32(0))},
		Parameters: []sparkplug.Parameter{{Name: "maker", Type: sparkplug.String, Value: "Acme"}, {Name: "unset", Type: sparkplug.UInt8}},
	}
	motor := &sparkplug.Template{Ref: "motor", Metrics: []sparkplug.Metric{sparkplug.NewMetric("rpm", int32(1400))}}
	all := []sparkplug.Metric{}
	for name, value := range map[string]any{
		"i8": int8(-8), "i16": int16(-16), "i32": int32(math.MinInt32), "i64": int64(math.MinInt64),
		"u8": uint8(200), "u16": uint16(60000), "u32": uint32(math.MaxUint32), "u64": uint64(math.MaxUint64),
		"f": float32(0.1), "d": math.Pi, "b": true, "s": "grüß", "t": noon, "bytes": []byte{0, 255},
		"table": table, "motor": shape, "m1": motor,
		"i8s": []int8{-1, 1}, "i16s": []int16{-1, 1}, "i32s": []int32{-1, 1}, "i64s": []int64{-1, 1},
		"u16s": []uint16{1, 65535}, "u32s": []uint32{1, 1 << 31}, "u64s": []uint64{1, 1 << 63},
		"fs": []float32{0.5, -0.5}, "ds": []float64{0.5, -0.5}, "bs": []bool{true, false, true, true, false, false, false, false, true},
		"ss": []string{"a", "", "ü"}, "ts": []time.Time{noon, time.UnixMilli(0).UTC()}, "none": []string{}, "no bits": []bool{},
	} {
		all = append(all, sparkplug.NewMetric(name, value))
	}
	return append(all,
		sparkplug.Metric{Name: "text", Type: sparkplug.Text, Value: "x"}, sparkplug.Metric{Name: "uuid", Type: sparkplug.UUID, Value: "6ba7b810"},
		sparkplug.Metric{Name: "file", Type: sparkplug.File, Value: []byte("data"), Metadata: &sparkplug.Metadata{
			MultiPart: true, ContentType: "text/plain", Size: 4, Seq: 1, FileName: "a.txt", FileType: "txt", MD5: "8d777f38", Description: "a file",
		}},
		sparkplug.Metric{Name: "u8s", Type: sparkplug.UInt8Array, Value: []byte{1, 2}},
		sparkplug.Metric{
			Name: "all fields", Alias: 0, HasAlias: true, Timestamp: noon, Type: sparkplug.Double, Historical: true, Transient: true,
			Properties: []sparkplug.Property{
				{Name: "unit", Type: sparkplug.String, Value: "°C"},
				{Name: "Quality", Type: sparkplug.Int32, Value: sparkplug.Good},
				{Name: "unset", Type: sparkplug.Int8},
				{Name: "range", Type: sparkplug.PropertySet, Value: []sparkplug.Property{{Name: "low", Type: sparkplug.Double, Value: -1.5}}},
				{Name: "list", Type: sparkplug.PropertySetList, Value: [][]sparkplug.Property{{{Name: "x", Type: sparkplug.Int16, Value: int16(1)}}, {}}},
			},
		},
	)
}

// [tck-id-payloads-metric-datatype-value] [tck-id-payloads-metric-datatype-value-type]
// [tck-id-payloads-metric-propertyvalue-type-type] [tck-id-payloads-metric-propertyvalue-type-value]
// [tck-id-payloads-dataset-types-def] [tck-id-payloads-dataset-types-type] [tck-id-payloads-template-parameter-value-type]
// [tck-id-payloads-template-parameter-value] [tck-id-payloads-template-dataset-value] [tck-id-payloads-dataset-column-size]
// [tck-id-payloads-template-version] [tck-id-payloads-template-definition-parameters-default]
// [tck-id-payloads-template-instance-parameters] [tck-id-payloads-timestamp-in-UTC] [tck-id-payloads-metric-timestamp-in-UTC]
func TestAllTypesGoOverTheWireAndBack(t *testing.T) {
	p := &sparkplug.Payload{Timestamp: noon, Seq: 255, HasSeq: true, UUID: "u", Body: []byte{1}, Metrics: oneOfEach()}
	b, err := p.Marshal()
	must(t, err)
	back, err := sparkplug.Unmarshal(b)
	must(t, err)
	for i := range p.Metrics {
		if !reflect.DeepEqual(p.Metrics[i], back.Metrics[i]) {
			t.Errorf("%+v became %+v", p.Metrics[i], back.Metrics[i])
		}
	}
	back.Metrics, p.Metrics = nil, nil
	if !reflect.DeepEqual(back, p) {
		t.Errorf("%+v became %+v", p, back)
	}
	empty, err := sparkplug.Unmarshal(nil)
	if err != nil || len(empty.Metrics) != 0 || empty.HasSeq {
		t.Errorf("an empty payload is %+v, %v", empty, err)
	}
}

// Bytes as other programs send them: written down by hand.
func TestPayloadsOfOthersAreRead(t *testing.T) {
	varint := func(num protowire.Number, v uint64) string {
		return string(protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v))
	}
	text := func(num protowire.Number, s ...string) string {
		return string(protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), strings.Join(s, "")))
	}
	metric := func(fields ...string) string { return text(2, text(1, "m"), strings.Join(fields, "")) }
	packed := string(protowire.AppendVarint(protowire.AppendVarint(nil, 3), 12))
	for what, c := range map[string]struct {
		payload string
		want    any
	}{
		"a sign in 8 bits":            {metric(varint(4, 1), varint(10, 0xff)), int8(-1)},
		"a sign in 32 bits":           {metric(varint(4, 1), varint(10, 0xffffffff)), int8(-1)},
		"a sign in 64 bits":           {metric(varint(4, 2), varint(11, math.MaxUint64)), int16(-1)},
		"UInt32 as a long":            {metric(varint(4, 7), varint(11, 7)), uint32(7)},
		"Int64 as an int":             {metric(varint(4, 4), varint(10, 0xffffffff)), int64(-1)},
		"no type":                     {metric(varint(10, 5)), uint32(5)},
		"the last of two values":      {metric(varint(4, 11), varint(10, 5), varint(14, 1)), true},
		"null":                        {metric(varint(4, 3), varint(7, 1), varint(10, 5)), nil},
		"unknown fields":              {varint(100, 1) + metric(varint(4, 3), varint(10, 5), varint(99, 1), text(98, "x")), int32(5)},
		"a field of another kind":     {metric(varint(4, 3), varint(10, 5), varint(1, 7)), int32(5)},
		"a packed list, and two sets": {metric(varint(4, 16), text(17, varint(1, 2), text(2, "a"), text(2, "b")), text(17, text(3, packed))), &sparkplug.DataSet{Columns: []string{"a", "b"}, Types: []sparkplug.DataType{sparkplug.Int32, sparkplug.String}, Rows: [][]any{}}},
	} {
		p, err := sparkplug.Unmarshal([]byte(c.payload))
		if err != nil || !reflect.DeepEqual(p.Metrics[0].Value, c.want) {
			t.Errorf("%s: %+v, %v; want %v", what, p, err, c.want)
		}
	}
	for what, c := range map[string]struct{ payload, want string }{
		"cut short":                     {"\x12\x05\x0a", "is no protobuf"},
		"a value of another kind":       {metric(varint(4, 12), varint(10, 5)), "a value of type String cannot be int_value"},
		"a number too large":            {metric(varint(4, 5), varint(10, 256)), "256 does not fit the type UInt8"},
		"a number too low":              {metric(varint(4, 1), varint(10, uint64(uint32(0xffffff7f)))), "does not fit the type Int8"},
		"no data type":                  {metric(varint(4, 35), varint(10, 5)), "cannot be of type 35"},
		"a type that is not a metric's": {metric(varint(4, 20)), "cannot be of type PropertySet"},
		"neither name nor alias":        {text(2, varint(4, 3)), "neither a name nor an alias"},
		"no UTF-8":                      {text(2, text(1, "\xff")), "the name is not UTF-8"},
		"a text that is not UTF-8":      {metric(varint(4, 12), text(15, "\xff")), "not UTF-8"},
		"a sequence number too large":   {varint(3, 256), "seq is 256"},
		"a time after all":              {varint(1, math.MaxUint64), "after the year 9999"},
		"an array cut short":            {metric(varint(4, 24), text(16, "abc")), "3 bytes are no Int32Array"},
		"bits of another number":        {metric(varint(4, 32), text(16, "\xff\xff\xff\xffa")), "no BooleanArray of 4294967295"},
		"texts without an end":          {metric(varint(4, 33), text(16, "a")), "without its zero byte"},
		"more keys than values":         {metric(text(9, text(1, "k"))), "1 keys and 0 values"},
		"a row too short":               {metric(varint(4, 16), text(17, text(2, "a"), varint(3, 3), text(4))), "row 1 of a data set has 0 values for 1 columns"},
		"a definition that refers":      {metric(varint(4, 19), text(18, text(4, "x"), varint(5, 1))), "refers to another"},
		"an instance of nothing":        {metric(varint(4, 19), text(18, varint(5, 0))), "does not say of which"},
		"nested without end":            {nest(200, text), "nested more than 100 deep"},
		"little that takes much":        {strings.Repeat("\x12\x00", 1<<20), "more than 64 MiB"},
	} {
		if _, err := sparkplug.Unmarshal([]byte(c.payload)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", what, err, c.want)
		}
	}
}

// nest returns templates within one another.
func nest(depth int, text func(protowire.Number, ...string) string) string {
	inner := ""
	for range depth {
		inner = text(2, text(18, inner))
	}
	return inner
}

// [tck-id-payloads-template-definition-is-definition] [tck-id-payloads-template-definition-ref]
// [tck-id-payloads-template-ref-definition] [tck-id-payloads-template-instance-ref] [tck-id-payloads-template-ref-instance]
// [tck-id-payloads-template-is-definition-definition] [tck-id-payloads-template-is-definition-instance]
// [tck-id-payloads-template-instance-is-definition] [tck-id-payloads-template-parameter-name-required]
// [tck-id-payloads-template-parameter-name-type] [tck-id-payloads-template-parameter-type-req]
// [tck-id-payloads-template-parameter-type-value] [tck-id-payloads-dataset-column-num-headers]
// [tck-id-payloads-dataset-types-num] [tck-id-payloads-dataset-types-value] [tck-id-payloads-dataset-parameter-type-req]
// [tck-id-payloads-name-requirement]
func TestWhatBreaksTheRulesIsNotSent(t *testing.T) {
	one := func(typ sparkplug.DataType, value any) sparkplug.Metric {
		return sparkplug.Metric{Name: "m", Type: typ, Value: value}
	}
	template := func(v sparkplug.Template) sparkplug.Metric { return one(sparkplug.TemplateType, &v) }
	for want, m := range map[string]sparkplug.Metric{
		"neither a name nor an alias":                          {Type: sparkplug.Int8},
		"cannot be of type Unknown":                            {Name: "m"},
		"cannot be of type PropertySet":                        one(sparkplug.PropertySet, nil),
		"Go value of type int cannot be of type Int8":          one(sparkplug.Int8, 5),
		"Go value of type string cannot be of type Int8":       one(sparkplug.Int8, "5"),
		"Go value of type *sparkplug.DataSet cannot be of typ": one(sparkplug.DataSetType, (*sparkplug.DataSet)(nil)),
		"text is not UTF-8":                                    one(sparkplug.String, "\xff"),
		"has U+0000":                                           one(sparkplug.StringArray, []string{"a\x00b"}),
		"not between 1970 and 9999":                            one(sparkplug.DateTime, time.UnixMilli(-1)),
		"1 names and 0 types of columns":                       one(sparkplug.DataSetType, &sparkplug.DataSet{Columns: []string{"a"}}),
		"column 1 of a data set has the type Bytes":            one(sparkplug.DataSetType, &sparkplug.DataSet{Columns: []string{"a"}, Types: []sparkplug.DataType{sparkplug.Bytes}}),
		"row 1 of a data set has 0 values for 1 columns":       one(sparkplug.DataSetType, &sparkplug.DataSet{Columns: []string{"a"}, Types: []sparkplug.DataType{sparkplug.Int8}, Rows: [][]any{{}}}),
		"a template is either a definition or has a Ref":       template(sparkplug.Template{Definition: true, Ref: "x"}),
		"template: metric 1":                                   template(sparkplug.Template{Definition: true, Metrics: []sparkplug.Metric{{}}}),
		`a template, parameter "p": its type is Unknown`:       template(sparkplug.Template{Ref: "x", Parameters: []sparkplug.Parameter{{Name: "p"}}}),
		`property "p": a property cannot be of type Template`:  {Name: "m", Type: sparkplug.Int8, Properties: []sparkplug.Property{{Name: "p", Type: sparkplug.TemplateType}}},
	} {
		_, err := (&sparkplug.Payload{Metrics: []sparkplug.Metric{m}}).Marshal()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", m, err, want)
		}
	}
}

func TestDataGetsItsTypeFromTheBirth(t *testing.T) {
	for _, c := range []struct {
		value any
		t     sparkplug.DataType
		want  any
	}{
		{uint32(0xffffffff), sparkplug.Int16, int16(-1)},
		{uint64(7), sparkplug.DateTime, time.UnixMilli(7).UTC()},
		{[]byte{1, 0, 2, 0}, sparkplug.Int16Array, []int16{1, 2}},
		{[]byte{1}, sparkplug.File, []byte{1}},
		{"x", sparkplug.UUID, "x"},
		{nil, sparkplug.Double, nil},
		{1.5, sparkplug.Double, 1.5},
	} {
		m, err := sparkplug.Metric{Name: "m", Value: c.value}.As(c.t)
		if err != nil || m.Type != c.t || !reflect.DeepEqual(m.Value, c.want) {
			t.Errorf("%v as %s: %+v, %v", c.value, c.t, m, err)
		}
	}
	if m, err := (sparkplug.Metric{Name: "m", Value: 1.5}).As(sparkplug.Int8); err == nil {
		t.Errorf("1.5 is %+v", m)
	}
	if m, err := sparkplug.NewMetric("m", 1.5).As(sparkplug.Int8); err == nil {
		t.Errorf("a Double is %+v", m)
	}
}

// [tck-id-topic-structure] [tck-id-topic-structure-namespace-a] [tck-id-topic-structure-namespace-valid-group-id]
// [tck-id-topic-structure-namespace-valid-edge-node-id] [tck-id-topic-structure-namespace-valid-device-id]
func TestTopicsAreTakenApart(t *testing.T) {
	for name, want := range map[string]sparkplug.Topic{
		"spBv1.0/g/NBIRTH/n":  {Type: sparkplug.NBIRTH, ID: sparkplug.ID{Group: "g", Node: "n"}},
		"spBv1.0/g/DCMD/n/d":  {Type: sparkplug.DCMD, ID: sparkplug.ID{Group: "g", Node: "n", Device: "d"}},
		"spBv1.0/STATE/h":     {Type: sparkplug.STATE, Host: "h"},
		"spBv1.0/ä b/NDATA/ü": {Type: sparkplug.NDATA, ID: sparkplug.ID{Group: "ä b", Node: "ü"}},
	} {
		got, err := sparkplug.ParseTopic(name)
		if err != nil || got != want || got.String() != name {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"":                         "does not begin with",
		"spAv1.0/g/NBIRTH/n":       "does not begin with",
		"spBv1.0":                  "has 1 levels",
		"spBv1.0/STATE":            "has 2 levels",
		"spBv1.0/g/NBIRTH":         "has 3 levels",
		"spBv1.0/g/NBIRTH/n/d/x":   "has 6 levels",
		"spBv1.0/g/XBIRTH/n":       "no type of message",
		"spBv1.0/g/NBIRTH/n/d":     "not for a device",
		"spBv1.0/g/DBIRTH/n":       "device is empty",
		"spBv1.0/g/NBIRTH/n/":      "ends with an empty level",
		"spBv1.0//NBIRTH/n":        "group is empty",
		"spBv1.0/g/NBIRTH/":        "edge node is empty",
		"spBv1.0/STATE/":           "host is empty",
		"spBv1.0/STATE/NBIRTH/n":   "cannot be called STATE",
		"spBv1.0/g+/NBIRTH/n":      "has one of",
		"spBv1.0/g#/NBIRTH/n":      "has one of",
		"spBv1.0/\xff/NBIRTH/n":    "not UTF-8",
		"spBv1.0/g/NBIRTH/n+":      "has one of",
		"spBv1.0/g/NBIRTH/n#":      "has one of",
		"spBv1.0/g/DBIRTH/n/d+":    "has one of",
		"spBv1.0/g/DBIRTH/n/d#":    "has one of",
		"spBv1.0/g/DBIRTH/n/\xff":  "not UTF-8",
		"spBv1.0/g/NBIRTH/\xff":    "not UTF-8",
		"spBv1.0/g/STATE/n":        "",
		"spBv1.0/g/DDATA/n/a\x00b": "has one of",
	} {
		if _, err := sparkplug.ParseTopic(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}

// [tck-id-host-topic-phid-birth-payload] [tck-id-host-topic-phid-death-payload]
func TestStateOfAHost(t *testing.T) {
	s := sparkplug.HostState{Online: true, Timestamp: noon}
	if got := string(s.Marshal()); got != `{"online":true,"timestamp":1700000000123}` {
		t.Error(got)
	}
	if back, err := sparkplug.UnmarshalHostState([]byte(` {"timestamp": 1700000000123, "more": [1], "online": true}`)); err != nil || back != s {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{"", "ONLINE", `{"online":true}`, `{"timestamp":1}`, `{"online":"true","timestamp":1}`, `{"online":true,"timestamp":-1}`, `{"online":true,"timestamp":1.5}`, `{"online":true,"timestamp":1}x`, `[]`, `{"online":true,"timestamp":99999999999999999999}`} {
		if s, err := sparkplug.UnmarshalHostState([]byte(bad)); err == nil {
			t.Errorf("%s is %+v", bad, s)
		}
	}
}
