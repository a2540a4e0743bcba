package mosquittocli

import (
	"runtime/debug"
	"strings"
)

// mosquittoVersion is the version whose behaviour this is. Scripts read it.
const mosquittoVersion = "2.1.2"

// versionText returns the answer to --version. It begins as Mosquitto's does, for scripts, and says whose it is.
func versionText(t tool) string {
	return string(t) + " version " + mosquittoVersion + " as done by Dunlin " + version() + ", which is not Mosquitto.\n"
}

// version returns the module's version as Go's toolchain stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// helpText returns the answer to --help: what the tool does, and all its options.
func helpText(t tool) string {
	var b strings.Builder
	b.WriteString("Usage: " + string(t) + " " + usages[t] + "\n\n" + purposes[t] + "\n")
	for _, group := range groups() {
		heading := "\n" + group.title + ":\n"
		for _, s := range group.specs {
			if !s.has(t) || s.help == "" {
				continue
			}
			b.WriteString(heading)
			heading = ""
			b.WriteString(s.line())
		}
	}
	b.WriteString("\nEach option may also stand on a line of its own in the file of -o, or, without -o, in\n" +
		"$XDG_CONFIG_HOME/" + string(t) + " or ~/.config/" + string(t) + ".\n")
	return b.String()
}

var usages = map[tool]string{
	toolPub: "{-t TOPIC | -L URL} {-m MESSAGE | -f FILE | -l | -n | -s} [OPTION...]",
	toolSub: "{-t TOPIC | -U TOPIC | -L URL} [OPTION...]",
	toolRR:  "{-t TOPIC | -L URL} -e TOPIC {-m MESSAGE | -f FILE | -n | -s} [OPTION...]",
}

var purposes = map[tool]string{
	toolPub: "Publishes one message, or one for each line of stdin.",
	toolSub: "Subscribes to topics and prints the messages that come.",
	toolRR:  "Publishes a request and waits for the response.",
}

// group is a part of the help.
type group struct {
	title string
	specs []spec
}

func groups() []group {
	return []group{
		{"Where the server is", connectionSpecs()},
		{"Session", sessionSpecs()},
		{"TLS", tlsSpecs()},
		{"Messages that are sent", publishSpecs()},
		{"Messages that are received", subscribeSpecs()},
		{"Other", otherSpecs()},
	}
}

// helpColumn is where the descriptions begin.
const helpColumn = 30

// line returns the option's line of the help.
func (s *spec) line() string {
	names := "  " + strings.ReplaceAll(s.names, " ", ", ")
	value, text, _ := strings.Cut(s.help, "|")
	if value != "" {
		names += " " + value
	}
	if len(names) >= helpColumn-1 {
		names += "\n" + strings.Repeat(" ", helpColumn)
	} else {
		names += strings.Repeat(" ", helpColumn-len(names))
	}
	return names + text + "\n"
}
