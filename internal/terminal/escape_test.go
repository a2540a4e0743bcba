package terminal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"dunlin/internal/terminal"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":         "plain",
		"a\nb\n\nc\n":   "a; b; c",
		"\x1b[2J\r\x7f": `\x1b[2J\x0d\x7f`,
		"\xc3(":         `\xc3(`,
		"ünï \u202e?":   `ünï \u202e?`,
	} {
		if got := terminal.OneLine(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEscapeReplacesWhatATerminalObeys(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b]0;title\x07":          `\x1b]0;title\x07`,               // OSC
		"\x1bP1$r\x1b\\":            `\x1bP1$r\x1b\`,                  // DCS
		"\u009b31m\u009d":           `\u009b31m\u009d`,                // C1 in UTF-8: CSI, OSC
		"\x9b31m":                   `\x9b31m`,                        // C1 as bytes
		"a\u2028b\u2029":            `a\u2028b\u2029`,                 // line and paragraph separator
		"\u200b\ufeff\u2060":        `\u200b\ufeff\u2060`,             // zero width
		"\u061c\u200e\u2066":        `\u061c\u200e\u2066`,             // direction
		"\U000e0041\U000e007f":      `\U000e0041\U000e007f`,           // tags
		"a\ufe0f\U000e0100":         `a\ufe0f\U000e0100`,              // variation selectors that vary nothing
		"\u200d":                    `\u200d`,                         // a joiner with nothing to join
		"\ue000\U000f0000":          `\ue000\U000f0000`,               // private use
		"\u0378\uffff\U0010ffff":    `\u0378\uffff\U0010ffff`,         // unassigned
		"\u3164\u115f":              `\u3164\u115f`,                   // letters that show nothing
		"😀\u200d\ufe0f\u200d\ufe0f": "😀\u200d\ufe0f" + `\u200d\ufe0f`, // more of them than emoji have hide data
		strings.Repeat("\u0301", 6): "\u0301\u0301\u0301\u0301" + `\u0301\u0301`,
	} {
		if got := terminal.Escape(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestEscapeKeepsTextAndEmoji(t *testing.T) {
	for _, text := range []string{
		"line\n\ttab", "Grüße, Ελληνικά, Привет, 日本語, 한국어, עברית, العربية, हिन्दी, ไทย", "می\u200cخواهم",
		"😀 👩\u200d👩\u200d👧\u200d👦 ❤\ufe0f\u200d🔥 1️⃣ 🇩🇪 👍🏽", "e\u0301 \u00a0\u3000", "\ufffd",
	} {
		if got := terminal.Escape(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestEscapeLineStaysOnItsLine(t *testing.T) {
	if got := terminal.EscapeLine("a\n\tb"); got != `a\x0a\x09b` {
		t.Errorf("got %q", got)
	}
}

// TestEscapedTextIsPrintable gives Escape any bytes: what comes out is UTF-8 without anything that
// Unicode calls a control, a format character of direction, or a separator of lines.
func TestEscapedTextIsPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "in")
		out := terminal.Escape(in)
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
				t.Fatalf("%q holds %U", out, r)
			}
		}
		if again := terminal.Escape(out); again != out {
			t.Fatalf("escaped once more, %q becomes %q", out, again)
		}
		if again := string(terminal.AppendEscaped(nil, []byte(in))); again != out {
			t.Fatalf("AppendEscaped gives %q, Escape %q", again, out)
		}
	})
}

func TestEscapeJSONWritesEscapesOfJSON(t *testing.T) {
	for in, want := range map[string]string{
		"{\"é\":\"日本 ❤\ufe0f\"}\n":               "{\"é\":\"日本 ❤\ufe0f\"}\n",
		"[\"\x7f\u009b1m\u202e\"]":               `["\u007f\u009b1m\u202e"]`,
		"\"\u200b\u00ad\ufeff\ue000\"":           `"\u200b\u00ad\ufeff\ue000"`,
		"\"\U000e0041\U000f0000\"":               `"\udb40\udc41\udb80\udc00"`,
		"\"\xff\x9b\"":                           `"\ufffd\ufffd"`,
		`"e` + strings.Repeat("\u0301", 5) + `"`: "\"e\u0301\u0301\u0301\u0301" + `\u0301"`,
		"\"a\u034f\ufe0f\"":                      `"a\u034f\ufe0f"`,
	} {
		if got := string(terminal.EscapeJSON([]byte("\x1b"+in), 1)); got != "\x1b"+want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// TestEscapedJSONIsTheSameValue gives EscapeJSON strings of any characters: a terminal shows each of what comes out,
// and it is read as what went in.
func TestEscapedJSONIsTheSameValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in bytes.Buffer
		encoder := json.NewEncoder(&in)
		encoder.SetEscapeHTML(false)
		want := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("1é\u0301\u034f\u200d\ufe0f\u009b\u202e\U000e0041\n"))))).Draw(t, "in")
		if err := encoder.Encode(want); err != nil {
			t.Fatal(err)
		}
		out := terminal.EscapeJSON(in.Bytes(), 0)
		if shown := terminal.Escape(string(out)); shown != string(out) {
			t.Fatalf("%q is shown as %q", out, shown)
		}
		var got []string
		if err := json.Unmarshal(out, &got); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v: %q became %q", err, want, got)
		}
	})
}

func TestWriterIsForTerminals(t *testing.T) {
	var pipe, screen strings.Builder
	const text = "a\x1b[2J\xff\n"
	for _, w := range []io.Writer{terminal.Writer(&pipe, false), terminal.Writer(&screen, true)} {
		if n, err := io.WriteString(w, text); n != len(text) || err != nil {
			t.Errorf("%d bytes, error %v", n, err)
		}
	}
	if pipe.String() != text || screen.String() != `a\x1b[2J\xff`+"\n" {
		t.Errorf("the pipe got %q, the terminal %q", pipe.String(), screen.String())
	}
}

func TestEscapeOfPlainTextAllocatesNothing(t *testing.T) {
	text, dst := []byte("temperature 21.5"), make([]byte, 0, 64)
	object := []byte(`{"temperatur":"21 °"}`)
	if n := testing.AllocsPerRun(100, func() {
		terminal.AppendEscaped(dst, text)
		terminal.Escape("temperature 21.5")
		terminal.EscapeJSON(object, 0)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
