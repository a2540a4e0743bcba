package decode_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"dunlin/internal/decode"
	"dunlin/mqtt"
)

// printed returns what a printer of o prints for payload.
func printed(t *testing.T, o decode.Options, payload string) (string, error) {
	t.Helper()
	p, err := o.Printer()
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	out, err := p.Append(t.Context(), nil, &mqtt.Received{Topic: "a/b", Payload: []byte(payload)})
	return string(out), err
}

// fromHex returns the bytes that digits say.
func fromHex(t *testing.T, digits string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// vector is a payload in hexadecimal and its JSON; or, after "!", a part of the error.
type vector struct{ payload, want string }

func checkVectors(t *testing.T, format string, vectors []vector) {
	t.Helper()
	for _, v := range vectors {
		got, err := printed(t, decode.Options{Format: format}, fromHex(t, v.payload))
		if wrong, isError := strings.CutPrefix(v.want, "!"); isError {
			if err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %s and error %v, want an error in one line with %q", v.payload, got, err, wrong)
			}
			continue
		}
		if err != nil || got != v.want+"\n" {
			t.Errorf("%s: got %s and error %v, want %s", v.payload, got, err, v.want)
		}
	}
}

func TestJSONPayloads(t *testing.T) {
	for _, v := range []vector{
		{" { \"b\" : 1 ,\n\"a\":[ ] } ", `{"b":1,"a":[]}`}, // the order stays
		{"9007199254740993", "9007199254740993"},
		{"-123456789012345678901234567890", "-123456789012345678901234567890"},
		{"1.10e400", "1.10e400"},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{`"é\u0000"`, `"é\u0000"`},
		{"\"a\u009b1m\u202eb\u2028\x7f\"", `"a\u009b1m\u202eb\u2028\u007f"`},
		{"\"\xff\"", `"\ufffd"`},
		{"", "!json: the payload is empty"},
		{"{\"a\":}", "!at byte 6: invalid character '}'"},
		{"1 2", "!at byte 3"},
		{"\x1b[31m", "!at byte 1: invalid character '\\x1b'"},
		{strings.Repeat("[", 20000), "!exceeded max depth"},
	} {
		checkVectors(t, "json", []vector{{hex.EncodeToString([]byte(v.payload)), v.want}})
	}
}

