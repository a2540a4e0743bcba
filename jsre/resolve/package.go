package resolve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pkg is what matters of a package.json.
type pkg struct {
	Name    string
	Main    string
	Type    string // "module", "commonjs" or empty
	Exports *table
	Imports *table

	dir string
}

// maxPackage is the longest package.json that is read, in bytes.
const maxPackage = 8 << 20

// read gives the package.json of a folder; nil when there is none.
func (r *Resolver) read(dir string) (*pkg, error) {
	if p, ok := r.packages[dir]; ok {
		return p, nil
	}
	p, err := r.parse(dir)
	if err != nil {
		return nil, err
	}
	if r.packages == nil {
		r.packages = map[string]*pkg{}
	}
	r.packages[dir] = p
	return p, nil
}

func (r *Resolver) parse(dir string) (*pkg, error) {
	path := filepath.Join(dir, "package.json")
	open, st := r.stat(path)
	if st == nil || st.IsDir() {
		return nil, nil //nolint:nilnil // a folder without one is no error, and has none
	}
	if st.Size() > maxPackage {
		return nil, &PackageError{path, errors.New("it is longer than 8 MiB")}
	}
	text, err := os.ReadFile(open)
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // one that the system does not let be read is as good as absent, as in Node.js
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &fields); err != nil {
		return nil, &PackageError{path, err}
	}
	p := &pkg{dir: dir}
	// A field of another type is as good as absent, as in Node.js.
	_ = json.Unmarshal(fields["name"], &p.Name)
	_ = json.Unmarshal(fields["main"], &p.Main)
	_ = json.Unmarshal(fields["type"], &p.Type)
	if p.Exports, err = parseTable(fields["exports"]); err != nil {
		return nil, &PackageError{path, err}
	}
	if p.Imports, err = parseTable(fields["imports"]); err != nil {
		return nil, &PackageError{path, err}
	}
	return p, nil
}

// around gives the package that the folder dir belongs to; nil when there is none.
func (r *Resolver) around(dir string) (*pkg, error) {
	for {
		p, err := r.read(dir)
		if p != nil || err != nil {
			return p, err
		}
		up := filepath.Dir(dir)
		if up == dir || filepath.Base(dir) == "node_modules" {
			return nil, nil //nolint:nilnil // a folder outside of all packages is no error
		}
		dir = up
	}
}

// Type gives the type that the package around a file declares: "module", "commonjs" or "".
func (r *Resolver) Type(dir string) string {
	p, err := r.around(dir)
	if err != nil || p == nil {
		return ""
	}
	return p.Type
}

// table is a value of "exports" or "imports": a target, a choice by condition, a list of choices, or
// entries by path. The order of the keys counts.
type table struct {
	target  string
	none    bool // null: not to be reached
	list    []*table
	keys    []string
	entries map[string]*table
}

// maxNesting bounds the nesting of conditions.
const maxNesting = 64

func parseTable(text json.RawMessage) (*table, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil //nolint:nilnil // absent
	}
	d := json.NewDecoder(bytes.NewReader(text))
	return readTable(d, 0)
}

func readTable(d *json.Decoder, depth int) (*table, error) {
	if depth > maxNesting {
		return nil, errors.New("conditions are nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	t := &table{}
	switch token := token.(type) {
	case string:
		t.target = token
	case json.Delim:
		if token == '[' {
			return t, t.readList(d, depth)
		}
		return t, t.readEntries(d, depth)
	default:
		t.none = true
	}
	return t, nil
}

func (t *table) readList(d *json.Decoder, depth int) error {
	for d.More() {
		choice, err := readTable(d, depth+1)
		if err != nil {
			return err
		}
		t.list = append(t.list, choice)
	}
	_, err := d.Token()
	return err
}

func (t *table) readEntries(d *json.Decoder, depth int) error {
	t.entries = map[string]*table{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key := fmt.Sprint(token)
		entry, err := readTable(d, depth+1)
		if err != nil {
			return err
		}
		t.keys = append(t.keys, key)
		t.entries[key] = entry
	}
	_, err := d.Token()
	return err
}

// export finds the target of a subpath: "." or "./path".
func (t *table) export(subpath string, conditions []string) (string, bool) {
	byPath := len(t.keys) > 0 && strings.HasPrefix(t.keys[0], ".")
	if !byPath {
		if subpath != "." {
			return "", false
		}
		return t.choose("", conditions)
	}
	return t.entry(subpath, conditions)
}

// entry finds the target of a key of the table: the key itself, or the pattern with the longest
// beginning that matches.
func (t *table) entry(key string, conditions []string) (string, bool) {
	if e, ok := t.entries[key]; ok && !strings.Contains(key, "*") {
		return e.choose("", conditions)
	}
	best, middle := "", ""
	for _, pattern := range t.keys {
		before, after, ok := strings.Cut(pattern, "*")
		if !ok || len(key) < len(pattern) || !strings.HasPrefix(key, before) || !strings.HasSuffix(key, after) || len(before) <= strings.IndexByte(best, '*') {
			continue
		}
		best, middle = pattern, key[len(before):len(key)-len(after)]
	}
	if best == "" {
		return "", false
	}
	return t.entries[best].choose(middle, conditions)
}

// choose follows the conditions to a target; middle stands for its stars.
func (t *table) choose(middle string, conditions []string) (string, bool) {
	switch {
	case t.none:
		return "", false
	case t.target != "":
		return strings.ReplaceAll(t.target, "*", middle), true
	case t.list != nil:
		for _, choice := range t.list {
			if target, ok := choice.choose(middle, conditions); ok {
				return target, true
			}
		}
		return "", false
	}
	for _, key := range t.keys {
		if !slices.Contains(conditions, key) {
			continue
		}
		entry := t.entries[key]
		if target, ok := entry.choose(middle, conditions); ok || entry.none {
			return target, ok
		}
	}
	return "", false
}
