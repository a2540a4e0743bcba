package cli

import (
	"errors"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/connect"
)

// numbers says what the numeric options of pub and sub may be. That many seconds
// fit into a time.Duration. The options are of 64 bits on all machines: into an int
// of 32 bits pflag would put what is left of a larger number.
var numbers = map[string]struct {
	least, most int64
	text        string
}{
	"qos":  {0, 2, "0, 1 or 2"},
	"port": {1, 65535, "between 1 and 65535"},

	"keepalive": {0, 65535, "between 0 and 65535"},
	"will-qos":  {0, 2, "0, 1 or 2"},

	"count": {1, math.MaxInt32, "between 1 and 2147483647"},
	"wait":  {1, math.MaxInt32, "between 1 and 2147483647"},

	"replies":  {1, math.MaxInt32, "between 1 and 2147483647"},
	"parallel": {1, 1024, "between 1 and 1024"},
}

// checkNumbers finds a numeric option that is given and out of its range.
func checkNumbers(cmd *cobra.Command) error {
	for _, name := range []string{"qos", "port", "keepalive", "will-qos", "count", "wait", "replies", "parallel"} {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		n, err := cmd.Flags().GetInt64(name)
		if r := numbers[name]; err != nil || n < r.least || n > r.most {
			return usagef("%s: %s %s is not %s", nameOf(cmd), optionName(f), f.Value, r.text)
		}
	}
	return nil
}

// checkEmpty finds an option that is given with an empty value, as of a variable that is not set, and would count for
// nothing then.
func checkEmpty(cmd *cobra.Command) error {
	for name, wanted := range map[string]string{
		"host": "give a host name or address", "unix": "give the path of a socket", "share": "give the name of a group",
	} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
			return usagef("%s: %s is empty; %s", nameOf(cmd), optionName(f), wanted)
		}
	}
	return nil
}

// wrongOption says why the options of cmd cannot be read. Of a number it says what
// it may be, where the parser would show its own works.
func wrongOption(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		f := invalid.GetFlag()
		if r, ok := numbers[f.Name]; ok {
			return usagef("%s: %s %q is not %s", nameOf(cmd), optionName(f), invalid.GetValue(), r.text)
		}
		if kind, ok := kinds[f.Value.Type()]; ok {
			return usagef("%s: %s %q is not %s", nameOf(cmd), optionName(f), invalid.GetValue(), kind)
		}
	}
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bare) && bare.GetSpecifiedName() == "h" {
		return usagef("%s: -h needs the broker's host name; help is --help", nameOf(cmd))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "" { // what stands behind it may be a password
		return usagef("%s: unknown shorthand flag: -%s", nameOf(cmd), unknown.GetSpecifiedName())
	}
	return usagef("%s: %w", nameOf(cmd), err)
}

// kinds says what the value of an option is, by the type that the parser gives it.
var kinds = map[string]string{
	"bool": "true or false", "int64": "a whole number", "uint64": "a whole number from 0 on", "float64": "a number",
}

// optionName returns an option as it is typed, by its letter where it has one.
func optionName(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand
	}
	return "--" + f.Name
}

// noArguments is for a command that takes none. The parser would say that it knows
// no command of that name.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s: takes no arguments, but %q is given", nameOf(cmd), args[0])
	}
	return nil
}

// topicAndMessage is for a command that takes at most these, after a URL.
func topicAndMessage(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && connect.IsURL(args[0]) {
		args = args[1:]
	}
	if len(args) > 2 {
		return usagef("%s: %q comes after topic and message; a topic or message with spaces wants quotes", nameOf(cmd), args[2])
	}
	return nil
}
