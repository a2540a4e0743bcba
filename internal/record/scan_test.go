package record_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"dunlin/internal/record"
)

// value draws a value of JSON.
func value(t *rapid.T, depth int) any {
	text := rapid.StringOf(rapid.SampledFrom([]rune(`a"\{}[],: ü` + "\n\t")))
	switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case kind == 0 && depth > 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, value(t, depth-1))
		}
		return list
	case kind == 1 && depth > 0:
		object := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			object[text.Draw(t, "key")] = value(t, depth-1)
		}
		return object
	case kind == 2:
		return rapid.Int().Draw(t, "number")
	case kind == 3:
		return rapid.SampledFrom([]any{nil, true, false}).Draw(t, "word")
	default:
		return text.Draw(t, "text")
	}
}

// TestValuesAreCutWhereTheyEnd compares with encoding/json, with and without space between the tokens.
func TestValuesAreCutWhereTheyEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload, other := value(t, 3), value(t, 3)
		line, err := json.Marshal(map[string]any{"topic": "a", "value": other, "payload": payload, "qos": 1})
		if err != nil {
			t.Fatal(err)
		}
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, line, " ", "\t"); err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(payload)
		if text, isText := payload.(string); isText {
			want = []byte(text)
		}
		if payload == nil {
			want = nil
		}
		for _, line := range [][]byte{line, append([]byte("\r "), spaced.Bytes()...)} {
			g, err := record.Parse(line)
			if err != nil || *g.Topic != "a" || *g.QoS != 1 || !bytes.Equal(*g.Payload, want) {
				t.Fatalf("%s: %+v, %v, want %s", line, g, err, want)
			}
		}
	})
}

// TestNoLineIsTooMuch has lines that are nearly JSON.
func TestNoLineIsTooMuch(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"{", "}", "[", "]", `"`, `\`, ",", ":", " ", "1", "null", `"payload"`, `"properties"`, `"user-properties"`, `"a"`, `\u`, `d83d`})
	rapid.Check(t, func(t *rapid.T) {
		var line []byte
		for _, piece := range rapid.SliceOf(pieces).Draw(t, "pieces") {
			line = append(line, piece...)
		}
		for _, line := range [][]byte{line, []byte(`{"payload":` + string(line) + `}`), []byte(`{"payload":"","properties":{"user-properties":` + string(line) + `}}`)} {
			if _, err := record.Parse(line); err == nil && !json.Valid(line) {
				t.Fatalf("%s is taken", line)
			}
		}
	})
}
