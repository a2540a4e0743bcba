// Command check type-checks all packages and tests of the main module as they are on other systems, from source and in seconds each,
// where building them takes a minute: go run ./check linux/arm windows/amd64. Nothing of them is compiled or linked; that is done
// where the files of a release are made.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	root := flag.String("root", "..", "folder of the checkout")
	flag.Parse()
	if err := run(os.Stdout, *root, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string, systems []string) error {
	if len(systems) == 0 {
		return errors.New("name the systems, such as linux/arm64")
	}
	faulty := 0
	for _, name := range systems {
		faults, err := check(root, name)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%s: %d faults\n", name, len(faults)) // what counts is the status
		for _, f := range faults {
			_, _ = fmt.Fprintf(out, "%s: %s\n", name, f)
		}
		faulty += len(faults)
	}
	if faulty > 0 {
		return fmt.Errorf("%d faults", faulty)
	}
	return nil
}

// check returns what is wrong with the packages on a system, each fault once.
func check(root, name string) ([]string, error) {
	system, arch, ok := strings.Cut(name, "/")
	if !ok || system == "" || arch == "" { // Go would take this machine's for what is missing
		return nil, fmt.Errorf("%q is no system such as linux/arm64", name)
	}
	const all = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
		packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo
	loaded, err := packages.Load(&packages.Config{
		Mode: all, Dir: root, Tests: true, Env: append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch),
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("%s: there are no packages in %s", name, root)
	}
	var faults []string
	seen := map[string]bool{} // a package is there with its tests and without
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			if text := e.Error(); !seen[text] {
				seen[text] = true
				faults = append(faults, text)
			}
		}
	})
	return faults, nil
}
