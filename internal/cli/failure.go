package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
	"dunlin/jsre"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// Exit statuses of the command. A signal ends it with 128 and its number.
const (
	ExitOK          = 0
	ExitFailure     = 1 // something that has no status of its own
	ExitUsage       = 2 // the command line is wrong
	ExitUnreachable = 3 // no connection: DNS, TCP, TLS, no answer
	ExitRefused     = 4 // the broker refused the session
	ExitRejected    = 5 // the broker refused a publish or subscribe, or did not do what it acknowledged; see the man page
	ExitLost        = 6 // the connection was lost
	ExitScript      = jsre.ExitScript
	ExitLoad        = jsre.ExitLoad
	ExitCheck       = 12 // what was measured is not within its limit
	ExitLimit       = 14 // a script in the sandbox went beyond a limit, or broke the engine
	ExitTimeout     = 27 // -W ran out, as with Mosquitto
)

// seeHelp is the next step after a wrong command line; report adds the name of the command.
const seeHelp = "see dunlin help"

// failure is an error with its exit status.
type failure struct {
	status int
	err    error
	hint   string // the next step, or ""
	report string // written as it is instead of err
}

// Error returns one line without the hint.
func (f *failure) Error() string { return f.text() }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

// text returns the line for people.
func (f *failure) text() string {
	if f.err == nil {
		return ""
	}
	// That the client has ended with its connection goes without saying.
	text := strings.Replace(f.err.Error(), mqtt.ErrClosed.Error()+": ", errLost.Error()+": ", 1)
	text = strings.Replace(text, errLost.Error()+": "+errLost.Error()+": ", errLost.Error()+": ", 1)
	if f.hint == "" {
		return text
	}
	return text + "; " + f.hint
}

// usagef returns a failure of the command line.
func usagef(format string, args ...any) error {
	return &failure{status: ExitUsage, err: fmt.Errorf(format, args...), hint: seeHelp}
}

// nameOf returns the name of a command as it is typed, without the program's.
func nameOf(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Name()
	}
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// failf returns a failure without a status of its own.
func failf(format string, args ...any) error {
	return &failure{status: ExitFailure, err: fmt.Errorf(format, args...)}
}

// optionNames are the options that fill in the fields of connect.Options.
var optionNames = map[string]string{
	"URL": "-L", "Unix": "--unix", "WebSocket": "--ws", "SRV": "-S", "Servers": "--server", "BindAddress": "-A", "Proxy": "--proxy", "IDPrefix": "-I",
	"Properties.Connect.Data": "-D",
	"TLS.Off":                 "--no-tls", "TLS.CAFile": "--cafile", "TLS.CAPath": "--capath", "TLS.SystemCA": "--tls-use-os-certs",
	"TLS.CertFile": "--cert", "TLS.KeyFile": "--key", "TLS.Version": "--tls-version", "TLS.Ciphers": "--ciphers",
	"TLS.KeyLog": "--tls-keylog", "TLS.KeyForm": "--keyform", "TLS.Engine": "--tls-engine", "TLS.PSK": "--psk",
}

// wrongUse returns the failure of an option that cannot be.
func wrongUse(command string, err error) error {
	var option *connect.Error
	if errors.As(err, &option) {
		return usagef("%s: %s: %w", command, optionNames[option.Field], err)
	}
	return usagef("%s: %w", command, err)
}

// optionFailure returns the failure of an option that is right in itself, but names a file or an address that
// is not there or has something wrong in it.
func optionFailure(err error) error {
	var option *connect.Error
	switch {
	case !errors.As(err, &option):
		return err
	case option.Value != "":
		return failf("%s %w", optionNames[option.Field], err)
	}
	return failf("%s: %w", optionNames[option.Field], err)
}

// classify finds the exit status of an error, and the next step; nil when the
// error alone does not say.
func classify(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	if f := classifyScript(err); f != nil {
		return f
	}
	return classifyClient(err)
}

func classifyScript(err error) *failure {
	var (
		script *jsre.ScriptError
		load   *jsre.LoadError
		exit   *jsre.ExitError
	)
	switch {
	case errors.As(err, &exit):
		return &failure{status: exit.Code}
	case errors.As(err, &script):
		return &failure{status: ExitScript, err: err, report: script.Report()}
	case errors.As(err, &load):
		return &failure{status: ExitLoad, err: err, report: "dunlin: " + strings.TrimPrefix(load.Report(), "dunlin: ")}
	}
	return nil
}