// The payloads are those of RFC 8949, appendix A, and others where JSON and CBOR differ.
func TestCBORPayloads(t *testing.T) {
	checkVectors(t, "cbor", []vector{
		{"00", "0"},
		{"1903e8", "1000"},
		{"1bffffffffffffffff", "18446744073709551615"},
		{"c249010000000000000000", "18446744073709551616"},
		{"3bffffffffffffffff", "-18446744073709551616"},
		{"c349010000000000000000", "-18446744073709551617"},
		{"3903e7", "-1000"},
		{"3b7fffffffffffffff", "-9223372036854775808"},
		{"f90000", "0"},
		{"f98000", "-0"},
		{"fb3ff199999999999a", "1.1"},
		{"fa3dcccccd", "0.1"}, // the shortest number of 32 bits
		{"f90001", "5.9604645e-08"},
		{"fb7e37e43c8800759c", "1e+300"},
		{"f97c00", `"Infinity"`},
		{"f97e00", `"NaN"`},
		{"fbfff0000000000000", `"-Infinity"`},
		{"f4", "false"},
		{"f5", "true"},
		{"f6", "null"},
		{"f7", "null"},
		{"f0", `{"simple":16}`},
		{"f8ff", `{"simple":255}`},
		{"c074323031332d30332d32315432303a30343a30305a", `"2013-03-21T20:04:00Z"`},
		{"c11a514b67b0", `"2013-03-21T20:04:00Z"`},
		{"c1fb41d452d9ec200000", `"2013-03-21T20:04:00.5Z"`},
		{"c11bffffffffffffffff", "18446744073709551615"},
		{"c1fb7e37e43c8800759c", "1e+300"},
		{"c1f97e00", `"NaN"`},
		{"c16161", `"a"`}, // RFC 8949 allows numbers only
		{"d74401020304", `"01020304"`},
		{"d64401020304", `"AQIDBA=="`},
		{"d543fbff00", `"-_8A"`},
		{"43fbff00", `"+/8A"`},
		{"82d743fbff0043fbff00", `["FBFF00","+/8A"]`},
		{"d82076687474703a2f2f7777772e6578616d706c652e636f6d", `"http://www.example.com"`},
		{"62225c", `"\"\\"`},
		{"64f0908591", `"𐅑"`},
		{"61ff", "\"\ufffd\""},
		{"98190102030405060708090a0b0c0d0e0f101112131415161718181819", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]"},
		{"a201020304", `{"1":2,"3":4}`},
		{"a26162016161820203", `{"b":1,"a":[2,3]}`},
		{"a2616101616102", `{"a":1,"a":2}`},
		{"a1f501", `{"true":1}`},
		{"a14101f6", `{"AQ==":null}`},
		{"a1c1f90000f6", `{"1970-01-01T00:00:00Z":null}`},
		{"a180f6", "!the key of a map is an array or a map"},
		{"a1d82080f6", "!the key of a map is an array or a map"},
		{"5f42010243030405ff", `"AQIDBAU="`},
		{"7f657374726561646d696e67ff", `"streaming"`},
		{"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
		{"bf6346756ef563416d7421ff", `{"Fun":true,"Amt":-2}`},
		{"", "!cbor: the payload is empty"},
		{"0000", "!extraneous data"},
		{"18", "!EOF"},
		{"ff", "!break"},
		{"9bffffffffffffffff", "!"},
		{"5bffffffffffffffff00", "!"},
		{"9a7fffffff", "!EOF"},
		{"ba7fffffff", "!EOF"},
		{strings.Repeat("81", 2000) + "00", "!exceeded max nested level"},
		{strings.Repeat("c1", 2000) + "00", "!exceeded max nested level"},
		{"c2590401" + strings.Repeat("ff", 1025), "!a number of 1025 bytes; the most is 1024"},
	})
}

func TestMessagePackPayloads(t *testing.T) {
	checkVectors(t, "msgpack", []vector{
		{"07", "7"},
		{"ff", "-1"},
		{"cfffffffffffffffff", "18446744073709551615"},
		{"d38000000000000000", "-9223372036854775808"},
		{"d3ffdfffffffffffff", "-9007199254740993"},
		{"d1fffe", "-2"},
		{"cb3ff199999999999a", "1.1"},
		{"ca3dcccccd", "0.1"},
		{"ca7f800000", `"Infinity"`},
		{"cb7ff8000000000000", `"NaN"`},
		{"c0", "null"},
		{"c3", "true"},
		{"a3616263", `"abc"`},
		{"a1ff", "\"\ufffd\""},
		{"c403fbff00", `"+/8A"`},
		{"93010203", "[1,2,3]"},
		{"82a16201a1619102", `{"b":1,"a":[2]}`},
		{"82a16101a16102", `{"a":1,"a":2}`},
		{"8201a17802a179", `{"1":"x","2":"y"}`},
		{"81c0c2", `{"null":false}`},
		{"819001", "!the key of a map is an array or a map"},
		{"d6ff514b67b0", `"2013-03-21T20:04:00Z"`},
		{"d7ff77359400514b67b0", `"2013-03-21T20:04:00.5Z"`},
		{"d7ff0000000200000000", `"2242-03-16T12:56:32Z"`}, // the highest of 34 bits
		{"c70cff1dcd6500fffffff1886e0900", `"0001-01-01T00:00:00.5Z"`},
		{"c70cff000000007fffffffffffffff", `{"type":-1,"data":"AAAAAH//////////"}`},
		{"c70cffffffffff00000000514b67b0", `{"type":-1,"data":"/////wAAAABRS2ew"}`},
		{"d40501", `{"type":5,"data":"AQ=="}`},
		{"81d4050101", `{"{\"type\":5,\"data\":\"AQ==\"}":1}`},
		{"", "!msgpack: the payload is empty"},
		{"92", "!the payload is cut short"},
		{"0000", "!1 bytes follow the value"},
		{"c1", "!at byte 1"},
		{"ddffffffff00", "!the payload is cut short"},
		{"dfffffffff00", "!the payload is cut short"},
		{"c9ffffffff01", "!the payload is cut short"},
		{"dbffffffff01", "!the payload is cut short"},
		{"c6ffffffff01", "!the payload is cut short"},
		{strings.Repeat("91", 2000) + "00", "!nested deeper than 1000"},
	})
}

func TestProtobufPayloads(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("unit.proto", `syntax = "proto3"; package lab; enum Unit { NONE = 0; KELVIN = 1; }`)
	file := write("sensor.proto", `syntax = "proto3"; package lab; import "unit.proto"; import "google/protobuf/timestamp.proto";
message Reading { int64 serial_number = 1; double value = 2; Unit unit = 3; bytes raw = 4; google.protobuf.Timestamp at = 5; Reading inner = 6; map<string, int32> by = 7;
  message Deep { string x = 1; } }
message Other { message Deep { string y = 1; } }`)
	for _, name := range []string{"lab.Reading", "Reading", ".lab.Reading"} {
		checkVectors(t, "protobuf:"+file+"#"+name, []vector{
			{"", `{"serial_number":"0","value":0,"unit":"NONE","raw":"","by":{}}`},
			{
				"08 81808080808080 10 11 9a9999999999f13f 18 01 22 03 fbff00 2a 06 08 b0cfad8a05",
				`{"serial_number":"9007199254740993","value":1.1,"unit":"KELVIN","raw":"+/8A","at":"2013-03-21T20:04:00Z","by":{}}`,
			},
			{"11 000000000000f07f 18 09", `{"serial_number":"0","value":"Infinity","unit":9,"raw":"","by":{}}`},
			{"3a 05 0a 01 61 10 02 3a 05 0a 01 61 10 03", `{"serial_number":"0","value":0,"unit":"NONE","raw":"","by":{"a":3}}`},
			{"08", "!protobuf: "},
			{"2205ff", "!cannot parse"},
			{"2a 0b 08 ffffffffffffffff7f", "!"},
		})
	}
	for _, v := range []vector{
		{file, "a file and a type are needed"},
		{file + "#", "a file and a type are needed"},
		{"#Reading", "a file and a type are needed"},
		{file + "#Missing", "the file has no message type Missing; it has lab.Reading, lab.Reading.Deep, lab.Other, lab.Other.Deep"},
		{file + "#Deep", "2 message types are called Deep"},
		{file + "#lab.Unit", "lab.Unit is not a message type"},
		{filepath.Join(dir, "none.proto") + "#A", "no such file"},
		{filepath.Join(dir, "none.pb") + "#A", "no such file"},
		{write("broken.proto", "syntax = 'proto3';\nmessage A { nothing }") + "#A", "broken.proto:2:"},
		{write("text.pb", "no descriptor set") + "#A", "the file is no descriptor set"},
		{write("empty.pb", "") + "#A", "the file is no descriptor set"},
	} {
		_, err := (&decode.Options{Format: "protobuf:" + v.payload}).Printer()
		if err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: error %v, want one with %q", v.payload, err, v.want)
		}
	}
}

