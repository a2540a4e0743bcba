package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/connect"
)

// wordBreak parts the words of a -D that stand together as one argument. No argument has it inside.
const wordBreak = "\x00"

// joinProperties puts the words of each -D COMMAND NAME VALUE together, as the parser takes one argument for
// an option. What is the value of another option, and what comes after --, stays.
func joinProperties(flags *pflag.FlagSet, args []string) []string {
	var joined []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		joined = append(joined, arg)
		switch {
		case arg == "--":
			return append(joined, args[i+1:]...)
		case arg == "--property" || endsInProperty(flags, arg):
			words := args[i+1:]
			words = words[:min(len(words), propertyWords(words))]
			if len(words) > 0 {
				joined = append(joined, strings.Join(words, wordBreak))
			}
			i += len(words)
		case takesNext(flags, arg) && i+1 < len(args):
			i++
			joined = append(joined, args[i])
		}
	}
	return joined
}

// propertyWords returns how many of words are those of a property.
func propertyWords(words []string) int {
	if len(words) < 2 || strings.Contains(words[0], ":") {
		return 1
	}
	return 2 + connect.PropertyValues(words[1])
}

// endsInProperty reports whether arg is letters, the last of which is -D.
func endsInProperty(flags *pflag.FlagSet, arg string) bool {
	letter, alone := lastOption(flags, arg)
	return alone && letter == "D"
}

// takesNext reports whether the argument after arg is its value.
func takesNext(flags *pflag.FlagSet, arg string) bool {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		f := flags.Lookup(name)
		return f != nil && f.NoOptDefVal == ""
	}
	_, alone := lastOption(flags, arg)
	return alone
}

// lastOption returns the letter of arg that takes a value, and whether the value is the next argument.
func lastOption(flags *pflag.FlagSet, arg string) (letter string, alone bool) {
	if len(arg) < 2 || arg[0] != '-' || arg[1] == '-' {
		return "", false
	}
	for i := 1; i < len(arg); i++ {
		f := flags.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return "", false
		}
		if f.NoOptDefVal == "" {
			return f.Shorthand, i == len(arg)-1
		}
	}
	return "", false
}

// completeProperties reads -D and --user-property.
func (s *session) completeProperties(_ *app, cmd *cobra.Command) error {
	for _, words := range s.propertyWords {
		command, name, values, ok := splitProperty(words)
		if !ok {
			return usagef("%s: -D %q is not COMMAND NAME VALUE, as in -D publish content-type text/plain, or COMMAND:NAME=VALUE",
				nameOf(cmd), strings.ReplaceAll(words, wordBreak, " "))
		}
		if err := s.properties.Set(command, name, values...); err != nil {
			return usagef("%s: -D: %w", nameOf(cmd), err)
		}
	}
	for _, pair := range s.userWords {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return usagef("%s: --user-property %q is not NAME=VALUE", nameOf(cmd), pair)
		}
		if err := s.properties.Set(packetOf(nameOf(cmd)), "user-property", name, value); err != nil {
			return usagef("%s: --user-property: %w", nameOf(cmd), err)
		}
	}
	return nil
}

// packetOf returns the packet that --user-property of a command is for.
func packetOf(command string) string {
	switch command {
	case "pub", "req", "reply":
		return "publish"
	case "sub", "get":
		return "subscribe"
	}
	return "connect"
}

// splitProperty takes a property of -D apart.
func splitProperty(joined string) (command, name string, values []string, ok bool) {
	words := strings.Split(joined, wordBreak)
	if len(words) >= 3 {
		return words[0], words[1], words[2:], true
	}
	command, rest, hasCommand := strings.Cut(words[0], ":")
	name, value, hasValue := strings.Cut(rest, "=")
	if len(words) != 1 || !hasCommand || !hasValue {
		return "", "", nil, false
	}
	if connect.PropertyValues(name) == 2 {
		first, second, pair := strings.Cut(value, "=")
		return command, name, []string{first, second}, pair
	}
	return command, name, []string{value}, true
}
