package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show the version",
		Example: lines("dunlin version", "dunlin version --json"),
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return a.printVersionJSON()
			}
			return a.printVersion()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one line of JSON, with the commit and its time where they are known")
	return cmd
}

// printVersion prints the module's version, Go's, and the platform.
func (a *app) printVersion() error {
	// a.out keeps the error.
	_, _ = fmt.Fprintf(a.out, "dunlin %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// printVersionJSON prints the same for programs.
func (a *app) printVersionJSON() error {
	v := struct {
		Version  string `json:"version"`
		Go       string `json:"go"`
		OS       string `json:"os"`
		Arch     string `json:"arch"`
		Commit   string `json:"commit,omitempty"`
		Time     string `json:"time,omitempty"`     // of the commit
		Modified bool   `json:"modified,omitempty"` // it has what is in no commit
	}{Version: version(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Commit: releaseCommit, Time: releaseTime}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.time":
				v.Time = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	return json.NewEncoder(a.out).Encode(v)
}

// releaseVersion, releaseCommit and releaseTime are set by the linker where release/ builds
// the command, which is the same then wherever it is built.
var releaseVersion, releaseCommit, releaseTime string

// version returns the version of the release, or the module's as Go's toolchain stamped it.
func version() string {
	if releaseVersion != "" {
		return releaseVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
