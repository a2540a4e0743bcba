// Package yamlfile reads files that people write in YAML: each value is asked for by its key and kind, what nobody asks for is
// a fault, and faults say line and column.
//
// Whoever reads a file asks for everything, with defaults for what is wrong, and asks Err in the end.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// File is a file that is being read, and what was found wrong with it.
type File struct {
	name   string
	root   *yaml.Node
	faults []fault
}

// fault is what is wrong at a place.
type fault struct {
	line, column int
	text         string
}

// Open parses text. The name stands in front of errors.
func Open(name string, text []byte) (*File, error) {
	f := &File{name: name}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	err := d.Decode(&document)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		return nil, fmt.Errorf("%s: the file is empty", name)
	case err != nil:
		return nil, f.syntax(err)
	}
	switch err := d.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, f.syntax(err)
	default:
		return nil, fmt.Errorf("%s:%d:%d: a second document begins here; a file holds one", name, more.Line, more.Column)
	}
	f.root = document.Content[0]
	return f, nil
}

// place is how the parser says where it failed.
var place = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:yaml: )?line (\d+)(?:, column (\d+))?: `)
})

// syntax makes an error of the parser one of this file.
func (f *File) syntax(err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	if at := place().FindStringSubmatch(text); at != nil {
		where := f.name + ":" + at[1]
		if at[2] != "" {
			where += ":" + at[2]
		}
		return fmt.Errorf("%s: this is not YAML: %s", where, text[len(at[0]):])
	}
	return fmt.Errorf("%s: this is not YAML: %s", f.name, strings.TrimPrefix(text, "yaml: "))
}

// Err returns the first fault, in the order of the file, and says how many more there are.
func (f *File) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	first := slices.MinFunc(f.faults, func(a, b fault) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	more := ""
	if n := len(f.faults) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Errorf("%s:%d:%d: %s%s", f.name, first.line, first.column, first.text, more)
}

// Root is the whole file.
func (f *File) Root() Value { return Value{file: f, node: resolved(f.root)} }

func (f *File) fault(n *yaml.Node, format string, args ...any) {
	f.faults = append(f.faults, fault{n.Line, n.Column, fmt.Sprintf(format, args...)})
}

// Value is a value of the file.
type Value struct {
	file *File
	node *yaml.Node // never an alias
	key  string     // that it stands under, for faults
}

// Fault notes that the value is wrong.
func (v Value) Fault(format string, args ...any) { v.file.fault(v.node, format, args...) }

// wrong notes that the value is not of the kind that was asked for.
func (v Value) wrong(kind string) {
	v.Fault("%s%s is not %s", v.named(), v.shown(), kind)
}

// named returns the key, for the beginning of a fault.
func (v Value) named() string {
	if v.key == "" {
		return ""
	}
	return v.key + ": "
}

// shown returns what stands there, shortened.
func (v Value) shown() string {
	const most = 40
	switch v.node.Kind {
	case yaml.MappingNode:
		return "this mapping"
	case yaml.SequenceNode:
		return "this list"
	}
	text := []rune(v.node.Value)
	if len(text) > most {
		return fmt.Sprintf("%q...", string(text[:most]))
	}
	return fmt.Sprintf("%q", string(text))
}

// resolved returns what an alias means, and everything else as it is.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
