package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exitStatuses says what each exit status means, for the man page.
var exitStatuses = []struct {
	status  int
	meaning string
}{
	{ExitOK, "It is done."},
	{ExitFailure, "Something failed that has no status of its own, such as a file that cannot be read."},
	{ExitUsage, "The command line is wrong."},
	{ExitUnreachable, "There is no connection: name, address, TLS, or a server that does not answer."},
	{ExitRefused, "The broker refused the session: wrong user or password, identifier or version."},
	{ExitRejected, "The broker refused a publish or subscribe, took a QoS 2 message at QoS 1, has nobody to give it to, with pub --matching and with req, or has a retained message still, or another one, after retained rm and import. Also a request that was answered that it failed."},
	{ExitLost, "The connection was lost."},
	{ExitScript, "The script threw an error."},
	{ExitLoad, "The script cannot be loaded."},
	{ExitCheck, "What was measured is not within the limit that was given, as with ping --within."},
	{ExitLimit, "The script of run --sandbox went beyond its memory or its time, or the engine broke off, and it was ended."},
	{ExitTimeout, "The time of -W ran out, as with Mosquitto's commands."},
}

// variables are the environment variables that commands read, for the man page.
var variables = []struct{ name, meaning string }{
	{"MQTT_URL", "Where the broker is, in the form of -L, where neither -L nor -h nor -p is given."},
	{"MQTT_USERNAME", "User name, where -u is not given."},
	{"MQTT_PASSWORD", "Password, where -P, --password-file and --ask-password are not given."},
	{"MQTT_PASSWORD_FILE", "File whose first line is the password, where MQTT_PASSWORD is not set either."},
	{"MQTT_CAFILE", "Authorities that are trusted, where --cafile is not given."},
	{"MQTT_CERT", "Certificate to show, where --cert is not given."},
	{"MQTT_KEY", "Key of MQTT_CERT."},
	{"SSLKEYLOGFILE", "File to which the secrets of TLS are added, where --tls-keylog is not given."},
	{"ALL_PROXY", "Proxy to go through, where --proxy is not given."},
	{"NO_PROXY", "Hosts to reach without the proxy of ALL_PROXY, with commas between."},
	{"NO_COLOR", "Where it is set, \"run\" colours nothing that a script prints as a value."},
	{"TERM", "Where it is dumb, the terminal gets no colours, and --watch is refused."},
	{"DUNLIN_HISTORY", "File of the history of \"repl\"; off: none is kept."},
	{"XDG_STATE_HOME", "Folder of dunlin/history, where DUNLIN_HISTORY is not set; by default .local/state in the home."},
	{"HOME", "Where the history of \"repl\" is, where neither is set."},
	{"USERPROFILE", "HOME, where that is not set, as on Windows."},
	{"GOGC", "The pace of garbage collection; \"run\" and \"fleet\" then leave it alone."},
	{"SSL_CERT_FILE", "Authorities of the system, in place of its own, on Unix except macOS."},
}

// files are the files that commands know by themselves, for the man page.
var files = []struct{ name, meaning string }{
	{"~/.local/state/dunlin/history", "Lines that were typed in repl, which only their owner may read."},
	{"ca.pem", "The authority of broker --tls-self-signed, in the folder that it names."},
}

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Write the manual page",
		Long:    "Write the manual page of all commands, in the form that man reads.",
		Example: lines("# Read the manual page", "dunlin man | man -l -"),
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(a.out, manPage(cmd.Root()))
			return err
		},
	}
}

