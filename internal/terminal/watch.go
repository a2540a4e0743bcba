package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// Watch is a screen on which each topic has a line of its own, in the order in which they came.
// One goroutine may use it at a time. What it appends is to be written at once, and to the terminal itself.
type Watch struct {
	// Title stands on the first line, such as "Broker: localhost".
	Title string

	// Size tells of the terminal. Nothing leaves its line then, and what takes no line has none. It is nil where no
	// terminal reads: the text stays as it is then, between what mosquitto_sub -w of 2.1 writes.
	Size func() (columns, lines int)

	rows           map[string]int // from 0 on
	texts          []string       // of the rows, as they fit on the screen
	columns, lines int            // of the screen, when it was drawn last
	drawn          time.Time      // when that was
	more           bool           // topics came that have no row
}

// Start appends what clears the screen and writes the title. Without it the first Append does.
func (s *Watch) Start(dst []byte) []byte {
	if s.Size != nil {
		s.columns, s.lines = s.Size()
	}
	s.rows = map[string]int{}
	dst = append(dst, "\x1b[2J"...)
	if s.Size != nil {
		return s.draw(dst)
	}
	return fmt.Appendf(dst, "\x1b[1;1H%s\n", s.Title)
}

// Append appends what puts text on the line of the topic. On a terminal others' part of the text is escaped before;
// sequences that set colours are the user's own, and stay.
func (s *Watch) Append(dst []byte, topic string, text []byte) []byte {
	if s.rows == nil {
		dst = s.Start(dst)
	}
	if s.Size == nil {
		row := s.row(topic)
		dst = append(fmt.Appendf(dst, "\x1b[%d;1H", row+2), text...)
		return fmt.Appendf(dst, "\x1b[%d;1H\n", len(s.rows)+1)
	}
	dst = s.refresh(dst)
	_, known := s.rows[topic]
	if !known && len(s.rows) >= s.room() {
		if s.more {
			return dst
		}
		s.more = true
		return s.draw(dst)
	}
	row := s.row(topic)
	if !known {
		s.texts = append(s.texts, "")
	}
	s.texts[row] = fit(bytes.TrimSuffix(text, []byte("\n")), s.columns)
	if row < s.room() {
		dst = appendRow(dst, row+2, s.texts[row])
	}
	return s.below(dst)
}

// row returns the row of a topic, a new one where it has none.
func (s *Watch) row(topic string) int {
	row, known := s.rows[topic]
	if !known {
		row = len(s.rows)
		s.rows[topic] = row
	}
	return row
}

// room returns how many rows there can be: the title has a line, and notes on stderr the last one.
func (s *Watch) room() int { return max(s.lines-2, 1) }

// refreshing is how long what notes on stderr have moved may stay where it is not.
const refreshing = time.Second

// refresh appends everything where the screen may have become another one.
func (s *Watch) refresh(dst []byte) []byte {
	columns, lines := s.Size()
	if columns != s.columns || lines != s.lines {
		s.columns, s.lines = columns, lines
		return s.draw(append(dst, "\x1b[2J"...))
	}
	if time.Since(s.drawn) >= refreshing {
		return s.draw(dst)
	}
	return dst
}

// draw appends the title and all rows.
func (s *Watch) draw(dst []byte) []byte {
	s.drawn = time.Now()
	title := EscapeLine(s.Title)
	if s.more {
		title = strings.TrimSpace("Some topics have no line, for the screen is full. " + title)
	}
	dst = appendRow(dst, 1, fit([]byte(title), s.columns))
	for row, text := range s.texts[:min(len(s.texts), s.room())] {
		dst = appendRow(dst, row+2, fit([]byte(text), s.columns))
	}
	return s.below(dst)
}

// below appends what has the cursor wait below the rows.
func (s *Watch) below(dst []byte) []byte {
	return fmt.Appendf(dst, "\x1b[%d;1H", min(len(s.texts), s.room())+2)
}

// appendRow appends what puts text on a line. Terminals do not agree on how wide some characters are, so they are
// told not to go on to the next line.
func appendRow(dst []byte, line int, text string) []byte {
	return fmt.Appendf(dst, "\x1b[%d;1H\x1b[K\x1b[?7l%s\x1b[?7h", line, text)
}

// fit cuts text to a screen's width. What would leave the line is shown as an escape, but sequences that set colours
// stay, those behind the cut as well.
func fit(text []byte, columns int) string {
	var line strings.Builder
	left := columns - 1 // some terminals go to the next line with the last column
	for len(text) > 0 {
		if n := colorLength(text); n > 0 {
			line.Write(text[:n])
			text = text[n:]
			continue
		}
		end := nextColor(text)
		// No character takes more bytes than that, unless it is made to; a payload may be long.
		part := EscapeLine(string(text[:min(end, columns*bytesOfColumn)]))
		shown := runewidth.Truncate(part, max(left, 0), "")
		line.WriteString(shown)
		if left -= Columns(shown); len(shown) < len(part) {
			left = 0
		}
		text = text[end:]
	}
	return line.String()
}

// bytesOfColumn is how many bytes are looked at for each column: a letter with four marks has 20, an emoji made of
// four has 25 for two columns.
const bytesOfColumn = 64

// nextColor returns where in text, which begins with none, the next sequence that sets a colour is, or the end.
func nextColor(text []byte) int {
	for at := 1; at < len(text); at++ {
		next := bytes.IndexByte(text[at:], '\x1b')
		if next < 0 {
			break
		}
		if at += next; colorLength(text[at:]) > 0 {
			return at
		}
	}
	return len(text)
}

// colorLength returns how long the sequence at the front of text is that sets a colour (ECMA-48: SGR), or 0.
func colorLength(text []byte) int {
	if !bytes.HasPrefix(text, []byte("\x1b[")) {
		return 0
	}
	for i, c := range text[2:] {
		switch {
		case c == 'm':
			return i + 3
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}