func classifyClient(err error) *failure {
	var (
		argument *mqtt.ArgumentError
		refused  *mqtt.ConnectError
		reach    *dial.Error
		silent   *mqtt.NoConnAckError
		server   *mqtt.DisconnectError
		publish  *mqtt.PublishError
	)
	switch {
	case errors.As(err, &argument):
		return &failure{status: ExitUsage, err: err, hint: seeHelp}
	case errors.As(err, &refused):
		return &failure{status: ExitRefused, err: err, hint: refusedHint(refused)}
	case errors.As(err, &reach):
		return &failure{status: ExitUnreachable, err: err, hint: reachHint(reach)}
	case errors.As(err, &silent): // it says what to try
		return &failure{status: ExitUnreachable, err: err, hint: silentHint(silent)}
	case errors.Is(err, mqtt.ErrRejected):
		return &failure{status: ExitRejected, err: err, hint: "ask the broker's owner for the right"}
	case errors.Is(err, mqtt.ErrNoQoS2): // which says what to do
		return &failure{status: ExitRejected, err: err}
	case errors.As(err, &publish) && errors.Is(err, mqtt.ErrInDoubt) && errors.Is(err, mqtt.ErrServerClosed):
		return &failure{status: ExitLost, err: err, hint: "it may not take this topic or message: see the broker's log"}
	case errors.As(err, &server), errors.Is(err, mqtt.ErrInDoubt), errors.Is(err, mqtt.ErrClosed),
		errors.Is(err, mqtt.ErrNotSent), errors.Is(err, mqtt.ErrServerClosed), errors.Is(err, errLost):
		return &failure{status: ExitLost, err: err}
	}
	return nil
}

// refusedHint returns the next step after CONNACK refused.
func refusedHint(e *mqtt.ConnectError) string {
	switch e.Code {
	case 4, 5, 0x86, 0x87: // bad user name or password, not authorized; MQTT 3 and 5
		return "check -u and -P"
	case 2, 0x85: // client identifier
		return "choose another with -i"
	case 1, 0x84: // version
		return cmp.Or(versionHint(e.Version), "choose another with -V")
	}
	return ""
}

// silentHint returns how to do with the command what the error says of the version.
func silentHint(e *mqtt.NoConnAckError) string {
	if len(e.Answer) > 0 || errors.Is(e, context.DeadlineExceeded) { // which is not for the version
		return ""
	}
	return versionHint(e.Version)
}

// versionHint returns the next step after a version that the broker may not speak.
func versionHint(v mqtt.Version) string {
	if v == mqtt.V5 || v == mqtt.V31 {
		return "-V auto tries 5, then 3.1.1"
	}
	return ""
}

// reachHint returns the next step after a connection that did not come about.
func reachHint(err *dial.Error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		network   net.Error
	)
	switch {
	case err.Stage == dial.StageProxy:
		return "check --proxy and $ALL_PROXY, or have the host in $NO_PROXY"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "-A takes an address of this machine, of the kind that the broker has"
	case strings.Contains(err.Address, "+srv:"):
		return "check the domain, or give the server itself with -h and -p, without -S"
	case strings.HasPrefix(err.Address, "unix:"):
		return "check the path, and who may use that socket"
	case errors.As(err, &authority):
		return "pass the authority's certificate with --cafile"
	case errors.As(err, &name):
		return "use a name that the certificate holds as -h"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the broker running there? dunlin broker starts one"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "check the address and the way there"
	}
	return "check -h and -p, or -L"
}

// forUsers returns what a client tells besides the errors of its operations without words of the library: what
// there is to do about it is another thing at a command line.
func forUsers(err error) error {
	var (
		dropped   *mqtt.DroppedError
		unhandled *mqtt.UnhandledError
		misread   *mqtt.MisreadError
	)
	switch {
	case errors.As(err, &dropped):
		return fmt.Errorf("%d messages of QoS 0 dropped: they come faster than they are taken; choose -q 1", dropped.Messages)
	case errors.As(err, &unhandled):
		return fmt.Errorf("%d messages passed over, such as to %q: they match nothing that was subscribed to", unhandled.Messages, unhandled.Topic)
	case errors.As(err, &misread):
		return fmt.Errorf("%q seems to have come for %q, which the broker reads otherwise than MQTT, so messages may be missing; "+
			"use a filter without '.', '*' and '>', and none that begins with a wildcard for topics that begin with '$'", misread.Topic, misread.Filter)
	}
	return err
}
