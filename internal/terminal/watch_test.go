package terminal_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/terminal"
)

// TestWatchIsThatOfMosquitto212 compares with what mosquitto_sub -w of 2.1.2 wrote for the same messages.
func TestWatchIsThatOfMosquitto212(t *testing.T) {
	s := terminal.Watch{Title: "Broker: localhost"}
	var got []byte
	for _, m := range [][2]string{{"a", "1\n"}, {"b", "2\n"}, {"a", "333\n"}, {"c/d", "x\n"}, {"b", "22\n"}, {"a", ""}} {
		got = s.Append(got, m[0], []byte(m[1]))
	}
	const want = "\x1b[2J\x1b[1;1HBroker: localhost\n\x1b[2;1H1\n\x1b[2;1H\n\x1b[3;1H2\n\x1b[3;1H\n\x1b[2;1H333\n\x1b[3;1H\n" +
		"\x1b[4;1Hx\n\x1b[4;1H\n\x1b[3;1H22\n\x1b[4;1H\n\x1b[2;1H\x1b[4;1H\n"
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// row is how a line is drawn on a terminal, without its number.
func row(line, text string) string { return "\x1b[" + line + ";1H\x1b[K\x1b[?7l" + text + "\x1b[?7h" }

func TestWatchedTopicStaysOnItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"one\n":                    "one",
		"one\ntwo\tthree\r\n":      `one\x0atwo\x09three`,
		"\x1b[2J\x1b[5;1Hbroken":   `\x1b[2J\x1b[5;1Hbro`,
		"\x1b[1;92mgreen\x1b[0m x": "\x1b[1;92mgreen\x1b[0m x",
		"\x1b[92m" + strings.Repeat("日", 20) + "\x1b[0m tail": "\x1b[92m" + strings.Repeat("日", 9) + "\x1b[0m",
		strings.Repeat("x", 1<<20) + "y":                      strings.Repeat("x", 19),
		strings.Repeat("\x1b", 9):                             `\x1b\x1b\x1b\x1b\x1b`[:19],
	} {
		s := terminal.Watch{Title: "T", Size: func() (int, int) { return 20, 10 }}
		s.Start(nil)
		if got := string(s.Append(nil, "a", []byte(text))); got != row("2", want)+"\x1b[3;1H" {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}

func TestWatchedTopicsStayWithinTheScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := 4
		s := terminal.Watch{Title: "T", Size: func() (int, int) { return 60, lines }}
		const full = "Some topics have no line, for the screen is full. T"
		for _, step := range []struct{ topic, text, want string }{
			{"a", "1", "\x1b[2J" + row("1", "T") + "\x1b[2;1H" + row("2", "1") + "\x1b[3;1H"},
			{"b", "2", row("3", "2") + "\x1b[4;1H"},
			{"c", "3", row("1", full) + row("2", "1") + row("3", "2") + "\x1b[4;1H"},
			{"d", "4", ""},
			{"b", "5", row("3", "5") + "\x1b[4;1H"},
		} {
			if got := string(s.Append(nil, step.topic, []byte(step.text))); got != step.want {
				t.Errorf("%s: got %q, want %q", step.topic, got, step.want)
			}
		}
		lines = 3 // the window became smaller
		if got, want := string(s.Append(nil, "b", []byte("6"))), "\x1b[2J"+row("1", full)+row("2", "1")+"\x1b[3;1H\x1b[3;1H"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		lines = 5
		if got, want := string(s.Append(nil, "c", []byte("7"))),
			"\x1b[2J"+row("1", full)+row("2", "1")+row("3", "6")+"\x1b[4;1H"+row("4", "7")+"\x1b[5;1H"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(time.Second) //nolint:forbidigo // fake time; notes on stderr may have moved the rows
		if got, want := string(s.Append(nil, "a", []byte("8"))),
			row("1", full)+row("2", "1")+row("3", "6")+row("4", "7")+"\x1b[5;1H"+row("2", "8")+"\x1b[5;1H"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
