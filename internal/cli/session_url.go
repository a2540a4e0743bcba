package cli

import (
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
)

// findURL finds the URL: -L, the first argument, or that of the environment.
func (s *session) findURL(a *app, cmd *cobra.Command, args []string) (rest []string, err error) {
	flags := cmd.Flags()
	s.urlFrom = "-L"
	if len(args) > 0 && connect.IsURL(args[0]) {
		if flags.Changed("url") {
			return nil, usagef("%s: -L says where the broker is, and the first argument is a URL, too", nameOf(cmd))
		}
		s.url, s.urlFrom, args = args[0], "the URL", args[1:]
	} else if len(args) > 0 {
		if err := likeURL(cmd, args[0]); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"host", "port", "unix", "srv", "ws", "ws-path"} {
		here := flags.Changed(name)
		switch {
		case here && s.url != "" && s.urlFrom != envURL:
			return nil, usagef("%s: %s says where the broker is; leave out %s", nameOf(cmd), s.urlFrom, whereOptions(name))
		case here:
			return args, nil
		}
	}
	if s.url == "" {
		s.url, s.urlFrom = a.Getenv("MQTT_URL"), envURL
	}
	return args, nil
}

// whereOptions names an option of the place, and those that go with it.
func whereOptions(name string) string {
	if name == "host" || name == "port" {
		return "-h and -p"
	}
	return "--" + name
}

// likeURL returns what is wrong with a first argument that looks like a broker's URL and is none: it would be taken
// for a topic, with the password in it.
func likeURL(cmd *cobra.Command, word string) error {
	wrong := ""
	switch scheme, _, found := strings.Cut(word, "://"); {
	case found && isScheme(scheme):
		wrong = ": the scheme " + strconv.Quote(scheme) + " is not one of " + connect.Schemes
	case userInfo(word) != "" && !strings.ContainsAny(userInfo(word), "/ "): // else it may well be a topic
		wrong = "; write mqtt://" + word
	default:
		return nil
	}
	if cmd.Flags().Lookup("topic") != nil {
		wrong += "; a topic of this form wants -t"
	}
	return usagef("%s: %q is no URL of a broker%s", nameOf(cmd), word, wrong)
}

// isScheme reports whether a word may be the scheme of a URL.
func isScheme(word string) bool {
	for i, c := range strings.ToLower(word) {
		if (c < 'a' || c > 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return word != ""
}

// userInfo returns what in a word may be a user's name and password, as USER:PASSWORD@, or "".
func userInfo(word string) string {
	if _, rest, found := strings.Cut(word, "://"); found {
		word = rest
	}
	at := strings.LastIndexByte(word, '@')
	if at <= 0 || at == len(word)-1 || !strings.Contains(word[:at], ":") {
		return ""
	}
	return word[:at+1]
}

// maskSecrets returns what has the passwords of URLs among args left out of a text that shows such an argument; nil where
// there are none.
func maskSecrets(args []string) *strings.Replacer {
	var pairs []string
	for _, arg := range args {
		info := userInfo(arg)
		if info == "" {
			continue
		}
		_, secret, _ := strings.Cut(info, ":")
		first, _, _ := strings.Cut(secret, "@")
		for _, s := range []string{":" + secret, ":" + first + "@"} { // the last @ may be of the topic
			quoted := strings.Trim(strconv.Quote(s), `"`) // as %q shows it
			pairs = append(pairs, s, ":xxxxx@", quoted, ":xxxxx@")
		}
	}
	if pairs == nil {
		return nil
	}
	return strings.NewReplacer(pairs...)
}

// hostAndPort reports whether a word has the form HOST:PORT.
func hostAndPort(word string) bool {
	host, port, err := net.SplitHostPort(word)
	_, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && wrong == nil && host != "" && !strings.Contains(host, "/")
}

// behindURL returns args as TOPIC and MESSAGE where the URL, -L or an argument, ends with the topic and one argument
// follows: it is the message, unless that or the topic is given in another way.
func (s *session) behindURL(cmd *cobra.Command, args []string) []string {
	if s.urlTopic == "" || s.isDefault() || len(args) != 1 {
		return args
	}
	for _, name := range []string{"topic", "message", "file", "stdin-file", "stdin-line", "null-message", "size", "line-format", "template"} {
		if cmd.Flags().Changed(name) {
			return args
		}
	}
	args = []string{s.urlTopic, args[0]}
	s.urlTopic = ""
	return args
}