func TestProtobufTypesOfADescriptorSet(t *testing.T) {
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("a.proto"), Package: proto.String("lab"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Reading"), Field: []*descriptorpb.FieldDescriptorProto{{
			Name: proto.String("the_value"), Number: proto.Int32(1),
			Type: descriptorpb.FieldDescriptorProto_TYPE_SINT32.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_REQUIRED.Enum(),
		}}}},
	}}}
	encoded, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "set#1.binpb") // the last # is the one before the type
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lab.Reading", "Reading"} {
		checkVectors(t, "protobuf:"+file+"#"+name, []vector{{"0803", `{"the_value":-2}`}, {"", "!required field lab.Reading.the_value not set"}})
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	for _, format := range []string{"xml", "json:x", "protobuf", "cbor:", ":", " json"} {
		if _, err := (&decode.Options{Format: format}).Printer(); err == nil || !strings.Contains(err.Error(), "--decode "+format) {
			t.Errorf("%q: error %v", format, err)
		}
	}
	if _, err := (&decode.Options{Raw: true}).Printer(); err == nil {
		t.Error("--raw-output is taken without --jq")
	}
}

func TestLinesBeginWithTheTopic(t *testing.T) {
	o := decode.Options{JQ: ".[]", Raw: true, Verbose: true, Terminal: true}
	p, err := o.Printer()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Append(t.Context(), []byte("before\n"), &mqtt.Received{Topic: "a\x1b", Payload: []byte(`["x\u001b[1m",2]`)})
	if want := "before\na\\x1b x\\x1b[1m\na\\x1b 2\n"; string(out) != want || err != nil {
		t.Errorf("got %q and error %v, want %q", out, err, want)
	}
}

