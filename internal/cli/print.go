package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dunlin/internal/decode"
	"dunlin/internal/dump"
	"dunlin/internal/format"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// appender appends what is to be written of a message.
type appender = func(dst []byte, m *mqtt.Received) ([]byte, error)

// printing holds the options that say how messages are printed.
type printing struct {
	format.Options
	decode decode.Options
	dump   dump.Options
	watch  bool

	failed int // messages that could not be printed
}

// status is how a command ends that is through with its messages: what could not be printed was told.
func (p *printing) status() error {
	if p.failed > 0 {
		return &failure{status: ExitFailure}
	}
	return nil
}

// bindText adds the options of the text that is printed.
func (p *printing) bindText(f *pflag.FlagSet) {
	f.BoolVarP(&p.Verbose, "verbose", "v", false, "print the topic in front of the message")
	f.BoolVarP(&p.NoNewline, "no-newline", "N", false, "print no line feed after the message")
	f.StringVarP(&p.Format, "format", "F", "", "print messages in this format, in the language of mosquitto_sub")
	f.BoolVar(&p.Pretty, "pretty", false, "print JSON over several lines")
	f.BoolVar(&p.JSON, "json", false, "print a JSON object a line, which carries any payload")
	f.BoolVar(&p.Hex, "hex", false, "print payloads as hexadecimal digits")
	p.decode.Bind(f)
}

// bindPlace adds the options of where else messages go.
func (p *printing) bindPlace(f *pflag.FlagSet) {
	p.dump.Bind(f)
	f.BoolVarP(&p.watch, "watch", "w", false, "keep a line for each topic on the terminal")
}

// stream returns where the text of messages goes. What others wrote is escaped in it, but what -F says is the user's
// own, such as a colour, and --watch draws.
func (p *printing) stream(a *app) io.Writer {
	if p.Format != "" || p.watch {
		return a.output
	}
	return a.out
}

// check finds options that contradict each other.
func (p *printing) check(a *app, command string, f *pflag.FlagSet) error {
	for _, pair := range [][2]string{
		{"format", "json"},
		{"format", "hex"},
		{"format", "decode"},
		{"format", "jq"},
		{"json", "hex"},
		{"json", "jq"},
		{"hex", "decode"},
		{"hex", "jq"},
		{"watch", "dump"},
		{"watch", "pretty"},
	} {
		if f.Changed(pair[0]) && f.Changed(pair[1]) {
			return usagef("%s: --%s and --%s are two ways to print a message; choose one", command, pair[0], pair[1])
		}
	}
	if p.Pretty && !p.JSON && !strings.ContainsAny(p.Format, "jJ") {
		return usagef("%s: --pretty is for JSON, which --json or -F %%j print; there is neither", command)
	}
	if p.watch && a.StdoutTerminal && terminal.Dumb(a.Getenv) {
		return usagef("%s: --watch draws on the screen, which a terminal of $TERM dumb has not; leave it out", command)
	}
	if p.dump.Last && p.dump.Dir == "" {
		return usagef("%s: --dump-last is for --dump, and there is no --dump", command)
	}
	return nil
}

// open returns what prints messages as the options say, and what to call at the end. What cannot be printed
// of a message is told on stderr, and the next one follows; what cannot be kept in a file is an error. The end of
// ctx ends an expression of --jq that does not come to one by itself.
func (p *printing) open(ctx context.Context, a *app, command string) (appender, func() error, error) {
	printer, err := p.printer(ctx, a, command)
	if err != nil {
		return nil, nil, err
	}
	if !p.dump.Wanted() {
		return printer, func() error { return nil }, nil
	}
	files, err := p.dump.Open()
	if err != nil {
		return nil, nil, failf("%s: %w", command, err)
	}
	printed := p.Options != (format.Options{Escape: p.Escape}) || p.decode.Wanted()
	keep := func(dst []byte, m *mqtt.Received) ([]byte, error) {
		if err := files.Write(m, time.Now()); err != nil {
			return dst, failf("%s: %w", command, err)
		}
		if !printed {
			return dst, nil
		}
		return printer(dst, m)
	}
	return keep, files.Close, nil
}

// printer returns what appends the text of a message.
func (p *printing) printer(ctx context.Context, a *app, command string) (appender, error) {
	p.Escape = a.StdoutTerminal
	var printer appender
	switch {
	case p.decode.Wanted():
		decoded, err := p.decoded(ctx)
		if err != nil {
			return nil, usagef("%s: %w", command, err)
		}
		printer = decoded
	default:
		plain, err := format.New(p.Options)
		if err != nil {
			return nil, wrongFormat(command, p.Format, err)
		}
		printer = func(dst []byte, m *mqtt.Received) ([]byte, error) { return plain.Append(dst, m, time.Now()) }
	}
	if p.watch {
		printer = watched(a, printer)
	}
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		dst, err := printer(dst, m)
		if err != nil {
			p.failed++
		}
		if payload := (*format.PayloadError)(nil); errors.As(err, &payload) { // it names the topic
			a.note("%s: %v", command, err)
		} else if err != nil {
			a.note("%s: %s: %v", command, m.Topic, err)
		}
		return dst, nil
	}, nil
}

// wrongFormat says what is wrong with -F. Where a format ends behind a separator, Mosquitto names the end of the text.
func wrongFormat(command, format string, err error) error {
	if format != "" && strings.Contains(err.Error(), "\x00") {
		return usagef("%s: -F %q: there is no letter behind %q", command, format, format[len(format)-1:])
	}
	return usagef("%s: %w", command, err)
}

// decoded prints decoded payloads, alone or as a member of a JSON object.
func (p *printing) decoded(ctx context.Context) (appender, error) {
	p.decode.Verbose, p.decode.Terminal = p.Verbose, p.Escape
	printer, err := p.decode.Printer()
	if err != nil {
		return nil, err
	}
	if !p.JSON {
		return func(dst []byte, m *mqtt.Received) ([]byte, error) {
			return printer.Append(ctx, dst, m)
		}, nil
	}
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		dst = format.AppendJSON(dst, m, time.Now())
		object := len(dst) - len("}")
		dst, err := printer.AppendValue(append(dst[:object], `,"value":`...), m)
		if err != nil { // the message is printed even so
			dst = dst[:object]
		}
		return append(dst, "}\n"...), err
	}, nil
}

// watched draws what printer makes on the line of the topic.
func watched(a *app, printer appender) appender {
	screen := &terminal.Watch{}
	if a.StdoutTerminal {
		screen.Size = func() (columns, lines int) { return terminal.Size(a.Stdout) }
	}
	var line []byte
	return func(dst []byte, m *mqtt.Received) ([]byte, error) {
		var err error
		line, err = printer(line[:0], m)
		if len(line) == 0 && err != nil { // what was on the line stays
			return dst, err
		}
		return screen.Append(dst, m.Topic, line), err
	}
}

// lineIf makes s stay on its line, and harmless, where it goes to a terminal.
func lineIf(toTerminal bool, s string) string {
	if toTerminal {
		return terminal.EscapeLine(s)
	}
	return s
}

// jsonIf makes a line of JSON harmless, without another meaning, where it goes to a terminal.
func jsonIf(toTerminal bool, line []byte) []byte {
	if toTerminal {
		return terminal.EscapeJSON(line, 0)
	}
	return line
}
