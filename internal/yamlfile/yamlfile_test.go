package yamlfile_test

import (
	"strings"
	"testing"
	"time"

	"dunlin/internal/yamlfile"
)

func open(t *testing.T, text string) (*yamlfile.File, *yamlfile.Mapping) {
	t.Helper()
	f, err := yamlfile.Open("load.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Root().Mapping()
}

func TestValuesAsPeopleWriteThem(t *testing.T) {
	f, m := open(t, `
time: 1m30s
seconds: 2.5
slow: 6/m
fast: 50k/s
bare: 0.1
size: 10k
part: 25%
whole: 1_000
flag: true
version: 007
nothing: ~
`)
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"time", m.Duration("time", 0), 90 * time.Second},
		{"seconds", m.Duration("seconds", 0), 2500 * time.Millisecond},
		{"slow", m.Rate("slow", 0), 0.1},
		{"fast", m.Rate("fast", 0), 50_000.0},
		{"bare", m.Rate("bare", 0), 0.1},
		{"size", m.Bytes("size", 0, 1<<20), 10240},
		{"part", m.Part("part", 0, 1), 0.25},
		{"whole", m.Whole("whole", 0, 1, 1000), 1000},
		{"flag", m.Flag("flag", false), true},
		{"version", m.Text("version", ""), "007"},
		{"a null is as if nothing stood there", m.Text("nothing", "otherwise"), "otherwise"},
		{"absent", m.Whole("absent", 7, 0, 10), 7},
	} {
		if check.got != check.want {
			t.Errorf("%s: got %v, want %v", check.name, check.got, check.want)
		}
	}
	m.End()
	if err := f.Err(); err != nil {
		t.Error(err)
	}
}

// TestFaultsSayWhereTheyAre reads each text as one with the keys time, rate, list and inner.size.
func TestFaultsSayWhereTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		"time: soon":                         `load.yaml:1:7: time: "soon" is not a time such as 500ms, 10s, 1m30s or 2h`,
		"time: -1s":                          `load.yaml:1:7: time: "-1s" is not a time`,
		"time: NaN":                          `load.yaml:1:7: time: "NaN" is not a time`,
		"time: 5e9":                          `load.yaml:1:7: time: "5e9" is not a time`,
		"\nrate: 3/week":                     `load.yaml:2:7: rate: "3/week" is not a rate such as`,
		"rate: [1]":                          `load.yaml:1:7: rate: this list is not a rate`,
		"rate: NaN":                          `load.yaml:1:7: rate: "NaN" is not a rate`,
		"rate: 1\nrate: 2":                   `load.yaml:2:1: rate stands here twice`,
		"tmie: 1s":                           `load.yaml:1:1: there is no key "tmie"; did you mean time?`,
		"colour: red":                        `load.yaml:1:1: there is no key "colour"; there are time, rate, list, inner`,
		"inner: {size: 2G}":                  `load.yaml:1:15: size: "2G" is not a size such as 100, 10k or 1M, of at most 1000 bytes`,
		"inner: [1]":                         `load.yaml:1:8: inner: this list is not a mapping`,
		"[1, 2]":                             `load.yaml:1:1: this list is not a mapping`,
		"time: x\nrate: x":                   `load.yaml:1:7: time: "x" is not a time such as 500ms, 10s, 1m30s or 2h (and 1 more)`,
		"rate: &a 1\ntime: *a\ninner: *a":    `load.yaml:1:7: inner: "1" is not a mapping`,
		"inner:\n  <<: 7":                    `load.yaml:2:7: << takes a mapping`,
		"[a]: 1":                             `load.yaml:1:1: a key has to be a word`,
		"inner: {size: 1, <<: {size: 2000}}": "",
		"inner: {<<: {size: 2000}}":          `load.yaml:1:20: size: "2000" is not a size`,
		"inner: {<<: {<<: {size: 2000}}}":    `load.yaml:1:25: size: "2000" is not a size`,
		"inner: &x {size: 1, <<: [*x, *x]}":  "",
	} {
		f, m := open(t, text)
		m.Duration("time", 0)
		m.Rate("rate", 0)
		m.List("list")
		if inner := m.Mapping("inner"); inner != nil {
			inner.Bytes("size", 0, 1000)
			inner.End()
		}
		m.End()
		err := f.Err()
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestWhatIsNoFile(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "load.yaml: the file is empty",
		"# only a comment": "load.yaml: the file is empty",
		"a: [1":            "load.yaml:1: this is not YAML: ",
		"a: 1\n---\nb: 2":  "load.yaml:2:1: a second document begins here; a file holds one",
		"a: *b":            "load.yaml: this is not YAML: unknown anchor 'b' referenced",
		"a: \x01":          "load.yaml: this is not YAML: control characters are not allowed",
	} {
		_, err := yamlfile.Open("load.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestOneValueIsAListOfOne(t *testing.T) {
	_, m := open(t, "one: a\nmany: [a, b]\nmap: {k: v}")
	for key, want := range map[string]int{"one": 1, "many": 2, "map": 1, "none": 0} {
		if got := len(m.List(key)); got != want {
			t.Errorf("%s: %d values, want %d", key, got, want)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("a: &x {b: *x}\n<<: *x\nlist: [*x, *x]")
	f.Add("a: 1")
	f.Fuzz(func(_ *testing.T, text string) {
		file, err := yamlfile.Open("x", []byte(text))
		if err != nil {
			return
		}
		m := file.Root().Mapping()
		m.Rate("a", 0)
		m.Duration("b", 0)
		for _, v := range m.List("list") {
			v.Mapping().End()
		}
		m.End()
		_ = file.Err()
	})
}
