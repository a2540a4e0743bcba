// Package dump keeps messages as files, in folders that are named as their topics are: what --dump asks for.
package dump

import (
	"errors"
	"time"

	"dunlin/mqtt"
)

// Flags is a set of options of a command line, such as a *pflag.FlagSet.
type Flags interface {
	StringVar(p *string, name, value, usage string)
	BoolVar(p *bool, name string, value bool, usage string)
}

// Options say where messages are kept. They are options of the command line, see Bind.
type Options struct {
	Dir  string // the folder; made if it is missing
	Last bool   // one file a topic, with its last message
}

// Bind gives flags the options --dump and --dump-last.
func (o *Options) Bind(flags Flags) {
	flags.StringVar(&o.Dir, "dump", "", "keep each message in a file of its own below this folder")
	flags.BoolVar(&o.Last, "dump-last", false, "with --dump: keep the last message of each topic only")
}

// Wanted tells whether messages are to be kept at all.
func (o *Options) Wanted() bool { return o.Dir != "" }

// Open makes the folder if it is missing, and returns what keeps messages in it.
func (o *Options) Open() (*Dump, error) {
	return nil, errors.New("not built")
}

// Dump keeps messages in a folder. One goroutine at a time may use it.
type Dump struct{}

// Write keeps m, which came at the time at. When it returns nil the message is whole in its file; an error names the
// file and ends the command, because nothing may be lost silently.
func (d *Dump) Write(_ *mqtt.Received, _ time.Time) error {
	return nil
}

// Close closes the folder. It returns the first error of writing that Write has not returned.
func (d *Dump) Close() error { return nil }

// Name returns the path below the folder, with slashes, of the folder for the messages of a topic.
func Name(topic string) string { return topic }

// Topic returns the topic whose path is name.
func Topic(name string) (string, error) { return name, nil }
