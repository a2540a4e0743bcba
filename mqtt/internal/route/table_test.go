package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	var table Table[string]
	if got := table.Match("a", nil); len(got) != 0 || table.Len() != 0 || table.Remove("a") {
		t.Errorf("the empty table holds %v", got)
	}
	for _, filter := range []string{"b/#", "a/b", "+/b", "$share/g/a/b", "$share/h/a/b", "#", "a/b/c"} {
		table.Add(filter, filter)
	}
	want := []string{"start", "a/b", "+/b", "$share/g/a/b", "$share/h/a/b", "#"}
	if got := table.Match("a/b", []string{"start"}); !slices.Equal(got, want) {
		t.Errorf("matches %q, want %q", got, want)
	}
	table.Add("a/b", "again")
	if value, ok := table.Get("a/b"); value != "again" || !ok || table.Len() != 7 {
		t.Errorf("replaced value is %q %t of %d entries", value, ok, table.Len())
	}
	if got := table.Match("a/b", nil); got[0] != "again" {
		t.Errorf("a replaced value lost its place: %q", got)
	}
	if value, ok := table.Get("a"); ok {
		t.Errorf("a filter that only leads to others is there: %q", value)
	}
	if value, ok := table.Get("$share/x/a/b"); ok || table.Remove("$share/x/a/b") || table.Remove("a") {
		t.Errorf("a filter of another group is there: %q", value)
	}
	if !table.Remove("$share/g/a/b") || table.Remove("$share/g/a/b") || table.Len() != 6 {
		t.Errorf("after Remove there are %d entries", table.Len())
	}
	want = []string{"again", "+/b", "$share/h/a/b", "#"}
	if got := table.Match("a/b", nil); !slices.Equal(got, want) {
		t.Errorf("matches after Remove %q, want %q", got, want)
	}
}

// TestTableProperty compares a table with a plain list under random changes.
func TestTableProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Table[int]
		model := list{}
		filters := rapid.SliceOfN(anyFilter, 1, 12).Draw(t, "filters")
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			filter := rapid.SampledFrom(filters).Draw(t, "filter")
			if rapid.IntRange(0, 2).Draw(t, "verb") == 0 {
				if got, want := table.Remove(filter), model.remove(filter); got != want {
					t.Fatalf("Remove(%q) is %t", filter, got)
				}
			} else {
				table.Add(filter, step)
				model.add(filter, step)
			}
			topic := anyTopic.Draw(t, "topic")
			if got, want := table.Match(topic, nil), model.match(topic); !slices.Equal(got, want) {
				t.Fatalf("Match(%q) with %v is %v, want %v", topic, model, got, want)
			}
			if table.Len() != len(model) {
				t.Fatalf("Len is %d, want %d", table.Len(), len(model))
			}
		}
		for _, e := range slices.Clone(model) {
			if value, ok := table.Get(e.filter); !ok || value != e.value {
				t.Fatalf("Get(%q) is %d %t, want %d", e.filter, value, ok, e.value)
			}
			table.Remove(e.filter)
		}
		if r := &table.root; table.Len() != 0 || len(r.literal) != 0 || r.plus != nil || r.hash != nil {
			t.Fatalf("nodes are left over")
		}
	})
}

// list is the model of a table.
type list []struct {
	filter string
	value  int
}

func (l *list) index(filter string) int {
	for i, e := range *l {
		if e.filter == filter {
			return i
		}
	}
	return -1
}

func (l *list) add(filter string, value int) {
	if i := l.index(filter); i >= 0 {
		(*l)[i].value = value
		return
	}
	*l = append(*l, struct {
		filter string
		value  int
	}{filter, value})
}

func (l *list) remove(filter string) bool {
	i := l.index(filter)
	if i >= 0 {
		*l = slices.Delete(*l, i, i+1)
	}
	return i >= 0
}

func (l *list) match(topic string) (values []int) {
	for _, e := range *l {
		if reference(e.filter, topic) {
			values = append(values, e.value)
		}
	}
	return values
}

// TestManyBranches: a tree in which every level branches is walked once, not once for
// each way through it.
func TestManyBranches(t *testing.T) {
	var table Table[int]
	const depth = 10
	for i := range 1 << depth {
		parts := make([]string, depth)
		for level := range parts {
			parts[level] = [2]string{"a", "+"}[i>>level&1]
		}
		table.Add(strings.Join(parts, "/"), i)
	}
	topic := strings.TrimSuffix(strings.Repeat("a/", depth), "/")
	got := table.Match(topic, nil)
	if len(got) != 1<<depth || !slices.IsSorted(got) {
		t.Errorf("%d matches, want all %d in the order of adding", len(got), 1<<depth)
	}
	if got := table.Match(topic+"/a", nil); len(got) != 0 {
		t.Errorf("%d matches for a longer topic", len(got))
	}
}

func TestAllocations(t *testing.T) {
	var table Table[int]
	for i := range 1000 {
		table.Add(fmt.Sprintf("plant/%d/+/temperature", i), i)
	}
	table.Add("plant/#", -1)
	table.Add("+/7/#", -2)
	room := make([]int, 0, 16)
	if n := testing.AllocsPerRun(100, func() { room = table.Match("plant/7/east/temperature", room[:0]) }); n != 0 {
		t.Errorf("Table.Match allocates %v times", n)
	}
	if !slices.Equal(room, []int{7, -1, -2}) {
		t.Errorf("matches %v", room)
	}
	if n := testing.AllocsPerRun(100, func() { Match("plant/+/east/#", "plant/7/east/temperature") }); n != 0 {
		t.Errorf("Match allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { _ = ValidateFilter("$share/g/plant/+/#") }); n != 0 {
		t.Errorf("ValidateFilter allocates %v times", n)
	}
}

func BenchmarkTableMatch(b *testing.B) {
	var table Table[int]
	for i := range 1000 {
		table.Add(fmt.Sprintf("plant/%d/+/temperature", i), i)
	}
	room := make([]int, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		room = table.Match("plant/7/east/temperature", room[:0])
	}
}
