package decode_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/decode"
	"dunlin/internal/format"
	"dunlin/mqtt"
)

func TestJQPrintsALineForEachOutput(t *testing.T) {
	for _, v := range []struct{ expression, payload, want string }{
		{".", `{"b": 1, "a": 9007199254740993}`, "{\"a\":9007199254740993,\"b\":1}\n"}, // keys sorted, as gojq has them
		{".a + 1", `{"a": 9007199254740993}`, "9007199254740994\n"},
		{".a", `{"a": 1, "a": 2}`, "2\n"},
		{".[]", `[1, "x", null]`, "1\n\"x\"\nnull\n"},
		{"empty", `1`, ""},
		{".t", `{"t": "a\nb\u202e"}`, "\"a\\nb\\u202e\"\n"},
		{"1, halt, 2", `1`, "1\n"},
		{"$topic, $qos, $retain, $properties", `1`, "\"a/b\"\n0\nfalse\n{}\n"},
		{"[env, $ENV]", `1`, "[{},{}]\n"}, // a password in the environment stays there
	} {
		got, err := printed(t, decode.Options{JQ: v.expression}, v.payload)
		if got != v.want || err != nil {
			t.Errorf("%s: got %q and error %v, want %q", v.expression, got, err, v.want)
		}
	}
}

func TestJQSeesTheMessage(t *testing.T) {
	p, err := (&decode.Options{JQ: "[$topic, $qos, $retain, $properties, .]"}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	expiry := time.Minute
	out, err := p.Append(t.Context(), nil, &mqtt.Received{
		Topic: "t", QoS: 2, Retain: true, Payload: []byte("1"),
		Properties: &mqtt.Properties{
			PayloadIsText: true, MessageExpiry: &expiry, ContentType: "text/plain", ResponseTopic: "r", CorrelationData: []byte("c"),
			UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}, {Name: "k", Value: "w"}},
		},
	})
	want := `["t",2,true,{"content-type":"text/plain","correlation-data":"c","message-expiry-interval":60,"payload-format-indicator":1,` +
		`"response-topic":"r","user-properties":[{"k":"v"},{"k":"w"}]},1]` + "\n"
	if string(out) != want || err != nil {
		t.Errorf("got %s and error %v, want %s", out, err, want)
	}
}

// TestJQNamesPropertiesAsJSONDoes compares $properties with what --json prints.
func TestJQNamesPropertiesAsJSONDoes(t *testing.T) {
	p, err := (&decode.Options{JQ: "$properties"}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		expiry := time.Duration(rapid.Uint32().Draw(t, "expiry")) * time.Second
		m := &mqtt.Received{Topic: "a", Payload: []byte("1"), Properties: &mqtt.Properties{
			PayloadIsText: rapid.Bool().Draw(t, "text"), ContentType: rapid.String().Draw(t, "type"), ResponseTopic: rapid.String().Draw(t, "response"),
			MessageExpiry: rapid.SampledFrom([]*time.Duration{nil, &expiry}).Draw(t, "expires"),
		}}
		if rapid.Bool().Draw(t, "correlated") {
			m.Properties.CorrelationData = rapid.SliceOf(rapid.Byte()).Draw(t, "correlation")
		}
		for range rapid.IntRange(0, 3).Draw(t, "user properties") {
			m.Properties.UserProperties = append(m.Properties.UserProperties, mqtt.UserProperty{Name: rapid.String().Draw(t, "name"), Value: rapid.String().Draw(t, "value")})
		}
		out, err := p.Append(context.Background(), nil, m)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		var want struct{ Properties any }
		if err := errors.Join(json.Unmarshal(out, &got), json.Unmarshal(format.AppendJSON(nil, m, time.Now()), &want)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want.Properties) {
			t.Fatalf("got %v, want %v", got, want.Properties)
		}
	})
}