// manPage returns the manual page as roff. It has no date and no version, so that it
// changes with the commands only.
func manPage(root *cobra.Command) string {
	page := &manual{}
	page.request(".TH DUNLIN 1 \"\" Dunlin \"User Commands\"")
	page.request(".SH NAME")
	page.text("dunlin - " + root.Short)
	page.request(".SH SYNOPSIS")
	page.request(".B dunlin")
	page.text("COMMAND [OPTION...] [ARGUMENT...]")
	page.request(".SH DESCRIPTION")
	page.text("Data comes on standard output, everything else on standard error. Options have the letters of mosquitto_pub and mosquitto_sub where those have them, and each command has --help.")
	page.request(".SH OPTIONS")
	root.LocalFlags().VisitAll(page.option)
	page.request(".SH COMMANDS")
	for _, cmd := range root.Commands() {
		page.command(cmd)
	}
	page.request(".SH \"EXIT STATUS\"")
	for _, s := range exitStatuses {
		page.tagged(fmt.Sprint(s.status), s.meaning)
	}
	page.tagged("128+N", "Signal N ended it: 130 after Ctrl-C, 143 after SIGTERM. A script ends with the status that it gives to exit.")
	page.request(".SH ENVIRONMENT")
	for _, v := range variables {
		page.tagged(v.name, v.meaning)
	}
	page.request(".SH FILES")
	for _, f := range files {
		page.tagged(f.name, f.meaning)
	}
	page.request(".SH \"SEE ALSO\"")
	page.request(".BR mosquitto_pub (1),\n.BR mosquitto_sub (1),\n.BR mosquitto_rr (1)")
	return page.String()
}

// manual is a manual page that is being written.
type manual struct {
	strings.Builder
}

// request writes a line of roff as it is.
func (m *manual) request(line string) { m.WriteString(line + "\n") }

// text writes lines of text.
func (m *manual) text(text string) {
	for line := range strings.Lines(text) {
		m.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
}

// tagged writes a paragraph with a tag.
func (m *manual) tagged(tag, text string) {
	m.request(".TP\n.B " + roff(tag))
	m.text(text)
}

// verbatim writes lines that stay as they are.
func (m *manual) verbatim(text string) {
	m.request(".PP\n.RS 4\n.nf")
	m.text(text)
	m.request(".fi\n.RE")
}

// command writes the section of a command, and those of the commands below it.
func (m *manual) command(cmd *cobra.Command) {
	if !cmd.IsAvailableCommand() && cmd.Name() != "help" {
		return
	}
	m.request(".SS \"" + roff(usageLine(cmd)) + "\"")
	if cmd.Long == "" {
		m.text(cmd.Short + ".")
	}
	m.paragraphs(cmd.Long)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			m.option(f)
		}
	})
	if recipes := recipesOf(&cobra.Command{Example: cmd.Example}); len(recipes) > 0 {
		m.request(".PP\nExamples:")
		for _, r := range recipes {
			if r.task != "" {
				m.request(".PP")
				m.text(r.task + ":")
			}
			m.verbatim(strings.Join(r.lines, "\n"))
		}
	}
	for _, sub := range cmd.Commands() {
		m.command(sub)
	}
}

// usageLine returns how a command is called.
func usageLine(cmd *cobra.Command) string {
	path, _, _ := strings.Cut(cmd.CommandPath(), " "+cmd.Name())
	return path + " " + cmd.Use
}

// paragraphs writes text that empty lines part. Lines that are indented, or lined up in
// columns, stay as they are.
func (m *manual) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if paragraph == "" {
			continue
		}
		if i > 0 {
			m.request(".PP")
		}
		var columns []string
		for line := range strings.Lines(paragraph) {
			line = strings.TrimRight(line, "\n")
			if strings.Contains(line, "  ") {
				columns = append(columns, line)
			} else {
				m.text(line)
			}
		}
		if len(columns) > 0 {
			m.verbatim(strings.Join(columns, "\n"))
		}
	}
}

// option writes an option with its letter, value and default.
func (m *manual) option(f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	tag := "--" + f.Name
	if f.Shorthand != "" {
		tag = "-" + f.Shorthand + ", " + tag
	}
	switch {
	case f.NoOptDefVal != "" && value != "" && f.Value.Type() != "bool":
		tag += "[=" + value + "]"
	case value != "":
		tag += " " + value
	}
	if d := f.DefValue; d != "" && d != "0" && d != "false" && d != "[]" && d != "0s" && !strings.Contains(usage, "(default") {
		usage += " (default " + strings.Trim(d, "[]") + ")"
	}
	m.tagged(tag, usage)
}

// roff escapes a line of text.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "'", `\(aq`, "`", "\\(ga", "^", `\(ha`, "~", `\(ti`).Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line // or it would be a request
	}
	return line
}
