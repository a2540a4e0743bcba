// Package dump keeps messages as files, in folders that are named as their topics are: what --dump asks for.
//
// Below the folder each level of a topic is a folder, see Name. A message is two files in the folder of its topic:
// its payload, as it came, and beside it, with ".json" at the end of the name, what else is known of it:
//
//	home/kitchen/@20261129T181716.123456789Z-1
//	home/kitchen/@20261129T181716.123456789Z-1.json
//
// The name has the time at which the message came, in UTC, and the number that it has of the messages of this run; with
// Options.Last it is "@last". Each of the two is written to a file ending in ".part", which then gets its name, the
// payload first: so neither is ever there in part, also if the process is killed. Nothing is forced to the disk,
// so what a power failure leaves is the file system's promise.
//
// Nothing outside the folder is written: symbolic links in it may lead to places in it, not out of it.
package dump

import (
	"crypto/rand"
	"fmt"
	"os"
)

// Flags is a set of options of a command line, such as a *pflag.FlagSet.
type Flags interface {
	// StringVar is that of package flag.
	StringVar(p *string, name, value, usage string)
	// BoolVar is that of package flag.
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
func (o *Options) Wanted() bool { return o.Dir != "" || o.Last }

// Open makes the folder if it is missing, and returns what keeps messages in it.
func (o *Options) Open() (*Dump, error) {
	if o.Dir == "" {
		return nil, fmt.Errorf("--dump-last is for --dump, and there is no --dump")
	}
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("--dump %s: %w", o.Dir, err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("--dump %s: %w", o.Dir, err)
	}
	return &Dump{dir: o.Dir, root: root, last: o.Last, run: rand.Text()[:8]}, nil
}
