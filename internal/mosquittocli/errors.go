package mosquittocli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"dunlin/internal/connect"
	"dunlin/internal/environ"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// misuse is an error of the command line: its text is written as it is, with its line ends, and the
// hint to use --help follows. Mosquitto ends some of these texts with an empty line and others not.
type misuse string

// Error returns the text.
func (m misuse) Error() string { return string(m) }

// helpError asks for the help, after the text if there is one.
type helpError string

// Error returns the text.
func (h helpError) Error() string { return string(h) }

// versionError asks for the version.
type versionError struct{}

// Error names the option.
func (versionError) Error() string { return "--version" }

// plainError is a failure whose text is written as it is, without a hint.
type plainError string

// Error returns the text.
func (p plainError) Error() string { return string(p) }

// complain writes what is wrong with a command line, and returns the status, which Mosquitto gives to a call for help, too.
func (c *command) complain(err error) (status int) {
	var stdout, stderr string
	switch err := err.(type) { //nolint:errorlint // they are this package's own, and never wrapped
	case misuse:
		stderr = string(err) + "\nUse '" + string(c.tool) + " --help' to see usage.\n"
	case helpError:
		stderr, stdout = string(err), helpText(c.tool)
	case versionError:
		stdout = versionText(c.tool)
	default:
		stderr = err.Error()
	}
	// Where the streams are gone nobody can be told.
	_, _ = io.WriteString(c.Stderr, stderr)
	_, _ = io.WriteString(terminal.Writer(c.Stdout, c.StdoutTerminal), stdout)
	return 1
}

// reason returns what the system says of a failure, in the words of C's library.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "Permission denied"
	}
	// Go's names of the system's errors are those of C's library, but for the first letter.
	if text := err.Error(); text != "" {
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return "Unknown error"
}

// say writes to stderr, unless --quiet was given.
func (c *command) say(text string) {
	if !c.quiet {
		// Where stderr is gone nobody can be told.
		_, _ = io.WriteString(c.Stderr, text)
	}
}

// warn says what did not work without being the end.
func (c *command) warn(format string, args ...any) {
	c.say("Warning: " + fmt.Sprintf(format, args...) + "\n")
}

// Exit statuses, which are the numbers of libmosquitto's errors. A refused CONNECT ends with the code of CONNACK.
const (
	statusOK           = 0
	statusFailure      = 1
	statusProtocol     = 2
	statusDisconnected = 4
	statusLost         = 7
	statusProxy        = 16
)

// fail says why the command ends and returns its status; nil is success.
func (c *command) fail(ctx context.Context, err error) (status int) {
	if err == nil {
		return statusOK
	}
	var interrupt environ.Interrupt
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &interrupt) {
		return interrupt.Status()
	}
	if errors.Is(context.Cause(ctx), environ.ErrOutput) { // who read stdout has seen enough
		return statusOK
	}
	text, status := describe(err)
	c.say(text)
	return status
}

// describe returns Mosquitto's words for a failure, with ours where it has none, and the exit status.
func describe(err error) (text string, status int) {
	var (
		plain   plainError
		option  *connect.Error
		refused *mqtt.ConnectError
		reach   *dial.Error
		silent  *mqtt.NoConnAckError
		left    *mqtt.DisconnectError
		packet  *mqtt.PacketError
	)
	switch {
	case errors.As(err, &plain):
		return string(plain), statusFailure
	case errors.As(err, &option):
		return describeOption(option), statusFailure
	case errors.As(err, &refused):
		return describeRefusal(refused), int(refused.Code)
	case errors.As(err, &reach):
		return describeReach(reach)
	case errors.As(err, &left):
		return "Error: The client is not currently connected\n", statusDisconnected
	case errors.As(err, &silent) && errors.Is(err, context.DeadlineExceeded), errors.As(err, &packet):
		return "Error: " + protocolFault + "\n", statusProtocol
	case errors.As(err, &silent), errors.Is(err, mqtt.ErrServerClosed), errors.Is(err, mqtt.ErrInDoubt),
		errors.Is(err, mqtt.ErrNotConnected), errors.Is(err, mqtt.ErrClosed), errors.Is(err, syscall.ECONNRESET):
		return "Error: The connection was lost\n", statusLost
	case errors.Is(err, mqtt.ErrNoQoS2):
		return "Error: Message QoS not supported on broker, try a lower QoS.\n", statusFailure
	}
	return "Error: " + err.Error() + "\n", statusFailure
}

// describeOption returns what is wrong with an option that only the room of connecting can check, such as a file.
func describeOption(e *connect.Error) string {
	text := "Error: " + e.Error() + ".\n"
	if strings.HasPrefix(e.Field, "TLS.") {
		text += "Unable to connect (A TLS error occurred).\n"
	}
	return text
}

// describeRefusal returns the two lines about a CONNACK that refuses.
func describeRefusal(e *mqtt.ConnectError) string {
	if e.Version == mqtt.V5 {
		name := reasonText(e.Code)
		if e.Code == 0x84 {
			name += ". Try connecting to an MQTT v5 broker, or use MQTT v3.x mode."
		}
		return "Connection error: " + name + "\nError: " + protocolFault + "\n"
	}
	names := [...]string{
		1: "unacceptable protocol version", 2: "identifier rejected", 3: "broker unavailable",
		4: "bad user name or password", 5: "not authorised",
	}
	if int(e.Code) < len(names) {
		return "Connection error: Connection Refused: " + names[e.Code] + "\nError: The connection was refused\n"
	}
	return "Connection error: Connection Refused: unknown reason\nError: " + protocolFault + "\n"
}

// describeReach returns why no connection came about.
func describeReach(e *dial.Error) (text string, status int) {
	var number syscall.Errno
	switch {
	case e.Stage == dial.StageResolve:
		return "Unable to connect (Lookup error).\n", statusFailure
	case e.Stage == dial.StageTLS:
		return "Error: " + e.Err.Error() + "\nUnable to connect (A TLS error occurred).\n", statusFailure
	case e.Stage == dial.StageProxy && !errors.As(e.Err, &number): // it answered, and said no
		return "Error: Proxy error\n", statusProxy
	case e.Stage == dial.StageWebSocket:
		return "Error: The connection was lost\n", statusLost
	case errors.Is(e, context.DeadlineExceeded):
		return "Error: " + protocolFault + "\n", statusProtocol
	case errors.As(e.Err, &number):
		return "Error: " + reason(number) + "\n", statusFailure
	}
	return "Error: " + e.Err.Error() + "\n", statusFailure
}

// reasonText returns Mosquitto's name of a reason code.
func reasonText(code mqtt.ReasonCode) string {
	switch {
	case code == 0xa1:
		return "Subscription identifiers not supported"
	case code < 0x80 || code > 0xa2:
		return "Unknown reason"
	}
	return code.Name()
}