func TestValueIsWhatJQGets(t *testing.T) {
	p, err := (&decode.Options{Format: "cbor", JQ: "1, 2", Verbose: true}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.AppendValue([]byte("x"), &mqtt.Received{Topic: "a", Payload: []byte{0x81, 0x01}})
	if string(out) != "x[1]" || err != nil {
		t.Errorf("got %q and error %v", out, err)
	}
	if out, err := p.AppendValue([]byte("x"), &mqtt.Received{Topic: "a", Payload: []byte{0x81}}); string(out) != "x" || err == nil {
		t.Errorf("got %q and error %v", out, err)
	}
}

// A payload is decoded in time and memory that its size bounds.
func TestHostilePayloadsEndSoon(t *testing.T) {
	deepKeys := strings.Repeat("81d40501", 900) // each a map; before keys were bounded their backslashes doubled
	for format, payload := range map[string]string{
		"cbor":    fromHex(t, strings.Repeat("a1c1", 400)+"00"),
		"msgpack": fromHex(t, deepKeys),
		"json":    strings.Repeat(`{"a":`, 9000),
	} {
		start := time.Now()
		out, _ := printed(t, decode.Options{Format: format}, payload)
		if took := time.Since(start); took > time.Minute || len(out) > 100*len(payload) {
			t.Errorf("%s: %d bytes after %v", format, len(out), took)
		}
	}
}

// FuzzDecode gives arbitrary bytes to each format: what is printed is one line of JSON, and not much longer than the payload.
func FuzzDecode(f *testing.F) {
	schema := filepath.Join(f.TempDir(), "a.proto")
	err := os.WriteFile(schema, []byte(`syntax = "proto3"; import "google/protobuf/any.proto"; import "google/protobuf/struct.proto";
message A { int64 i = 1; repeated double d = 2; A a = 3; map<string, A> m = 4; google.protobuf.Any any = 5; google.protobuf.Value v = 6; bytes b = 7; string s = 8; }`), 0o600)
	if err != nil {
		f.Fatal(err)
	}
	formats := []string{"json", "cbor", "msgpack", "protobuf:" + schema + "#A", "sparkplug"}
	printers := make([]*decode.Printer, len(formats))
	for i, format := range formats {
		if printers[i], err = (&decode.Options{Format: format}).Printer(); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(byte(0), []byte(`{"a":[1,2.5e3,null,"x\u202e"],"a":{}}`))
	f.Add(byte(1), []byte("\xbf\x63Fun\xf5\x63Amt\x21\x18\x20\xc1\xfb\x41\xd4\x52\xd9\xec\x20\x00\x00\xd7\x42\x01\x02\xc2\x42\x01\x02\xff"))
	f.Add(byte(2), []byte("\x83\xa1b\x01\xa1a\x92\x02\xc4\x01\x00\x05\xd7\xff\x77\x35\x94\x00\x51\x4b\x67\xb0"))
	f.Add(byte(3), []byte("\x08\x01\x12\x08\x00\x00\x00\x00\x00\x00\xf0\x7f\x1a\x02\x08\x05\x22\x07\x0a\x01k\x12\x02\x08\x01\x32\x02\x1a\x01"))
	f.Add(byte(4), []byte("\x08\x01\x12\x0c\x0a\x01m\x10\x05\x20\x03\x50\xfe\xff\xff\xff\x0f\x12\x0a\x10\x05\x20\x16\x82\x01\x03\x01\x02\xff\x18\x07"))
	f.Fuzz(func(t *testing.T, format byte, payload []byte) {
		i := int(format) % len(formats)
		topics := []string{"spBv1.0/g/NBIRTH/n", "spBv1.0/g/NDATA/n"}
		out, err := printers[i].Append(t.Context(), nil, &mqtt.Received{Topic: topics[int(format)/len(formats)%2], Payload: payload})
		if err != nil {
			if len(out) > 0 || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("%s: %q beside error %q", formats[i], out, err)
			}
			return
		}
		if !bytes.HasSuffix(out, []byte("\n")) || bytes.Count(out, []byte("\n")) != 1 || !json.Valid(out) {
			t.Fatalf("%s: %q is no line of JSON", formats[i], out)
		}
		if len(out) > 200*len(payload)+200 {
			t.Fatalf("%s: %d bytes of a payload of %d", formats[i], len(out), len(payload))
		}
	})
}
