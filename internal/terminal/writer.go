package terminal

import "io"

// Writer returns w for text where nobody reads it on a terminal, and else a writer that escapes what is written, as
// Escape does, so that whatever comes by does nothing to the terminal. Those that draw on the screen write to w itself.
// Any goroutine that may write to w may write to the Writer.
func Writer(w io.Writer, isTerminal bool) io.Writer {
	if !isTerminal {
		return w
	}
	return harmlessWriter{w}
}

type harmlessWriter struct{ w io.Writer }

// Write writes text, of which each call has whole characters.
func (h harmlessWriter) Write(text []byte) (int, error) {
	if _, err := h.w.Write(AppendEscaped(make([]byte, 0, len(text)), text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Colors tells whether colours are wanted on a stream: on a terminal that has some, unless NO_COLOR says no.
func Colors(isTerminal bool, getenv func(string) string) bool {
	return isTerminal && getenv("NO_COLOR") == "" && !Dumb(getenv)
}

// Dumb tells of a terminal that cannot draw: it has neither colours nor places to write at.
func Dumb(getenv func(string) string) bool { return getenv("TERM") == "dumb" }
