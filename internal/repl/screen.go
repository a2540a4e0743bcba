package repl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"dunlin/jsre"
)

const (
	prompt = "> "
	more   = "... "
)

// screen is the terminal of a talk.
type screen struct {
	file    *os.File
	before  *term.State
	term    *term.Terminal
	keys    *keys
	history *history
}

// newScreen takes a terminal over: it does not edit lines any more, and Ctrl-C is a key.
func newScreen(file *os.File, out io.Writer, historyFile string) (*screen, error) {
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("take the terminal over: %w", err)
	}
	s := &screen{file: file, before: before, keys: newKeys(), history: openHistory(historyFile)}
	s.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{s.keys, out}, prompt)
	s.term.History = s.history
	s.term.SetBracketedPasteMode(true)
	go s.keys.pump(file)
	return s, nil
}

func (s *screen) close() error {
	s.term.SetBracketedPasteMode(false)
	return errors.Join(term.Restore(int(s.file.Fd()), s.before), s.history.close())
}

// line reads a line. Cancelled: Ctrl-C was typed instead.
func (s *screen) line(prompt string) (text string, cancelled bool, err error) {
	if width, height, err := term.GetSize(int(s.file.Fd())); err == nil && width > 0 {
		// It fails where the terminal takes nothing, which the next line finds as well.
		_ = s.term.SetSize(width, height)
	}
	s.term.SetPrompt(prompt)
	s.keys.edit(true)
	text, err = s.term.ReadLine()
	s.keys.edit(false)
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return text, s.keys.wasCancelled(), err
}

// talk takes texts from a person.
func (t *Talk) talk(s *jsre.Session) {
	_, _ = io.WriteString(t.screen.term, t.o.Greeting+"\n")
	text := ""
	t.screen.term.AutoCompleteCallback = func(line string, at int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		line, at = t.complete(s, text, line, at)
		return line, at, true
	}
	for {
		p := prompt
		if text != "" {
			p = more
		}
		line, cancelled, err := t.screen.line(p)
		switch command, ok := commandOf(line); {
		case err != nil || ok && command == exit:
			return
		case cancelled:
			if text == "" {
				_, _ = io.WriteString(t.screen.term, "(Ctrl-D or .exit leaves)\n")
			}
			text = ""
		case ok && command == giveUp:
			text = ""
		case ok && text == "":
			t.tellHelp()
		default:
			text = t.run(s, text+line+"\n")
		}
	}
}

// run runs a text, which Ctrl-C breaks off. It returns the text when that is not complete.
func (t *Talk) run(s *jsre.Session, text string) (rest string) {
	s.ClearInterrupt()
	stop := t.screen.keys.onInterrupt(func(times int) {
		if times == 1 {
			s.Interrupt()
		} else {
			t.quit(ErrLeft)
		}
	})
	defer stop()
	if t.give(s, text, false) {
		return ""
	}
	return text
}

// complete completes the name before the cursor, or lists the names that could stand there.
func (t *Talk) complete(s *jsre.Session, above, line string, at int) (completed string, cursor int) {
	names, begun := s.Complete(above + line[:at])
	if len(names) == 0 {
		return line, at
	}
	common := names[0]
	for _, name := range names[1:] {
		for !strings.HasPrefix(name, common) {
			common = common[:len(common)-1]
		}
	}
	if common == begun && len(names) > 1 {
		_, _ = io.WriteString(t.screen.term, columns(names, t.screen.width()))
		return line, at
	}
	return line[:at-len(begun)] + common + line[at:], at - len(begun) + len(common)
}

func (s *screen) width() int {
	if width, _, err := term.GetSize(int(s.file.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// columns lists names in as many columns as fit.
func columns(names []string, width int) string {
	longest := 0
	for _, name := range names {
		longest = max(longest, len(name))
	}
	count := max(1, width/(longest+2))
	rows := (len(names) + count - 1) / count
	var out strings.Builder
	for row := range rows {
		line := ""
		for i := row; i < len(names); i += rows {
			line += fmt.Sprintf("%-*s", longest+2, names[i])
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}
