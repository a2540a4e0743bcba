package repl

import (
	"os"
	"path/filepath"
	"strings"
)

// maxHistory is how many lines the history has.
const maxHistory = 1000

// history is the lines that were typed, also in earlier talks, as golang.org/x/term wants it. Its file gets
// each line at once, so that talks that go on at the same time lose none.
type history struct {
	lines []string // the oldest first
	file  *os.File // nil: none is kept
}

// openHistory reads the file, which only its owner may read. Where it cannot be had, the history
// ends with the talk.
func openHistory(path string) *history {
	h := &history{}
	if path == "" {
		return h
	}
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		h.remember(strings.TrimRight(line, "\r\n"))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h
	}
	if strings.Count(string(text), "\n") > 2*maxHistory {
		// One that is not shortened is only long.
		_ = os.WriteFile(path, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600)
	}
	if file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		h.file = file
	}
	return h
}

func (h *history) remember(line string) bool {
	if strings.TrimSpace(line) == "" || line[0] == ' ' || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return false
	}
	h.lines = append(h.lines, line)
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	return true
}

// Add implements term.History.
func (h *history) Add(line string) {
	if h.remember(line) && h.file != nil {
		// A line that is not kept is missed in the next talk only.
		_, _ = h.file.WriteString(line + "\n")
	}
}

// Len implements term.History.
func (h *history) Len() int { return len(h.lines) }

// At implements term.History: 0 is the line typed last.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }

func (h *history) close() error {
	if h.file == nil {
		return nil
	}
	return h.file.Close()
}