// TestNumbersAreOfBoundedLength shows that no payload has an expression calculate for long, which cannot be called away then.
func TestNumbersAreOfBoundedLength(t *testing.T) {
	const wrong = "json: --jq: a number has more than 1024 digits, too many to calculate with"
	most, long := strings.Repeat("9", 1024), strings.Repeat("9", 1025)
	for _, v := range []struct{ expression, payload, want, err string }{
		{". - 1", most, most[1:] + "8", ""},
		{". | select(. > 30)", long, "", wrong},
		{".a", `{"a":1,"b":[-` + long + `]}`, "", wrong},
		{".", "0." + long, "", wrong},
		{".[0] | tonumber", `["` + most + `"]`, most, ""},
		{".[0] | tonumber > 30", `["` + long + `"]`, "", wrong},
		{"map(tonumber)", `["12","` + long + `"]`, "", wrong},
		{"fromjson", `"[` + long + `]"`, "", wrong},
		{"fromjson | length", `"\"` + long + `\""`, "1025", ""},
		{".a | length", `{"a":"\"` + long + `"}`, "1026", ""},
		{`def tonumber: 5; tonumber`, `"x"`, "5", ""},
		{`tonumber`, `7`, "7", ""},
	} {
		got, err := printed(t, decode.Options{JQ: v.expression}, v.payload)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if v.want != "" {
			v.want += "\n"
		}
		if got != v.want || text != v.err {
			t.Errorf("%s of %.20s: got %.40q and error %q", v.expression, v.payload, got, text)
		}
	}
}

func TestRawOutputPrintsStringsAsTheyAre(t *testing.T) {
	got, err := printed(t, decode.Options{JQ: ".[]", Raw: true}, `["a\u001b", 1, ["b"]]`)
	if want := "a\x1b\n1\n[\"b\"]\n"; got != want || err != nil {
		t.Errorf("got %q and error %v, want %q", got, err, want)
	}
}

func TestWrongExpressionIsNamedWithItsPosition(t *testing.T) {
	for expression, want := range map[string]string{
		".a |":         "at character 5: unexpected EOF",
		".a ] .b":      `at character 4: unexpected token "]"`,
		"é | ~":        "at character 1: ",
		".a | nosuch":  "at character 6: function not defined: nosuch/0",
		".a + $nosuch": "at character 6: variable not defined: $nosuch",
		`"abc`:         "unterminated string literal",
	} {
		_, err := (&decode.Options{JQ: expression}).Printer()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--jq \"") {
			t.Errorf("%s: error %v, want one with %q", expression, err, want)
		}
	}
}

func TestBadMessageKeepsWhatCameBeforeTheError(t *testing.T) {
	got, err := printed(t, decode.Options{JQ: "1, .a.b, 2"}, `{"a": [1]}`)
	if got != "1\n" || err == nil || err.Error() != `json: --jq: expected an object but got: array ([1])` {
		t.Errorf("got %q and error %v", got, err)
	}
	if got, err := printed(t, decode.Options{JQ: `error("a\nb")`}, "1"); got != "" || err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q and error %v", got, err)
	}
}

func TestErrorDoesNotShowAWholePayload(t *testing.T) {
	_, err := printed(t, decode.Options{JQ: "error(.)"}, `"`+strings.Repeat("é", 1<<20)+`"`)
	if err == nil || len(err.Error()) > 500 || !strings.HasPrefix(err.Error(), "json: --jq: error: é") || !strings.HasSuffix(err.Error(), "é...") {
		t.Errorf("error %.600v", err)
	}
}

func TestRunAwayExpressionEndsWithTheContext(t *testing.T) {
	p, err := (&decode.Options{JQ: "def f: f; f"}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := p.Append(ctx, nil, &mqtt.Received{Topic: "a", Payload: []byte("1")})
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("error %v", err)
	}
}

func TestRunAwayExpressionEndsInTime(t *testing.T) {
	p, err := (&decode.Options{JQ: "1, repeat(empty), last(range(infinite))"}).Printer()
	if err != nil {
		t.Fatal(err)
	}
	p.SetLongest(20 * time.Millisecond)
	out, err := p.Append(t.Context(), nil, &mqtt.Received{Topic: "a", Payload: []byte("1")})
	if string(out) != "1\n" || err == nil || err.Error() != "json: --jq: it took longer than 20ms" {
		t.Errorf("got %q and error %v", out, err)
	}
}
