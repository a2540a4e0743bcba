package terminal

import "fmt"

// UseColor decides on colour: when is what --color says, auto, always or never; isTerminal tells
// whether the stream is one; getenv looks at NO_COLOR and TERM.
func UseColor(when string, isTerminal bool, getenv func(string) string) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto", "":
		return isTerminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb", nil
	}
	return false, fmt.Errorf("--color %q: use auto, always or never", when)
}

// Color is one of the few colours that the command uses.
type Color string

// The colours: each is a sequence that a terminal knows, see ECMA-48.
const (
	Bold   Color = "\x1b[1m"
	Dim    Color = "\x1b[2m"
	Red    Color = "\x1b[31m"
	Green  Color = "\x1b[32m"
	Yellow Color = "\x1b[33m"
	Cyan   Color = "\x1b[36m"

	reset = "\x1b[0m"
)

// Append appends text in the colour, or as it is when on is false. text is to be escaped before.
func (c Color) Append(dst []byte, on bool, text string) []byte {
	if !on || text == "" {
		return append(dst, text...)
	}
	dst = append(dst, c...)
	dst = append(dst, text...)
	return append(dst, reset...)
}
