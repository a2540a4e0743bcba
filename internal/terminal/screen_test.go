package terminal_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/terminal"
)

func TestColorsAreWantedOnTerminalsThatHaveThem(t *testing.T) {
	for _, c := range []struct {
		noColor, term  string
		terminal, want bool
	}{
		{terminal: true, term: "xterm", want: true},
		{terminal: true, want: true},
		{terminal: false, term: "xterm"},
		{terminal: true, term: "dumb"},
		{terminal: true, noColor: "1"},
	} {
		getenv := func(name string) string { return map[string]string{"NO_COLOR": c.noColor, "TERM": c.term}[name] }
		if got := terminal.Colors(c.terminal, getenv); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := terminal.NewProgress(&b, terminal.ProgressOptions{Terminal: true, Label: "published", Total: 100})
		p.Add(1)                // too early to draw
		time.Sleep(time.Second) //nolint:forbidigo // fake time
		p.Set(25)
		p.Set(26) // too early again
		if _, err := p.Around(&b).Write([]byte("data\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // fake time
		p.Set(100)
		p.Finish()
		p.Add(1)
		const want = "\rpublished 25 of 100 (25 %), 25/s, 3s left\x1b[K\r\x1b[Kdata\n" +
			"\rpublished 100 of 100 (100 %), 50/s\x1b[K\r\x1b[Kpublished 100 of 100 (100 %), 50/s\n"
		if b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	})
}

func TestProgressInAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := terminal.NewProgress(&b, terminal.ProgressOptions{Label: "published", Line: func(text string) string { return "dunlin: " + text + "\n" }})
		for range 25 {
			time.Sleep(time.Second) //nolint:forbidigo // fake time
			p.Add(10)
		}
		p.Finish()
		const want = "dunlin: published 100, 10/s\ndunlin: published 200, 10/s\ndunlin: published 250, 10/s\n"
		if b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	})
}

func TestProgressStaysOnItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := terminal.NewProgress(&b, terminal.ProgressOptions{Terminal: true, Label: strings.Repeat("p", 90)})
		time.Sleep(time.Second) //nolint:forbidigo // fake time
		p.Add(1)
		if want := "\r" + strings.Repeat("p", 79) + "\x1b[K"; b.String() != want { // where the width is not known it is 80
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	})
}

// What a person does not notice as late is soon enough, and what was never drawn leaves no line.
func TestProgressIsDrawnFiveTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := terminal.NewProgress(&b, terminal.ProgressOptions{Terminal: true, Label: "published"})
		time.Sleep(199 * time.Millisecond) //nolint:forbidigo // fake time
		p.Add(1)
		p.Finish()
		if b.Len() > 0 {
			t.Errorf("after 199 ms: %q", b.String())
		}
		p = terminal.NewProgress(&b, terminal.ProgressOptions{Terminal: true, Label: "published"})
		time.Sleep(200 * time.Millisecond) //nolint:forbidigo // fake time
		p.Add(1)
		if want := "\rpublished 1, 5/s\x1b[K"; b.String() != want {
			t.Errorf("after 200 ms: %q, want %q", b.String(), want)
		}
	})
}

func TestProgressEscapesItsLabel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		p := terminal.NewProgress(&b, terminal.ProgressOptions{Terminal: true, Label: "\x1b[2J\n"})
		time.Sleep(time.Second) //nolint:forbidigo // fake time
		p.Add(1)
		p.Finish()
		const text = `\x1b[2J\x0a 1, 1/s`
		if want := "\r" + text + "\x1b[K\r\x1b[K" + text + "\n"; b.String() != want {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	})
}
