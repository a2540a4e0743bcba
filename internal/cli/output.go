package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// errOutput is the cause of a context that ended because stdout takes no more.
var errOutput = errors.New("stdout cannot be written")

// outlet is stdout. When it takes no more, as after "dunlin sub | head -1", the
// whole command comes to a clean end.
type outlet struct {
	w      io.Writer
	cancel context.CancelCauseFunc

	mu  sync.Mutex
	err error
}

// Write writes p whole, or ends the command.
func (o *outlet) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	if err != nil {
		o.err = err
		o.cancel(errOutput)
	}
	return n, err
}

// status returns the exit status as far as stdout is concerned: a reader that
// went away has seen what it wanted, anything else is a failure.
func (o *outlet) status(a *app) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) || errors.Is(o.err, io.ErrClosedPipe) {
		return ExitOK
	}
	a.note("write to stdout: %v", o.err)
	return ExitFailure
}

// oneLine makes a message fit on one line that does nothing to a terminal.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(escape(s), func(r rune) bool { return r == '\n' }), "; ")
}

// escape replaces what a terminal could obey: control characters other than line
// feed and tab, and bytes that are not UTF-8.
func escape(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case harmless(r):
			b.WriteString(s[i : i+size])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !harmless(r) }) < 0
}

func harmless(r rune) bool { return r == '\n' || r == '\t' || !unicode.IsControl(r) }
