// Package decode turns payloads into values and prints them as JSON lines: what --decode and --jq ask for.
//
// A payload is one value; what follows it is an error. JSON has no form for some of what the other formats
// can say, and these stand for it:
//
//   - whole numbers are written in full, also beyond 2^53, and --jq computes with them exactly;
//   - numbers that JSON has not are the strings "NaN", "Infinity" and "-Infinity";
//   - bytes are a string of base64 (RFC 4648, section 4, padded), unless CBOR's tags 21 to 23 ask for another form;
//   - times (CBOR tag 1, MessagePack extension -1) are strings of RFC 3339 in UTC, as far as years of four digits reach;
//   - of other CBOR tags the content is shown, and bignums are whole numbers;
//   - undefined is null, other simple values are {"simple":N}, other extensions of MessagePack {"type":N,"data":BASE64};
//   - keys of maps that are no strings are strings of what JSON would write; arrays and maps as keys are an error;
//   - a key that comes twice is printed twice, in the order of the payload; --jq sees the last one, as jq does;
//   - bytes that are not UTF-8 inside text are U+FFFD, and what a terminal could obey is written as \uXXXX.
package decode

import (
	"fmt"
	"strings"

	"dunlin/mqtt"
)

// maxDepth is how deep a value of a binary format may be nested; JSON may be 10,000 deep, the standard library's limit.
const maxDepth = 1000

// Flags is a set of options of a command line, such as a *pflag.FlagSet.
type Flags interface {
	// StringVar is that of package flag.
	StringVar(p *string, name, value, usage string)
	// BoolVar is that of package flag.
	BoolVar(p *bool, name string, value bool, usage string)
}

// Options say how payloads are decoded and printed. The first three are options of the command line, see Bind.
type Options struct {
	Format string // json, cbor, msgpack, protobuf:FILE#Type, sparkplug; empty with JQ: json
	JQ     string // a jq expression: each of its outputs is a line
	Raw    bool   // strings that JQ gives are printed as they are, not as JSON

	Verbose  bool // each line begins with the topic and a space
	Terminal bool // a person reads the lines: what a terminal could obey is escaped
}

// Bind gives flags the options --decode, --jq and --raw-output.
func (o *Options) Bind(flags Flags) {
	flags.StringVar(&o.Format, "decode", "", "print payloads as JSON: json, cbor, msgpack, protobuf:FILE#TYPE or sparkplug")
	flags.StringVar(&o.JQ, "jq", "", "print what this jq expression makes of each payload, a line each output; $topic, $qos, $retain and $properties are set")
	flags.BoolVar(&o.Raw, "raw-output", false, "print strings that --jq gives as they are")
}

// Wanted tells whether payloads are to be decoded at all.
func (o *Options) Wanted() bool { return o.Format != "" || o.JQ != "" || o.Raw }

// Printer returns what prints payloads as o says. Its error is one of the command line or of the file that it names.
func (o *Options) Printer() (*Printer, error) {
	if o.Raw && o.JQ == "" {
		return nil, fmt.Errorf("--raw-output is for what --jq gives, and there is no --jq")
	}
	p := &Printer{format: o.Format, longest: longestQuery, raw: o.Raw, verbose: o.Verbose, terminal: o.Terminal}
	if p.format == "" {
		p.format = "json"
	}
	var err error
	if p.decode, err = decoder(p.format); err != nil {
		return nil, err
	}
	p.format, _, _ = strings.Cut(p.format, ":")
	if o.JQ != "" {
		p.query, err = compileJQ(o.JQ)
	}
	return p, err
}

// decodeFunc appends the payload of m to dst as JSON, perhaps with spaces.
type decodeFunc func(dst []byte, m *mqtt.Received) ([]byte, error)

func decoder(format string) (decodeFunc, error) {
	name, schema, hasSchema := strings.Cut(format, ":")
	if hasSchema != (name == "protobuf") {
		return nil, fmt.Errorf("--decode %s: json, cbor, msgpack, protobuf:FILE#TYPE and sparkplug are known", format)
	}
	switch name {
	case "json":
		return appendJSON, nil
	case "cbor":
		return newCBOR()
	case "msgpack":
		return appendMessagePack, nil
	case "protobuf":
		return newProtobuf(schema)
	case "sparkplug":
		return newSparkplug()
	}
	return nil, fmt.Errorf("--decode %s: json, cbor, msgpack, protobuf:FILE#TYPE and sparkplug are known", format)
}
