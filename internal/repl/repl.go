// Package repl is the talk between a person, or a pipe, and a session of scripts: it reads texts, has them
// run, and shows what they give. On a terminal lines are edited and completed, and are in a history.
package repl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"dunlin/internal/terminal"
	"dunlin/jsre"
)

// Options say what a talk has.
type Options struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool   // In and Out are one terminal; In is an *os.File then
	History  string // the file of the history; "": none is kept
	Greeting string // the first line, on a terminal
}

// Talk is one talk. Make it before the runtime, whose output goes through [Talk.Output].
type Talk struct {
	o      Options
	screen *screen // nil: a pipe
	quit   context.CancelCauseFunc

	mu     sync.Mutex
	failed bool // a text threw
}

// ErrLeft is the cause of a context that a person ended with Ctrl-C, twice.
var ErrLeft = errors.New("left by Ctrl-C")

// New begins a talk. On a terminal it takes that over until Close. quit is called with ErrLeft when a
// person wants to leave while a text runs that cannot be broken off.
func New(o Options, quit context.CancelCauseFunc) (*Talk, error) {
	t := &Talk{o: o, quit: quit}
	if !o.Terminal {
		return t, nil
	}
	file, ok := o.In.(*os.File)
	if !ok {
		return nil, errors.New("the terminal is no file")
	}
	var err error
	t.screen, err = newScreen(file, o.Out, o.History)
	return t, err
}

// Close gives the terminal back.
func (t *Talk) Close() error {
	if t.screen == nil {
		return nil
	}
	return t.screen.close()
}

// Output is where a script writes to: on a terminal above the line that is being typed.
func (t *Talk) Output() io.Writer {
	if t.screen != nil {
		return t.screen.term
	}
	return t.o.Out
}

// Errors is Output for standard error.
func (t *Talk) Errors() io.Writer {
	if t.screen != nil {
		return t.screen.term
	}
	return t.o.Err
}

// Tell shows an exception that nobody caught.
func (t *Talk) Tell(text string) {
	t.mu.Lock()
	t.failed = true
	t.mu.Unlock()
	_, _ = io.WriteString(t.Errors(), terminal.Escape(text)+"\n")
}

// Run serves the talk to its end and returns the exit status: of a pipe [jsre.ExitScript] when a text threw.
func (t *Talk) Run(s *jsre.Session) int {
	if t.screen != nil {
		t.talk(s)
		return 0
	}
	t.read(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed {
		return jsre.ExitScript
	}
	return 0
}

// read takes texts from a pipe. Nothing but what they give is written.
func (t *Talk) read(s *jsre.Session) {
	in := bufio.NewReader(t.o.In)
	text := ""
	for {
		line, err := in.ReadString('\n')
		if command, ok := commandOf(line); ok && text == "" {
			if command == exit {
				return
			}
			t.tellHelp()
		} else if text += line; t.give(s, text, err != nil) {
			text = ""
		}
		if err != nil {
			return
		}
	}
}

// give has a text run and shows what it gives. It reports false when the text is not complete, which nothing is told of
// unless it is the last.
func (t *Talk) give(s *jsre.Session, text string, last bool) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	shown, err := s.Eval(text)
	switch {
	case errors.Is(err, jsre.ErrIncomplete) && !last:
		return false
	case errors.Is(err, jsre.ErrClosed): // the runtime says why
	case errors.Is(err, jsre.ErrInterrupted):
		t.Tell("Interrupted")
	case err != nil:
		t.Tell(err.Error())
	case shown == "" || shown == undefined && t.screen == nil:
	default:
		_, _ = io.WriteString(t.Output(), shown+"\n")
	}
	return true
}

// undefined is what a text shows that gives nothing, without colours.
const undefined = "undefined"

// Commands begin with a dot.
const (
	exit   = ".exit"
	help   = ".help"
	giveUp = ".break"
)

// commandOf finds a command in a line. A number may begin with a dot as well.
func commandOf(line string) (string, bool) {
	line = strings.TrimSpace(line)
	return line, strings.HasPrefix(line, ".") && len(line) > 1 && line[1] >= 'a' && line[1] <= 'z'
}

const helpText = `.exit   leave, as Ctrl-D does
.break  give up a text of several lines, as Ctrl-C does
.help   show this

Modules are there by their names: mqtt, fs, path and the others. import and require load more.
An await may stand outside of functions. _ is the last value, _error the last exception.
Tab completes a name. The arrows go through the history; a line that begins with a space is not kept.
Ctrl-C breaks off what runs.
`

func (t *Talk) tellHelp() { _, _ = fmt.Fprint(t.Output(), helpText) }
