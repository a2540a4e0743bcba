package feed_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// filled returns three messages that a template makes.
func filled(t *testing.T, payload, topic string, seed uint64) []string {
	t.Helper()
	template, err := feed.ParseTemplate(payload, topic, seed)
	if err != nil {
		t.Fatal(err)
	}
	return all(t, template.Fill(feed.Repeat(mqtt.Message{Topic: topic, Payload: []byte("in")}, 3)))
}

func TestTemplateValues(t *testing.T) {
	expect(t, filled(t, `{{.N}} {{.Input}} {{.Topic}} {{add .N 5}} {{sub 1 .N}} {{mul 2 .N}} {{div 7 2}} {{mod 7 4}}`, "s/{{.N}}", 1),
		"s/1=1 in s/1 6 0 2 3 3", "s/2=2 in s/2 7 -1 4 3 3", "s/3=3 in s/3 8 -2 6 3 3")
}

func TestTemplateRandomValues(t *testing.T) {
	const random = `{{int 1 6}} {{int -2 -2}} {{float 0 1.5}} {{pick "on" "off"}} {{text 8}} {{hex 3}} {{uuid}}`
	first := filled(t, random, "t", 7)
	shape := regexp.MustCompile(`^t=[1-6] -2 (0|1)[.0-9e-]* (on|off) [A-Za-z0-9]{8} [0-9a-f]{6} [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, m := range first {
		if !shape.MatchString(m) {
			t.Errorf("%q", m)
		}
	}
	if first[0] == first[1] || !slices.Equal(first, filled(t, random, "t", 7)) || slices.Equal(first, filled(t, random, "t", 8)) {
		t.Error("the seed does not decide the values")
	}
}

func TestTemplateTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		template, err := feed.ParseTemplate(`{{now}} {{time "15:04"}} {{unix}} {{ms}}`, "t", 0)
		if err != nil {
			t.Fatal(err)
		}
		s := template.Fill(feed.Repeat(mqtt.Message{}, 2))
		for _, wait := range []time.Duration{0, 1500 * time.Millisecond} {
			<-time.After(wait)
			// The time is that of Next, however long Ready was before.
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-time.After(wait)
			m, err := s.Next(t.Context())
			now := time.Now()
			if want := fmt.Sprintf("%s %s %d %d", now.Format(time.RFC3339Nano), now.Format("15:04"), now.Unix(), now.UnixMilli()); err != nil || string(m.Payload) != want {
				t.Errorf("%q, want %q; %v", m.Payload, want, err)
			}
		}
	})
}

func TestTemplatesThatCannotBe(t *testing.T) {
	for payload, want := range map[string]string{
		"{{.N":          "template:1: unclosed action",
		"{{nobody}}":    `template:1: function "nobody" not defined`,
		"{{.Nobody}}":   "can't evaluate field Nobody",
		"{{int 2 1}}":   "from 2 to 1 there is nothing to choose",
		"{{text -1}}":   "-1 is not between 0 and 268435455",
		"{{pick}}":      "nothing to pick from",
		"{{div 1 0}}":   "1 divided by 0",
		"{{float 1 .}}": "is not a number",
	} {
		template, err := feed.ParseTemplate(payload, "t", 0)
		if err == nil {
			err = template.Try(mqtt.Message{Topic: "t"})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", payload, err, want)
		}
	}
	if _, err := feed.ParseTemplate("", "a/{{", 0); err == nil || !strings.HasPrefix(err.Error(), "topic:1: ") {
		t.Errorf("the topic: %v", err)
	}
	// Of lines each has a failure of its own.
	template, err := feed.ParseTemplate(`{{slice .Input 1}}`, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	got := all(t, template.Fill(feed.Lines(strings.NewReader("ab\n\ncd\n"), mqtt.Message{}, feed.LineRules{})))
	if len(got) != 3 || got[0] != "b" || !strings.HasPrefix(got[1], "<line 2: ") || got[2] != "d" {
		t.Errorf("got %q", got)
	}
	template, err = feed.ParseTemplate("x", "a/{{.Input}}", 0)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, all(t, template.Fill(feed.Lines(strings.NewReader("b\n#\n"), mqtt.Message{}, feed.LineRules{}))),
		"a/b=x", `<line 2 "#": topic "a/#": topic name holds a wildcard>`)
}

func TestSizes(t *testing.T) {
	message := mqtt.Message{}
	for fill, want := range map[string]string{
		"zero": `^\x00{300}$`, "count": `^\x00\x01\x02`, "text": `^[A-Za-z0-9]{300}$`, "random": `(?s)^.{300}$`,
	} {
		var runs [3][]string
		for i, seed := range []uint64{1, 1, 2} {
			s, err := feed.Size(feed.Repeat(message, 2), 300, fill, seed)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				m, err := s.Next(t.Context())
				if err != nil || len(m.Payload) != 300 {
					t.Fatalf("%s: %d bytes, %v", fill, len(m.Payload), err)
				}
				runs[i] = append(runs[i], fmt.Sprintf("%q", m.Payload))
				if fill != "random" && !regexp.MustCompile(want).Match(m.Payload) {
					t.Errorf("%s: %q", fill, m.Payload)
				}
			}
		}
		isRandom := fill == "text" || fill == "random"
		if !slices.Equal(runs[0], runs[1]) || (runs[0][0] != runs[0][1]) != isRandom || (runs[0][0] != runs[2][0]) != isRandom {
			t.Errorf("%s: the seed does not decide the payloads", fill)
		}
	}
	if _, err := feed.Size(feed.Message(message), -1, "zero", 0); err == nil {
		t.Error("a negative size is taken")
	}
	if _, err := feed.Size(feed.Message(message), 1, "noise", 0); err == nil || err.Error() != `"noise" is not random, text, zero, count` {
		t.Errorf("an unknown fill: %v", err)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ encoding, input, want string }{
		{"hex", "68 69\t0A", "hi\n"},
		{"hex", "", ""},
		{"base64", "aGk/Cg==", "hi?\n"},
		{"base64", "aGk_Cg", "hi?\n"},
		{"base64", "aGk_ Cg", "hi?\n"},
		{"hex", "6x", `<line 1 "6x": the message is not hex>`},
		{"base64", "a", `<line 1 "a": the message is not base64>`},
	} {
		s, err := feed.Decode(feed.Lines(strings.NewReader(c.input+"\n"), mqtt.Message{}, feed.LineRules{}), c.encoding)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, all(t, s), c.want)
	}
	s, err := feed.Decode(feed.Message(mqtt.Message{Payload: []byte("x")}), "hex")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(t.Context()); err == nil || err.Error() != "the message is not hex" {
		t.Errorf("a message of no line: %v", err)
	}
	if _, err := feed.Decode(s, "cbor"); err == nil || err.Error() != `"cbor" is not hex or base64` {
		t.Errorf("an unknown encoding: %v", err)
	}
}
