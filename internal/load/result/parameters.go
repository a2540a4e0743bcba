package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// key is what a parameter is found by.
type key struct{ group, name string }

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name))
}

func (k key) text() string {
	if k.group == "" {
		return k.name
	}
	return k.group + ": " + k.name
}

// own says whether processes of one load may each have another value of a parameter.
func own(name string) bool {
	return slices.Contains([]string{Clients, First, ConnectRate, "client_id", "username", "seed"}, name)
}

// settings are parameters by their names.
type settings map[key]string

func (r *Result) settings() settings {
	s := settings{}
	for _, p := range r.Parameters {
		s[key{p.Group, p.Name}] = p.Value
	}
	return s
}

// fit says why two processes did not do the same. What is of the whole run has to be the same only in runs of the same name, and
// what is of a group only where both have the group.
func (s settings) fit(o settings, sameName bool) error {
	keys := maps.Clone(s)
	maps.Copy(keys, o)
	for _, k := range slices.SortedFunc(maps.Keys(keys), compareKeys) {
		shared := sameName
		if k.group != "" {
			shared = s.has(k.group) && o.has(k.group)
		}
		if a, b := s[k], o[k]; shared && a != b && !own(k.name) {
			return fmt.Errorf("%s is %s in one and %s in the other", k.text(), cmp.Or(a, "not given"), cmp.Or(b, "not given"))
		}
		if err := s.overlap(o, k); err != nil {
			return err
		}
	}
	return nil
}

// has says whether the process had a group.
func (s settings) has(group string) bool {
	_, has := s[key{group, Clients}]
	return has
}

// overlap says that both processes had the same client of a group, which would have ended each other's connections. k is one of
// the group's parameters.
func (s settings) overlap(o settings, k key) error {
	if k.name != Clients {
		return nil
	}
	a, b := s.clients(k.group), o.clients(k.group)
	if from, to := max(a[0], b[0]), min(a[1], b[1]); from < to { // whatever their identifiers: messages are accounted for by the numbers
		return fmt.Errorf("both have clients %s/%d to %d; give each process another --first", k.group, from, to-1)
	}
	return nil
}

// clients are the numbers of a group's clients, the end excluded; none where that is not known.
func (s settings) clients(group string) [2]int {
	first, err := strconv.Atoi(s[key{group, First}])
	if err != nil {
		return [2]int{}
	}
	n, err := strconv.Atoi(s[key{group, Clients}])
	if err != nil {
		return [2]int{}
	}
	return [2]int{first, first + n}
}

// joinParameters returns those of all: numbers of clients summed up, and of what differs every value.
func joinParameters(parts []*Result) []Parameter {
	var all []Parameter
	at := map[key]int{}
	for _, r := range parts {
		for _, p := range r.Parameters {
			k := key{p.Group, p.Name}
			i, known := at[k]
			if !known {
				at[k] = len(all)
				all = append(all, p)
				continue
			}
			all[i].Value = joinValue(p.Name, all[i].Value, p.Value)
		}
	}
	return all
}

func joinValue(name, a, b string) string {
	n, errN := strconv.Atoi(a)
	m, errM := strconv.Atoi(b)
	if name == Clients && errN == nil && errM == nil {
		return strconv.Itoa(n + m)
	}
	if a == b {
		return a
	}
	return listed(a, b)
}
