package feed_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// TestLines has what Mosquitto's commands of 2.0.11 and 2.1.2 were seen to do; the tests of the command compare with them.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for input, want := range map[string][]string{
		"": nil, "\n": {""}, "\n\n": {"", ""}, "a": {"a"}, "a\n": {"a"}, "a\nb": {"a", "b"}, "a\n\nb\n": {"a", "", "b"},
		"a\r\nb\r": {"a\r", "b\r"}, long: {long}, long + "\n" + long: {long, long}, "a\x00b\nc": {"a\x00b", "c"},
	} {
		for _, r := range []io.Reader{strings.NewReader(input), iotest.HalfReader(strings.NewReader(input)), iotest.DataErrReader(strings.NewReader(input))} {
			expect(t, all(t, feed.Lines(r, mqtt.Message{}, feed.LineRules{})), want...)
		}
	}
	for input, want := range map[string][]string{
		"a\x00b\nc\nd": {"a"}, "a\nb\x00c": {"a", "b"}, "\x00": {""}, "\x00\nx\n": {""}, "a\n\x00": {"a", ""}, "a\nb\n": {"a", "b"},
		long + "\x00" + long + "\nmore\n": {long}, "first\n\x00\n\x00\nlast\n": {"first", ""},
	} {
		r := iotest.OneByteReader(strings.NewReader(input))
		expect(t, all(t, feed.Lines(r, mqtt.Message{}, feed.LineRules{EndAtNUL: true})), want...)
	}
}

// TestLinesDoNotDependOnReads cuts arbitrary bytes into arbitrary reads.
func TestLinesDoNotDependOnReads(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		input := rapid.SliceOf(rapid.SampledFrom([]byte("\n\na\rb\x00"))).Draw(rt, "input")
		cuts := rapid.SliceOf(rapid.IntRange(1, 5)).Draw(rt, "reads")
		var want []string
		for line := range bytes.Lines(input) {
			want = append(want, string(bytes.TrimSuffix(line, []byte("\n"))))
		}
		s := feed.Lines(&pieces{input, cuts}, mqtt.Message{}, feed.LineRules{})
		expect(t, all(t, s), want...)
		if t.Failed() {
			rt.FailNow()
		}
		if n, ok := s.(feed.Numbered); !ok || n.Line() != len(want) {
			rt.Fatalf("line %d, want %d", n.Line(), len(want))
		}
	})
}

// pieces reads in pieces of the given sizes, and then the rest.
type pieces struct {
	rest  []byte
	sizes []int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := len(b)
	if len(p.sizes) > 0 {
		n, p.sizes = p.sizes[0], p.sizes[1:]
	}
	n = copy(b[:min(n, len(b))], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func TestALineThatIsTooLong(t *testing.T) {
	feed.SetLargest(t, 200)
	long := strings.Repeat("x", 200)
	for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
		s := feed.Lines(wrap(strings.NewReader("a\n"+long+"\n"+long+"y\nb\n"+long+long+long)), mqtt.Message{}, feed.LineRules{})
		beginning := strings.Repeat("x", 60)
		expect(t, all(t, s), "a", long, `<line 3 "`+beginning+`...": more than 268435455 bytes, the most that a message can hold>`, "b",
			`<line 5 "`+beginning+`...": more than 268435455 bytes, the most that a message can hold>`)
	}
}

// TestAStreamThatBreaks does not publish half a line.
func TestAStreamThatBreaks(t *testing.T) {
	broken := errors.New("broken")
	s := feed.Lines(io.MultiReader(strings.NewReader("a\nhal"), iotest.ErrReader(broken)), mqtt.Message{}, feed.LineRules{})
	if m, err := s.Next(t.Context()); err != nil || string(m.Payload) != "a" {
		t.Fatalf("%q, %v", m.Payload, err)
	}
	for range 2 {
		if _, err := s.Next(t.Context()); !errors.Is(err, broken) || err.Error() != "line 2 is not whole: broken" {
			t.Errorf("then: %v", err)
		}
	}
}

func TestPortionOfAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(name, bytes.Repeat([]byte("0123456\n"), 64<<10/8*4), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, ok := feed.Lines(f, mqtt.Message{}, feed.LineRules{}).(feed.Measured)
	if !ok {
		t.Fatal("it is not measured")
	}
	if err := s.Ready(t.Context()); err != nil || s.Portion() != 0.25 || s.Total() != 0 {
		t.Errorf("portion %v of %d, want a quarter; %v", s.Portion(), s.Total(), err)
	}
	if s, ok := feed.Lines(strings.NewReader("x\n"), mqtt.Message{}, feed.LineRules{}).(feed.Measured); !ok || s.Portion() >= 0 {
		t.Error("a stream has a portion")
	}
}

// TestLinesOfAPieceAreReadOnce has many short lines in each read: to look for a byte 0 in the whole piece for each of them
// took a hundred times as long.
func TestLinesOfAPieceAreReadOnce(t *testing.T) {
	input := strings.Repeat("\n", 2<<20)
	took := func(rules feed.LineRules) time.Duration {
		begun := time.Now()
		s := feed.Lines(strings.NewReader(input), mqtt.Message{}, rules)
		for s.Ready(t.Context()) == nil {
			if _, err := s.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(begun)
	}
	plain, ending := took(feed.LineRules{}), took(feed.LineRules{EndAtNUL: true})
	if ending > 5*plain+time.Second/10 {
		t.Errorf("%d lines took %v, and %v with EndAtNUL", len(input), plain, ending)
	}
}
