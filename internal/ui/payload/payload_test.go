package payload_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
)

// message returns a message whose payload is whole.
func message(topic, text string) *payload.Message {
	return &payload.Message{Topic: topic, Payload: []byte(text), Size: len(text)}
}

// png returns the beginning of a picture of so many pixels.
func png(width, height uint32) string {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	b = binary.BigEndian.AppendUint32(b, width)
	return string(binary.BigEndian.AppendUint32(b, height)) + "\x08\x02\x00\x00\x00"
}

func TestFormIsWhatThePayloadLooksLike(t *testing.T) {
	bmp := "BM\x1a\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x02\x00\x01\x00\x18\x00"
	for _, c := range []struct{ topic, contentType, text, want string }{
		{"a", "", "", "empty"},
		{"a", "", "21.5", "text"},
		{"a", "", "grün\nrot\t\r\n", "text"},
		{"a", "", "\x1b[31mred", "text"},
		{"a", "", "\x01\x02\x03\x04", "binary"},
		{"a", "", "a\x00b", "binary"},
		{"a", "", "\xff\xfe", "binary"},
		{"a", "", "caf\xc3", "binary"},
		{"a", "", ` {"a":[1,2]} `, "json"},
		{"a", "", `[]`, "json"},
		{"a", "", `{"a":`, "text"},
		{"a", "", "{}{}", "text"},
		{"a", "", `"text"`, "text"},
		{"a", "", png(1, 1), "image"},
		{"a", "", "\xff\xd8\xff\xe0", "image"},
		{"a", "", "GIF89a", "image"},
		{"a", "", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image"},
		{"a", "", bmp, "image"},
		{"a", "", "BM is no picture, and has thirty bytes", "text"},
		{"a", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "text"},
		{"a", "image/png", "no picture", "text"},
		{"spBv1.0/G/NDATA/N", "", "21.5", "sparkplug"},
		{"spBv1.0/G/DDATA/N/D", "", "\x00", "sparkplug"},
		{"$sparkplug/certificates/spBv1.0/G/NBIRTH/N", "", "\x00", "sparkplug"},
		{"spBv1.0/STATE/host", "", `{"online":true}`, "json"},
		{"spBv1.0/G/OTHER/N", "", "21.5", "text"},
		{"a", "", "\xd9\xd9\xf7\xa0", "cbor"},
		{"a", "application/cbor", "\xa0", "cbor"},
		{"a", "application/senml+cbor; x=y", "\xa0", "cbor"},
		{"a", "application/x-msgpack", "\x80", "msgpack"},
		{"a", ";;;", "21.5", "text"},
	} {
		m := message(c.topic, c.text)
		m.ContentType = c.contentType
		if got := m.Form(); got != c.want {
			t.Errorf("%q %q %q looks like %s, not %s", c.topic, c.contentType, c.text, got, c.want)
		}
	}
}

// The beginning of a long payload is enough.
func TestFormOfALongPayloadIsThatOfItsBeginning(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"` + strings.Repeat("ü", 20_000) + `"}`: "json",
		"[" + strings.Repeat(`{"a":1},`, 20_000):      "json",
		"{" + strings.Repeat("x", 20_000):             "text",
		"x" + strings.Repeat("ü", 20_000):             "text",
		strings.Repeat("\xff", 20_000):                "binary",
	} {
		m := message("a", text)
		m.Payload = m.Payload[:payload.Enough]
		line, form := m.Preview()
		if form != want || !strings.HasSuffix(line, "…") || utf8.RuneCountInString(line) > 200 {
			t.Errorf("%q looks like %s, not %s: %q", text[:10], form, want, line)
		}
	}
}

func TestPreviewIsOneLine(t *testing.T) {
	for _, c := range []struct{ topic, text, want string }{
		{"a", "21.5", "21.5"},
		{"a", "a\nb\tc\x1b[31m\x7f", "a␊b␉c␛[31m␡"},
		{"a", "abc\u202edef\u0085", "abc⟨U+202E⟩def⟨U+0085⟩"},
		{"a", "{ \"a b\" : [ 1 ,\n 2 ],\"c\":\"\\\" x\" }", `{"a b":[1,2],"c":"\" x"}`},
		{"a", "\x00\x01\xff", "00 01 ff"},
		{"a", png(1, 1), "PNG image"},
		{"a", "\xd9\xd9\xf7\xa1\x61\x61\x01", `{"a":1}`},
		{"spBv1.0/G/NDATA/N", "\x18\x07", `{"seq":7,"metrics":[]}`},
		{"spBv1.0/G/NDATA/N", "\xff", "ff"},
		{"a", strings.Repeat("ü", 200), strings.Repeat("ü", 200)},
		{"a", strings.Repeat("ü", 201), strings.Repeat("ü", 199) + "…"},
		{"a", "<b>&amp;", "<b>&amp;"},
		{"a", "👩\u200d🔧", "👩\u200d🔧"},
	} {
		if got, _ := message(c.topic, c.text).Preview(); got != c.want {
			t.Errorf("%q: %q, not %q", c.text, got, c.want)
		}
	}
}

// Whatever comes, a line is short, is UTF-8, and has nothing in it that is not seen.
func TestAnyPayloadHasALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.String(),
			rapid.Map(rapid.StringN(200, 400, -1), func(s string) string { return `{"a":"` + s + `"}` }),
		).Draw(t, "payload")
		m := message("a", text)
		m.Payload = m.Payload[:rapid.IntRange(0, len(text)).Draw(t, "known")]
		line, form := m.Preview()
		if !utf8.ValidString(line) || utf8.RuneCountInString(line) > 200 || form == "" {
			t.Fatalf("%q: %q as %s", text, line, form)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e }); i >= 0 {
			t.Fatalf("%q: %q", text, line)
		}
	})
}

// read reads a message as a page asks for it.
func read(r *payload.Reader, m *payload.Message, ask protocol.Read) protocol.Message {
	var dst protocol.Message
	r.Read(&dst, m, ask)
	return dst
}

func TestPayloadsAreReadAsAsked(t *testing.T) {
	for _, c := range []struct{ text, as, wantAs, want, problem string }{
		{"a\tb\n\x1b", "", "text", "a\tb\n␛", ""},
		{"", "", "text", "", ""},
		{`{"a":[1,{"b":[]}],"c":{},"d":"x,y:{"}`, "", "json", "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {},\n  \"d\": \"x,y:{\"\n}", ""},
		{"21.5", "json", "json", "21.5", ""},
		{"\x00Az", "", "hex", "00000000  00 41 7a                                          |.Az|\n", ""},
		{"0123456789abcdefX", "hex", "hex", "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n00000010  58                                                |X|\n", ""},
		{"\xa1\x61\x61\x01", "cbor", "cbor", "{\n  \"a\": 1\n}", ""},
		{"\x81\xa1a\x01", "msgpack", "msgpack", "{\n  \"a\": 1\n}", ""},
		{"no json", "json", "text", "no json", "it is no JSON, and shown as it is: at byte 2: invalid character 'o' in literal null (expecting 'u')"},
		{"\xff", "cbor", "hex", "00000000  ff                                                |.|\n", "it is no CBOR, and shown as it is: "},
		{"\x01\x02", "msgpack", "hex", "", "it is no MessagePack, and shown as it is: 1 bytes follow the value"},
		{"text", "image", "text", "text", "it is no picture"},
		{"text", "xml", "text", "text", "payloads can be read as text, json, hex, cbor, msgpack, protobuf, sparkplug, image, not as xml"},
		{"text", "protobuf", "text", "text", "a schema is needed"},
		{png(60_000, 60_000), "", "hex", "", "more than 67108864 pixels"},
	} {
		got := read(&payload.Reader{}, message("a", c.text), protocol.Read{As: c.as})
		if got.As != c.wantAs || c.want != "" && got.Text != c.want || got.More || !strings.Contains(got.Problem, c.problem) || c.problem == "" && got.Problem != "" {
			t.Errorf("%q as %q: %q as %s, problem %q", c.text, c.as, got.Text, got.As, got.Problem)
		}
	}
	picture := read(&payload.Reader{}, message("a", png(10, 10)), protocol.Read{})
	if picture.As != "image" || picture.Image != "image/png" || string(picture.Bytes) != png(10, 10) || picture.Text != "" {
		t.Errorf("%+v", picture)
	}
}

// Pictures say how many pixels they have, each kind in its way.
func TestLargePicturesAreNotShown(t *testing.T) {
	jpeg := "\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00"
	webp := "RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"
	lossless := "RIFF\x00\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\xff\xff\xff\xff\x00\x00\x00\x00\x00"
	lossy := "RIFF\x00\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"
	bmp := "BM\x1a\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00\x28\x00\x00\x00\xff\xff\x00\x00\x00\x00\xff\xff"
	for name, text := range map[string]string{"png": png(1<<16, 1<<16), "gif": "GIF89a\xff\xff\xff\xff", "jpeg": jpeg, "webp": webp, "lossless": lossless, "lossy": lossy, "bmp": bmp} {
		if got := read(&payload.Reader{}, message("a", text), protocol.Read{}); !strings.Contains(got.Problem, "pixels is not shown") || got.Bytes != nil {
			t.Errorf("%s: %q", name, got.Problem)
		}
	}
	for _, text := range []string{"GIF89a", "\xff\xd8\xff", "\xff\xd8\xff\xe0\x00\x00", "RIFF\x00\x00\x00\x00WEBP", png(5, 5)[:20]} {
		if got := read(&payload.Reader{}, message("a", text), protocol.Read{}); got.As != "image" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// The pieces of a text are the text, wherever its characters stand.
func TestPiecesOfALongTextJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat("x", rapid.IntRange(0, 4).Draw(t, "shift")) + strings.Repeat(rapid.SampledFrom([]string{"a", "ü", "€", "👩"}).Draw(t, "character"), rapid.IntRange(0, 50_000).Draw(t, "count"))
		as := rapid.SampledFrom([]string{"text", "hex"}).Draw(t, "as")
		whole, from := "", 0
		for more := true; more; from += payload.Piece {
			got := read(&payload.Reader{}, message("a", text), protocol.Read{As: as, From: from})
			if got.As != as || got.From != from {
				t.Fatalf("%+v", got)
			}
			whole, more = whole+got.Text, got.More
		}
		if as == "text" && whole != text {
			t.Fatalf("%d bytes became %d", len(text), len(whole))
		}
		if want := (len(text) + 15) / 16; as == "hex" && strings.Count(whole, "\n") != want {
			t.Fatalf("%d lines, not %d", strings.Count(whole, "\n"), want)
		}
	})
	for _, from := range []int{-1, math.MaxInt32} {
		if got := read(&payload.Reader{}, message("a", "abc"), protocol.Read{From: from}); got.More || from < 0 && got.Text != "abc" {
			t.Errorf("%+v", got)
		}
	}
}

// Indented JSON has the value that it had, and is not much longer, however deep it is.
func TestIndentedJSONKeepsItsValue(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.TrimSuffix(strings.Repeat("1,", 200_000), ",") + strings.Repeat("]", 5000)
	for _, text := range []string{deep, `{"a\"b":"\\","c":[[],{}],"big":12345678901234567890}`, `"a\\"`, `["\\",":"]`} {
		got := read(&payload.Reader{}, message("a", text), protocol.Read{As: "json"})
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got.Text)); err != nil || compact.String() != text || got.Problem != "" {
			t.Errorf("%d bytes became %d, %v %s", len(text), len(got.Text), err, got.Problem)
		}
		if len(got.Text) > 5*len(text)+64<<10 {
			t.Errorf("%d bytes became %d", len(text), len(got.Text))
		}
	}
	long := read(&payload.Reader{}, message("a", `["`+strings.Repeat("x", 11<<20)+`"]`), protocol.Read{})
	if !strings.Contains(long.Problem, "more than 10485760 bytes is not decoded") || long.As != "text" || !long.More {
		t.Errorf("%s as %s", long.Problem, long.As)
	}
}

// Schemas are those of the command and of the folder, and of nowhere else.
func TestSchemasAreThoseOfTheCommandAndOfTheFolder(t *testing.T) {
	const source = `syntax = "proto3"; package lab; message Reading { double value = 1; }`
	folder, elsewhere := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(folder, "sensor.proto"), filepath.Join(elsewhere, "other.proto")} {
		if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(elsewhere, "other.proto") + "#lab.Reading"
	r := &payload.Reader{Folder: folder, Schemas: []string{other}}
	for schema, allowed := range map[string]bool{
		"sensor.proto#lab.Reading": true, "other.proto#lab.Reading": true, other: true, "": true,
		filepath.Join(folder, "sensor.proto") + "#lab.Reading": false, "../" + filepath.Base(elsewhere) + "/other.proto#lab.Reading": false,
		"..#x": false, ".#x": false, "/etc/passwd#x": false, "sensor.proto": false, "#lab.Reading": false, "missing.proto#x": false,
	} {
		got := read(r, message("a", "\x09\x00\x00\x00\x00\x00\x80\x35\x40"), protocol.Read{As: "protobuf", Schema: schema})
		if isRead := got.As == "protobuf" && strings.Contains(got.Text, `"value": 21.5`); isRead != allowed || allowed == (got.Problem != "") {
			t.Errorf("%q: %+v", schema, got)
		}
	}
}

// What nothing names is shown as bytes, and a reader is told as what else all of it can be read.
func TestBytesThatMayBeCBOROrMessagePackAreSaidToBe(t *testing.T) {
	const cbor, packed = "\xa2\x61t\x18\x15\x61h\x18\x30", "\x82\xa1t\x15\xa1h\x30" // {"t":21,"h":48}
	for text, want := range map[string]string{
		cbor:                         "cbor",
		packed:                       "msgpack",
		"\x81\xa2\x61t\x01\x61h\x02": "cbor", // [{"t":1,"h":2}]
		"\xdc\x00\x01\x01":           "msgpack",
		"\x92\xa0\xa0":               "msgpack",
		cbor + "\x00":                "",
		cbor[:len(cbor)-1]:           "",
		packed + packed:              "",
		"\xa0":                       "",
		"\x80":                       "",
		"\x00":                       "",
		"\xff\xfe":                   "",
		"\xd4\x01\x02":               "",
		"\x9f" + strings.Repeat("\x00", 64<<10) + "\xff": "", // of CBOR, and too long to try
	} {
		got := read(&payload.Reader{}, message("a", text), protocol.Read{})
		if found := strings.Join(got.Maybe, " "); found != want || got.As != "hex" {
			t.Errorf("%.20q is shown as %s, and may be %q, not %q", text, got.As, found, want)
		}
		if want == "" {
			continue
		}
		if got := read(&payload.Reader{}, message("a", text), protocol.Read{As: want}); got.As != want || got.Problem != "" || got.Maybe != nil {
			t.Errorf("%q read as %s is %+v", text, want, got)
		}
	}
	announced := message("a", cbor)
	announced.ContentType = "application/cbor"
	if got := read(&payload.Reader{}, announced, protocol.Read{}); got.As != "cbor" || got.Maybe != nil {
		t.Errorf("what its content type names is %+v", got)
	}
}
