package payload_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dunlin/internal/ui/payload"
)

func TestNumbersAreFound(t *testing.T) {
	for _, c := range []struct {
		member, text string
		want         float64 // NaN: none
	}{
		{"", "21.5", 21.5},
		{"", " -1e3\n", -1000},
		{"", "+5", 5},
		{"", "true", 1},
		{"", "false", 0},
		{"", "21.5 °C", math.NaN()},
		{"", "NaN", math.NaN()},
		{"", "Infinity", math.NaN()},
		{"", "0x10", math.NaN()},
		{"", "1_000", math.NaN()},
		{"", "1e999", math.NaN()},
		{"", "", math.NaN()},
		{".a", `{"a":1}`, 1},
		{".a.b[1].c", `{ "a" : { "x":[{}], "b" : [ 0 , {"c" : 7 } ] } }`, 7},
		{"[1]", "[1,2,3]", 2},
		{".[1]", "[1,2]", 2},
		{`["a b"]`, `{"a b":3}`, 3},
		{`.["a\"]"].x`, `{"a\"]":{"x":4}}`, 4},
		{".é", `{"\u00e9":5}`, 5},
		{".a", `{"a":1,"a":2}`, 2},
		{".a", `{"b":{"a":1}}`, math.NaN()},
		{".a", `{"b":"\"a\":1,","a":6}`, 6},
		{".a", `{"a":"1"}`, math.NaN()},
		{".a", `[1]`, math.NaN()},
		{"[0]", `{"0":1}`, math.NaN()},
		{"[9]", `[1]`, math.NaN()},
		{".a", `{"a":true}`, 1},
		{".a", `{"a":`, math.NaN()},
		{".a", `{"a"`, math.NaN()},
		{".a", `{`, math.NaN()},
		{".a", `{a:1}`, math.NaN()},
		{"[0]", "[", math.NaN()},
		{"[1]", "[,2]", 2},
	} {
		n, err := payload.NewNumbers(c.member)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := n.Of(message("a", c.text)); ok == math.IsNaN(c.want) || ok && got != c.want {
			t.Errorf("%s of %s: %v %v", c.member, c.text, got, ok)
		}
	}
	for _, member := range []string{"a", ".", ".a.", "..a", "[", "[a]", "[-1]", "[]", `["a`, `["a"`, "[0", ".a[1", "[99999999999999999999]", "[0]a"} {
		if _, err := payload.NewNumbers(member); err == nil || !strings.Contains(err.Error(), "write .a.b[0]") {
			t.Errorf("%q: %v", member, err)
		}
	}
}

// What is found in any JSON is what encoding/json finds, and every number that is found has a name that leads to it.
func TestNumbersAreThoseOfEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := anyJSON(t, 4)
		text, err := json.MarshalIndent(value, "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		m := message("a", string(text))
		want := map[string]float64{}
		collect(value, "", want)
		all, err := payload.NewNumbers("")
		if err != nil {
			t.Fatal(err)
		}
		members := all.Members(m)
		if len(members) != len(want) {
			t.Fatalf("%s has the members %q, not %v", text, members, want)
		}
		for _, member := range members {
			n, err := payload.NewNumbers(member)
			if err != nil {
				t.Fatalf("%s has the member %q: %v", text, member, err)
			}
			x, known := want[member]
			if got, ok := n.Of(m); !ok || !known || got != x {
				t.Fatalf("%s of %s: %v %v, not %v", member, text, got, ok, x)
			}
		}
	})
}

// anyJSON draws a value of JSON.
func anyJSON(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
	case 1:
		return rapid.Bool().Draw(t, "switch")
	case 2:
		return rapid.StringMatching(`["\\,:{}\[\]a ]{0,5}`).Draw(t, "text")
	case 3:
		return nil
	case 4:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = anyJSON(t, depth-1)
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		object[rapid.StringMatching(`[a"\\.\] é]{0,3}`).Draw(t, "key")] = anyJSON(t, depth-1)
	}
	return object
}

// collect lists the numbers of a value by the names that they should have.
func collect(value any, path string, to map[string]float64) {
	switch value := value.(type) {
	case float64:
		if path != "" {
			to[path] = value
		}
	case bool:
		if path != "" {
			to[path] = map[bool]float64{true: 1}[value]
		}
	case []any:
		for i, one := range value {
			collect(one, fmt.Sprintf("%s[%d]", path, i), to)
		}
	case map[string]any:
		for key, one := range value {
			step := "." + key
			if key == "" || strings.Trim(key, "a") != "" {
				quoted, _ := json.Marshal(key)
				step = "[" + string(quoted) + "]"
			}
			collect(one, path+step, to)
		}
	}
}

// Members are at most 200, and deep ones are left out.
func TestMembersAreBounded(t *testing.T) {
	n, err := payload.NewNumbers("")
	if err != nil {
		t.Fatal(err)
	}
	many := message("a", "["+strings.TrimSuffix(strings.Repeat("1,", 100_000), ",")+"]")
	if got := n.Members(many); len(got) != 200 || got[199] != "[199]" {
		t.Errorf("%d members", len(got))
	}
	deep := message("a", strings.Repeat(`{"abc":`, 5000)+"1"+strings.Repeat("}", 5000))
	if got := n.Members(deep); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := n.Members(message("a", `{"a":1,"b":`)); !slices.Equal(got, []string{".a"}) {
		t.Errorf("%q", got)
	}
	cbor := &payload.Message{Topic: "a", ContentType: "application/cbor", Payload: []byte{0xa1, 0x61, 0x61, 0x07}, Size: 4}
	if got := n.Members(cbor); !slices.Equal(got, []string{".a"}) {
		t.Errorf("%q", got)
	}
}

// FuzzNumbers: no payload and no member does harm.
func FuzzNumbers(f *testing.F) {
	f.Add(".a[0]", `{"a":[1]}`)
	f.Add(`["a"]`, `{"a":"\`)
	f.Fuzz(func(t *testing.T, member, text string) {
		n, err := payload.NewNumbers(member)
		if err != nil {
			return
		}
		m := message("a", text)
		if x, ok := n.Of(m); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			t.Errorf("%v", x)
		}
		for _, member := range n.Members(m) {
			if _, err := payload.NewNumbers(member); err != nil {
				t.Error(err)
			}
		}
	})
}
