// Package decode turns payloads into values and prints them as JSON lines: what --decode and --jq ask for.
package decode

import (
	"context"
	"errors"

	"dunlin/mqtt"
)

// Flags is a set of options of a command line, such as a *pflag.FlagSet.
type Flags interface {
	StringVar(p *string, name, value, usage string)
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
	flags.StringVar(&o.JQ, "jq", "", "print what this jq expression makes of each payload, a line each output")
	flags.BoolVar(&o.Raw, "raw-output", false, "print strings that --jq gives as they are")
}

// Wanted tells whether payloads are to be decoded at all.
func (o *Options) Wanted() bool { return o.Format != "" || o.JQ != "" }

// Printer returns what prints payloads as o says. Its error is one of the command line or of the file that it names.
func (o *Options) Printer() (*Printer, error) {
	return nil, errors.New("not built")
}

// Printer prints the payloads of messages. One goroutine at a time may use it.
type Printer struct{}

// Append appends the lines of m to dst, each with its line feed. An error is one line about this message
// alone, to be told on stderr; what was appended before it is good, and the next message may follow.
func (p *Printer) Append(_ context.Context, dst []byte, _ *mqtt.Received) ([]byte, error) {
	return dst, nil
}

// AppendValue appends the decoded payload of m to dst as JSON in one line without a line feed, whatever
// JQ says: the member "value" of a line of --json.
func (p *Printer) AppendValue(dst []byte, _ *mqtt.Received) ([]byte, error) {
	return dst, nil
}
