package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// takeUser takes user name and password of the URL. They count as options where the URL is one; the
// environment's own variables come before those of a URL there.
func (s *session) takeUser(a *app, user *url.Userinfo) {
	if user == nil {
		return
	}
	if s.urlFrom == envURL {
		s.username = cmp.Or(s.username, a.Getenv("MQTT_USERNAME"))
		if a.Getenv("MQTT_PASSWORD") != "" || a.Getenv("MQTT_PASSWORD_FILE") != "" {
			s.username = cmp.Or(s.username, user.Username())
			return
		}
	}
	s.username = cmp.Or(s.username, user.Username())
	if password, ok := user.Password(); ok {
		s.secret, s.passFrom = mqtt.Secret(password), urlPassword+s.urlFrom
	}
}

// completePassword finds user name and password.
func (s *session) completePassword(a *app, cmd *cobra.Command) error {
	s.username = cmp.Or(s.username, a.Getenv("MQTT_USERNAME"))
	if err := s.findPassword(a, cmd); err != nil {
		return err
	}
	if s.passFrom != "" && s.username == "" && s.version != mqtt.V5 {
		return usagef("%s: %s needs -u", nameOf(cmd), s.passFrom)
	}
	return nil
}

// findPassword asks the sources of a password in their order.
func (s *session) findPassword(a *app, cmd *cobra.Command) error {
	flags := cmd.Flags()
	sources := 0
	for _, name := range []string{"pw", "password-file", "ask-password"} {
		if flags.Changed(name) {
			sources++
		}
	}
	if sources > 1 {
		return usagef("%s: -P, --password-file and --ask-password are three ways to give one password", nameOf(cmd))
	}
	switch {
	case s.askPassword, flags.Changed("pw") && s.password == "" && a.StdinTerminal:
		return s.ask(a, cmd)
	case flags.Changed("pw"):
		s.secret, s.passFrom = mqtt.Secret(s.password), "-P"
	case s.passwordFile != "":
		return s.readPassword(a, "--password-file", s.passwordFile)
	case s.passFrom != "": // of the URL
	case a.Getenv("MQTT_PASSWORD") != "":
		s.secret, s.passFrom = mqtt.Secret(a.Getenv("MQTT_PASSWORD")), "$MQTT_PASSWORD"
	case a.Getenv("MQTT_PASSWORD_FILE") != "":
		return s.readPassword(a, "$MQTT_PASSWORD_FILE", a.Getenv("MQTT_PASSWORD_FILE"))
	}
	return nil
}

// ask has a person type the password.
func (s *session) ask(a *app, cmd *cobra.Command) error {
	if s.username == "" && s.version != mqtt.V5 {
		return usagef("%s: --ask-password needs -u", nameOf(cmd))
	}
	prompt := "Password: "
	if s.username != "" {
		prompt = fmt.Sprintf("Password of %s: ", terminal.OneLine(s.username))
	}
	password, err := terminal.ReadPassword(cmd.Context(), a.Stdin, a.Stderr, prompt)
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		return usagef("%s: --ask-password: %w; use --password-file or $MQTT_PASSWORD", nameOf(cmd), err)
	case err != nil:
		return failf("%s: --ask-password: %w", nameOf(cmd), err)
	}
	s.secret, s.passFrom = mqtt.Secret(password), "--ask-password"
	return nil
}

// readPassword reads the password from a file.
func (s *session) readPassword(a *app, from, path string) error {
	password, others, err := connect.PasswordFile(path)
	if err != nil {
		return failf("%s: %w", from, err)
	}
	if others {
		a.note("%s: other users of this machine may read %s; chmod 600 it", from, path)
	}
	s.secret, s.passFrom = password, from
	return nil
}

// warn tells of what a person may not have thought of.
func (s *session) warn(a *app, cmd *cobra.Command) {
	address, _ := dial.ParseAddress(s.url) // which was read before; of what cannot be, there is no TLS
	secured := address.TLS
	s.warnTyped(a, cmd)
	if typed := s.typedPassword(); typed != "" {
		a.note("%s: other users of this machine see %s; use --password-file, --ask-password or $MQTT_PASSWORD", nameOf(cmd), typed)
	}
	if s.passFrom != "" && !secured && !connect.Loopback(s.url) {
		a.note("%s: the password goes to %s without TLS, for all on the way to read; use mqtts or wss, or --tls", nameOf(cmd), shownURL(s.url))
	}
	if secured && s.insecure == "name" {
		a.note("%s: --insecure: the server may be another one than %s", nameOf(cmd), shownURL(s.url))
	} else if secured && s.insecure == "all" {
		a.note("%s: --insecure=all: whoever sits between this and %s reads and changes everything", nameOf(cmd), shownURL(s.url))
	}
}

// warnTyped tells of secrets in the command line besides the password.
func (s *session) warnTyped(a *app, cmd *cobra.Command) {
	see := func(what string) { a.note("%s: other users of this machine see %s", nameOf(cmd), what) }
	if user := userInfo(s.proxy); user != "" {
		see("the password of --proxy; use $ALL_PROXY")
	}
	for _, field := range s.webSocketHeader {
		name, _, _ := strings.Cut(field, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "authorization", "cookie", "proxy-authorization":
			see("the value of --ws-header " + strings.TrimSpace(name))
		}
	}
	if len(s.properties.Connect.Data) > 0 {
		see("the authentication-data of -D")
	}
	if info, err := os.Stat(s.tls.KeyLog); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		a.note("%s: other users of this machine may read %s, which gets the secrets of TLS; chmod 600 it", nameOf(cmd), s.tls.KeyLog)
	}
	if s.webSocket && strings.Contains(s.webSocketPath, "?") {
		see("the query of --ws-path; use $MQTT_URL")
	}
	if s.urlFrom != envURL && s.urlQuery {
		see("the query of " + s.urlFrom + "; use $MQTT_URL")
	}
}

// typedPassword returns what in the command line is a password, or "".
func (s *session) typedPassword() string {
	switch {
	case len(s.secret) == 0:
	case s.passFrom == "-P":
		return "the password of -P"
	case s.passFrom == urlPassword+s.urlFrom && s.urlFrom != envURL:
		return s.passFrom
	}
	return ""
}

// urlPassword begins the name of a URL's password.
const urlPassword = "the password in "

// shownURL returns a URL as it may be shown.
func shownURL(raw string) string {
	address, err := dial.ParseAddress(raw)
	if err != nil {
		return "the broker"
	}
	return address.String()
}
