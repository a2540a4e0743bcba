package yamlfile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mapping is a value with keys.
type Mapping struct {
	Value
	given map[string]Value
	keys  []*yaml.Node // as they stand in the file
	asked []string
}

// Mapping returns the value's keys. What is no mapping is a fault, and has none.
func (v Value) Mapping() *Mapping {
	m := &Mapping{Value: v, given: map[string]Value{}}
	if v.node.Kind != yaml.MappingNode {
		v.wrong("a mapping of keys to values")
		return m
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, value := resolved(v.node.Content[i]), resolved(v.node.Content[i+1])
		switch _, twice := m.given[key.Value]; {
		case key.Tag == "!!merge":
			merged = append(merged, value)
		case key.Kind != yaml.ScalarNode:
			v.file.fault(key, "a key has to be a word")
		case twice:
			v.file.fault(key, "%s stands here twice", key.Value)
		default:
			m.put(key, value)
		}
	}
	m.merge(merged, map[*yaml.Node]bool{v.node: true})
	return m
}

// put adds a key.
func (m *Mapping) put(key, value *yaml.Node) {
	m.given[key.Value] = Value{m.file, value, key.Value}
	m.keys = append(m.keys, key)
}

// merge adds the keys of other mappings, or of lists of them, that are not given: what `<<: *name` means, and what those have merged
// themselves. Met are mappings that were merged already, for one may stand in itself.
func (m *Mapping) merge(others []*yaml.Node, met map[*yaml.Node]bool) {
	for _, from := range others {
		all := []*yaml.Node{from}
		if from.Kind == yaml.SequenceNode {
			all = from.Content
		}
		for _, n := range all {
			other := resolved(n)
			if other.Kind != yaml.MappingNode {
				m.file.fault(n, "<< takes a mapping, or a list of mappings")
			} else if !met[other] {
				met[other] = true
				m.merge(m.take(other), met)
			}
		}
	}
}

// take adds the keys of a mapping that are not given, and returns what it merges.
func (m *Mapping) take(other *yaml.Node) (merged []*yaml.Node) {
	for i := 0; i+1 < len(other.Content); i += 2 {
		key, value := resolved(other.Content[i]), resolved(other.Content[i+1])
		_, given := m.given[key.Value]
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, value)
		case !given && key.Kind == yaml.ScalarNode:
			m.put(key, value)
		}
	}
	return merged
}

// get returns the value of a key. A null is as if the key were not given.
func (m *Mapping) get(key string) (Value, bool) {
	if !slices.Contains(m.asked, key) {
		m.asked = append(m.asked, key)
	}
	v, given := m.given[key]
	return v, given && v.node.Tag != "!!null"
}

// Has says whether the key is given.
func (m *Mapping) Has(key string) bool {
	_, given := m.get(key)
	return given
}

// Fault notes that the value of the key is wrong, or the mapping where there is no such key.
func (m *Mapping) Fault(key, format string, args ...any) {
	if v, given := m.given[key]; given {
		v.Fault(format, args...)
		return
	}
	m.Value.Fault(format, args...)
}

// Mapping returns the mapping under the key; nil if there is none.
func (m *Mapping) Mapping(key string) *Mapping {
	v, given := m.get(key)
	if !given {
		return nil
	}
	return v.Mapping()
}

// List returns the values of the list under the key. A value that is no list is a list of one.
func (m *Mapping) List(key string) []Value {
	v, given := m.get(key)
	if !given {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		return []Value{v}
	}
	all := make([]Value, len(v.node.Content))
	for i, n := range v.node.Content {
		all[i] = Value{m.file, resolved(n), key}
	}
	return all
}

// End notes each key that nobody has asked for as a fault.
func (m *Mapping) End() {
	for _, key := range m.keys {
		if slices.Contains(m.asked, key.Value) {
			continue
		}
		if near := nearest(key.Value, m.asked); near != "" {
			m.file.fault(key, "there is no key %q; did you mean %s?", key.Value, near)
			continue
		}
		m.file.fault(key, "there is no key %q; there are %s", key.Value, strings.Join(m.asked, ", "))
	}
}

// nearest returns the one of all that differs from word by the fewest letters, if those are few.
func nearest(word string, all []string) string {
	best, distance := "", 3
	for _, s := range all {
		if d := letters(word, s); d < distance {
			best, distance = s, d
		}
	}
	return best
}

// letters returns how many letters have to be put in, taken away or changed to make b of a.
func letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
