package decode_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"dunlin/internal/decode"
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
