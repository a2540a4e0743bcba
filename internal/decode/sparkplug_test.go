package decode_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"dunlin/internal/decode"
	"dunlin/mqtt"
)

// Fields of a message on the wire: a number, a string or a message within, and four or eight bytes.
func number(field protowire.Number, n uint64) string {
	return string(protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), n))
}

func within(field protowire.Number, parts ...string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), strings.Join(parts, "")))
}

func float32s(field protowire.Number, f float32) string {
	return string(protowire.AppendFixed32(protowire.AppendTag(nil, field, protowire.Fixed32Type), math.Float32bits(f)))
}

func float64s(field protowire.Number, f float64) string {
	return string(protowire.AppendFixed64(protowire.AppendTag(nil, field, protowire.Fixed64Type), math.Float64bits(f)))
}

// metric is one with a name, a data type and a value.
func metric(name string, datatype uint64, value string) string {
	return within(2, within(1, name), number(4, datatype), value)
}

func sparkplugPrinter(t *testing.T) func(topic, payload string) string {
	t.Helper()
	p, err := (&decode.Options{Format: "sparkplug"}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	return func(topic, payload string) string {
		out, err := p.Append(t.Context(), nil, &mqtt.Received{Topic: topic, Payload: []byte(payload)})
		if err != nil {
			return "! " + err.Error()
		}
		return strings.TrimSuffix(string(out), "\n")
	}
}

func TestSparkplugValuesHaveTheirDataType(t *testing.T) {
	show := sparkplugPrinter(t)
	for _, v := range []struct {
		datatype          uint64
		value, name, want string
	}{
		{1, number(10, 0xffffffff), `"Int8"`, "-1"},
		{2, number(10, 0x8000), `"Int16"`, "-32768"},
		{3, number(10, 0xfffffffe), `"Int32"`, "-2"},
		{4, number(11, math.MaxUint64), `"Int64"`, "-1"},
		{7, number(10, 0xfffffffe), `"UInt32"`, "4294967294"},
		{8, number(11, math.MaxUint64), `"UInt64"`, "18446744073709551615"},
		{9, float32s(12, 0.1), `"Float"`, "0.1"},
		{10, float64s(13, math.Inf(1)), `"Double"`, `"Infinity"`},
		{11, number(14, 1), `"Boolean"`, "true"},
		{12, within(15, "x\"\xff"), `"String"`, "\"x\\\"\ufffd\""},
		{13, number(11, 1486144502122), `"DateTime"`, "1486144502122"},
		{17, within(16, "\xfb\xff"), `"Bytes"`, `"+/8="`},
		{22, within(16, "\x01\xff"), `"Int8Array"`, "[1,-1]"},
		{24, within(16, "\x01\x00\x00\x00\xff\xff\xff\xff"), `"Int32Array"`, "[1,-1]"},
		{27, within(16, "\x01\x00\xff\xff"), `"UInt16Array"`, "[1,65535]"},
		{27, within(16, "\x01\x00\xff"), `"UInt16Array"`, `"AQD/"`}, // it does not fit
		{29, within(16, "\xff\xff\xff\xff\xff\xff\xff\xff"), `"UInt64Array"`, "[18446744073709551615]"},
		{30, within(16, "\xcd\xcc\xcc\x3d"), `"FloatArray"`, "[0.1]"},
		{31, within(16, "\x00\x00\x00\x00\x00\x00\xf8\x3f"), `"DoubleArray"`, "[1.5]"},
		{32, within(16, "\x0a\x00\x00\x00\xa0\x40"), `"BooleanArray"`, "[true,false,true,false,false,false,false,false,false,true]"},
		{32, within(16, "\xff\xff\xff\xff\xa0"), `"BooleanArray"`, `"/////6A="`},
		{33, within(16, "a\x00\x00b\x00"), `"StringArray"`, `["a","","b"]`},
		{34, within(16, "\x01\x00\x00\x00\x00\x00\x00\x00"), `"DateTimeArray"`, "[1]"},
		{99, number(10, 5), "99", "5"},
		{3, number(7, 1) + number(10, 5), `"Int32","is_null":true`, "null"},
		{3, "", `"Int32"`, "null"},
		{
			16, within(17, number(1, 2), within(2, "a"), within(2, "b"), number(3, 3), number(3, 12), within(4, within(1, number(1, 0xffffffff)), within(1, within(6, "x")))),
			`"DataSet"`, `{"columns":["a","b"],"types":["Int32","String"],"rows":[[-1,"x"]]}`,
		},
		{
			19, within(18, within(1, "v1"), within(3, within(1, "p"), number(2, 1), number(3, 0xff)), within(4, "ref"), metric("m", 11, number(14, 0))),
			`"Template"`, `{"version":"v1","template_ref":"ref","metrics":[{"name":"m","datatype":"Boolean","value":false}],"parameters":[{"name":"p","type":"Int8","value":-1}]}`,
		},
	} {
		got := show("other", number(1, 5)+number(3, 7)+metric("m", v.datatype, v.value))
		want := `{"timestamp":5,"seq":7,"metrics":[{"name":"m","datatype":` + v.name + `,"value":` + v.want + `}]}`
		if got != want {
			t.Errorf("data type %d: got %s, want %s", v.datatype, got, want)
		}
	}
	properties := within(9, within(1, "unit"), within(2, number(1, 12), within(8, "C")), within(1, "sets"),
		within(2, number(1, 21), within(10, within(1, within(1, "q"), within(2, number(1, 3), number(3, 0xffffffff))))), within(1, "no value"))
	got := show("other", within(2, within(8, number(3, 9), within(7, "d")), properties)+within(5, "\x00"))
	if want := `{"body":"AA==","metrics":[{"metadata":{"size":9,"md5":"d"},"properties":{"unit":"C","sets":[{"q":-1}]},"value":null}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSparkplugAliasesAreResolvedFromTheBirth(t *testing.T) {
	show := sparkplugPrinter(t)
	data := within(2, number(2, 1), number(10, 0xffffffff))
	byAlias := func(name string) string {
		return `{"metrics":[{` + name + `"value":`
	}
	steps := []struct{ topic, payload, want string }{
		{"spBv1.0/g/NDATA/n", data, byAlias(`"alias":1,`) + `4294967295}]}`}, // no birth was seen
		{
			"spBv1.0/g/NBIRTH/n", within(2, within(1, "temp"), number(2, 1), number(4, 3), number(10, 20)),
			byAlias(`"name":"temp","alias":1,"datatype":"Int32",`) + `20}]}`,
		},
		{"spBv1.0/g/NDATA/n", data, byAlias(`"name":"temp","alias":1,"datatype":"Int32",`) + `-1}]}`},
		{"spBv1.0/g/NCMD/n", data, byAlias(`"name":"temp","alias":1,"datatype":"Int32",`) + `-1}]}`},
		{"spBv1.0/h/NDATA/n", data, byAlias(`"alias":1,`) + `4294967295}]}`}, // another node
		{"spBv1.0/g/DBIRTH/n/d", within(2, within(1, "speed"), number(2, 2), number(4, 1), number(10, 1)), byAlias(`"name":"speed","alias":2,"datatype":"Int8",`) + `1}]}`},
		{"spBv1.0/g/DDATA/n/d", within(2, number(2, 2), number(10, 0xff)), byAlias(`"name":"speed","alias":2,"datatype":"Int8",`) + `-1}]}`},
		{"spBv1.0/g/DDATA/n/d", within(2, within(1, "speed"), number(10, 0xff)), byAlias(`"name":"speed","datatype":"Int8",`) + `-1}]}`},
		{"spBv1.0/g/DDATA/n/e", within(2, within(1, "speed"), number(10, 0xff)), byAlias(`"name":"speed",`) + `255}]}`}, // another device
		{"spBv1.0/g/NBIRTH/n", within(2, within(1, "other"), number(2, 9), number(4, 3)), byAlias(`"name":"other","alias":9,"datatype":"Int32",`) + `null}]}`},
		{"spBv1.0/g/NDATA/n", data, byAlias(`"alias":1,`) + `4294967295}]}`}, // born anew without it
		{"$sparkplug/certificates/spBv1.0/g/NBIRTH/m", within(2, within(1, "kept"), number(2, 1), number(4, 3)), byAlias(`"name":"kept","alias":1,"datatype":"Int32",`) + `null}]}`},
		{"spBv1.0/g/NDATA/m", data, byAlias(`"name":"kept","alias":1,"datatype":"Int32",`) + `-1}]}`},
		{"spBv1.0/STATE/host", `{"online": true, "timestamp": 5}`, `{"online":true,"timestamp":5}`},
		{"spBv1.0/STATE/host", "OFFLINE", `"OFFLINE"`},
		{"spBv1.0/STATE/host", "on", "! sparkplug: at byte 1: invalid character 'o' looking for beginning of value"},
		{"spBv1.0/g/NDATA/n", "\xff", "! sparkplug: cannot parse invalid wire-format data"},
		{"spBv1.0/g/NDATA/n", "", `{"metrics":[]}`},
	}
	for i, s := range steps {
		if got := show(s.topic, s.payload); got != s.want {
			t.Errorf("step %d: got %s, want %s", i, got, s.want)
		}
	}
}

// Whoever may publish can make up edge nodes without end: the first ones are forgotten. A node that is born again and again is not.
func TestBirthsAreForgottenBeforeTheyTakeAllMemory(t *testing.T) {
	show := sparkplugPrinter(t)
	known := func(node string) bool {
		return strings.Contains(show("spBv1.0/g/NDATA/"+node, within(2, number(2, 1))), "speed")
	}
	birth := within(2, within(1, "speed"+strings.Repeat("x", 60000)), number(2, 1))
	for range 2000 {
		show("spBv1.0/g/DBIRTH/again/d", birth)
	}
	if !known("again") {
		t.Error("a node that was born again and again is forgotten")
	}
	for i := range 400 {
		show(fmt.Sprintf("spBv1.0/g/NBIRTH/n%d", i), birth)
	}
	if known("again") || known("n0") || !known("n399") {
		t.Errorf("known: again %v, n0 %v, n399 %v", known("again"), known("n0"), known("n399"))
	}
}
