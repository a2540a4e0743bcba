package feed_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// all returns what the source gives, as text, with bad lines in angle brackets.
func all(t *testing.T, s feed.Source) []string {
	t.Helper()
	var got []string
	for {
		m, err := s.Next(t.Context())
		bad := (*feed.LineError)(nil)
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.As(err, &bad):
			got = append(got, "<"+bad.Error()+">")
		case err != nil:
			t.Fatal(err)
		case m.Topic != "":
			got = append(got, m.Topic+"="+string(m.Payload))
		default:
			got = append(got, string(m.Payload))
		}
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRepeatGivesTheSameMessage(t *testing.T) {
	s := feed.Repeat(mqtt.Message{Payload: []byte("x")}, 3)
	expect(t, all(t, s), "x", "x", "x")
	if m, ok := s.(feed.Measured); !ok || m.Total() != 3 {
		t.Error("the total is not known")
	}
	expect(t, all(t, feed.Message(mqtt.Message{})), "")
}

func TestWholeInput(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"at once": strings.NewReader("a\x00\r\n\nb"), "by bytes": iotest.OneByteReader(strings.NewReader("a\x00\r\n\nb")),
		"with the end": iotest.DataErrReader(strings.NewReader("a\x00\r\n\nb")),
	} {
		got, err := feed.Whole(t.Context(), r)
		if err != nil || string(got) != "a\x00\r\n\nb" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := feed.Whole(t.Context(), strings.NewReader("")); !errors.Is(err, feed.ErrEmpty) {
		t.Errorf("empty input: %v", err)
	}
	broken := errors.New("broken")
	if _, err := feed.Whole(t.Context(), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("broken input: %v", err)
	}
	if _, err := feed.Whole(t.Context(), idle{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

// idle is a reader that breaks its promise to give something in the end.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestInputThatIsTooLarge(t *testing.T) {
	feed.SetLargest(t, 100)
	name := filepath.Join(t.TempDir(), "message")
	for _, size := range []int{100, 101} {
		if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		_, ofStream := feed.Whole(t.Context(), iotest.OneByteReader(bytes.NewReader(make([]byte, size))))
		_, ofFile := feed.File(t.Context(), name, nil)
		if tooLarge := size > 100; errors.Is(ofStream, feed.ErrTooLarge) != tooLarge || errors.Is(ofFile, feed.ErrTooLarge) != tooLarge {
			t.Errorf("%d bytes: of a stream %v, of a file %v", size, ofStream, ofFile)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "message")
	if err := os.WriteFile(name, []byte("in\nit\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{name: "in\nit\n", "-": "stdin"} {
		if got, err := feed.File(t.Context(), name, strings.NewReader("stdin")); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{dir: " is a folder", filepath.Join(dir, "absent"): "no such file"} {
		if _, err := feed.File(t.Context(), name, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWaitingIsCalledOff waits for input that comes only after the first wait has ended, and loses none.
func TestWaitingIsCalledOff(t *testing.T) {
	r, w := io.Pipe()
	s := feed.Lines(r, mqtt.Message{}, feed.LineRules{})
	gone := errors.New("gone")
	for _, call := range []func(context.Context) error{
		s.Ready,
		func(ctx context.Context) error { _, err := s.Next(ctx); return err },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		outcome := make(chan error, 1)
		go func() { outcome <- call(ctx) }()
		cancel(gone)
		if err := <-outcome; !errors.Is(err, gone) {
			t.Fatalf("called off: %v", err)
		}
	}
	go func() {
		_, _ = io.WriteString(w, "one\ntwo\nth")
		_, _ = io.WriteString(w, "ree")
		_ = w.Close()
	}()
	expect(t, all(t, s), "one", "two", "three")
}

// TestInterruptibleReader gives all that there is, and what ends the waiting for more.
func TestInterruptibleReader(t *testing.T) {
	r, w := io.Pipe()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	in := feed.Interruptible(ctx, r)
	text := strings.Repeat("0123456789", 20000)
	go func() { _, _ = io.WriteString(w, text) }()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(in, got); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	time.AfterFunc(time.Millisecond, func() { cancel(gone) })
	if n, err := in.Read(got); n != 0 || !errors.Is(err, gone) {
		t.Errorf("at its end %d bytes, %v", n, err)
	}
	_ = w.Close()
	in = feed.Interruptible(t.Context(), strings.NewReader(text))
	if got, err := io.ReadAll(in); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
