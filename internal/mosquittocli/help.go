package mosquittocli

import (
	"runtime/debug"
)

// mosquittoVersion is the version whose behaviour this is. Scripts read it.
const mosquittoVersion = "2.1.2"

// versionText returns the answer to --version. It begins as Mosquitto's does, for scripts, and says whose it is.
func versionText(t tool) string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return string(t) + " version " + mosquittoVersion + " as Dunlin " + version + " has it; this is not Mosquitto.\n"
}

// helpText returns the answer to --help.
func helpText(t tool) string { return string(t) + "\n" }
