package scenario_test

import (
	"bytes"
	"strings"
	"testing"
	"text/template"

	"dunlin/internal/feed"
	"dunlin/internal/load/scenario"
)

var values = scenario.Values{Client: 7, TopicNumber: 2, N: 5, Group: "sensors", ClientID: "sensors-7", Username: "u7", Topic: "t/7"}

func TestTemplatesOfNamesAndPayloads(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "",
		"plain":                                  "plain",
		"a/{{.Client}}/{{.TopicNumber}}":         "a/7/2",
		"{{.Group}} {{.ClientID}} {{.Username}}": "sensors sensors-7 u7",
		"{{.N}}@{{.Topic}}":                      "5@t/7",
		"{{add .N 1}}":                           "6",
		"{{if eq .Client 7}}x{{else}}{{.N}}{{end}}": "x",
		"{{$x := .N}}{{$x}}":                        "5",
		"{{- .N -}}  .":                             "5.",
		scenario.Name("%i/%t/%c/%u/%%/100%"):        "7/2/sensors-7/u7/%/100%",
	} {
		template, err := scenario.ParseTemplate(text, 1)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, err := template.Append([]byte(">"), &values); string(got) != ">"+want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestFaultsOfTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"{{.Cleint}}":                     "there is no {{.Cleint}}; there are .Client, ",
		"{{if .No}}{{end}}":               "there is no {{.No}}",
		"{{if .N}}a{{else}}{{.X}}{{end}}": "there is no {{.X}}",
		"{{(add .M 1)}}":                  "there is no {{.M}}",
		"{{.N":                            "unclosed action",
		"{{nix 1}}":                       `function "nix" not defined`,
		"{{div 1 0}}":                     "1 divided by 0",
		"{{int 6 1}}":                     "from 6 to 1 there is nothing to choose",
		"{{add .Topic 1}}":                "expected int",
		"{{.N.Deeper}}":                   "can't evaluate field Deeper",
	} {
		if _, err := scenario.ParseTemplate(text, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestASeedDecidesRandomValues also shows that looking for faults takes none of them.
func TestASeedDecidesRandomValues(t *testing.T) {
	first := func(seed uint64) string {
		made, err := scenario.ParseTemplate(`{{int 1 1000000}} {{text 8}}`, seed)
		if err != nil {
			t.Fatal(err)
		}
		b, err := made.Append(nil, &values)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var want bytes.Buffer
	untouched := template.Must(template.New("").Funcs(feed.Functions(1, "scenario")).Parse(`{{int 1 1000000}} {{text 8}}`))
	if err := untouched.Execute(&want, nil); err != nil {
		t.Fatal(err)
	}
	if got := first(1); got != want.String() {
		t.Errorf("got %q, and the first values of the seed are %q", got, &want)
	}
	if a, b, c := first(1), first(1), first(2); a != b || a == c {
		t.Errorf("seed 1: %q and %q; seed 2: %q", a, b, c)
	}
}

func TestAConstantPayloadTakesNoMemory(t *testing.T) {
	for text, constant := range map[string]bool{"on": true, `{"n":{{.N}},"c":"{{.ClientID}}"}`: false} {
		template, err := scenario.ParseTemplate(text, 1)
		if err != nil {
			t.Fatal(err)
		}
		if template.Constant() != constant {
			t.Errorf("%q is said to be constant: %v", text, template.Constant())
		}
		b := make([]byte, 0, 100)
		if n := testing.AllocsPerRun(100, func() { b, _ = template.Append(b[:0], &values) }); n != 0 {
			t.Errorf("%q: %v allocations a payload", text, n)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	for name, text := range map[string]string{"constant": "on", "fields": `{"n":{{.N}},"c":"{{.ClientID}}"}`, "functions": `{"t":{{ms}},"v":{{float 0 1}}}`} {
		b.Run(name, func(b *testing.B) {
			template, _ := scenario.ParseTemplate(text, 1)
			out := make([]byte, 0, 100)
			for b.Loop() {
				out, _ = template.Append(out[:0], &values)
			}
		})
	}
}

func TestClientsOfTwoProcessesHaveNamesOfTheirOwn(t *testing.T) {
	name := func(o scenario.Options) string {
		t.Helper()
		template, err := scenario.ParseTemplate(scenario.Conn(o).Groups[0].ClientID, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := template.Append(nil, &scenario.Values{Client: 3, Group: "conn"})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	of := func(run string) string { return "bench-" + run + "-conn-3" }
	if got, run := name(scenario.Options{Clients: 5}), values.Run(); got != of(run) || len(run) != 4 {
		t.Errorf("the client is called %q in a run called %q", got, run)
	}
	if got := name(scenario.Options{Clients: 5, KeepSession: true}); got != "bench-conn-3" {
		t.Errorf("a client whose session is kept is called %q", got)
	}
}
