// Package types is the declarations of what scripts find, for TypeScript and editors: the globals and all
// native modules. They are written by hand; a test holds them to the runtime.
package types

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed declarations/*.d.ts
var declarations embed.FS

// File is a file of declarations.
type File struct{ Name, Text string }

// Files are all files of declarations, sorted by name. They need no other ones, and TypeScript needs to be told of
// nothing but their folder.
func Files() ([]File, error) {
	entries, err := fs.ReadDir(declarations, "declarations")
	if err != nil {
		return nil, err
	}
	var out []File
	var modules []string
	declared := regexp.MustCompile(`(?m)^declare module '([^']+)'`)
	for _, e := range entries {
		text, err := fs.ReadFile(declarations, "declarations/"+e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, File{e.Name(), string(text)})
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			modules = append(modules, m[1])
		}
	}
	slices.Sort(modules)
	out = append(out, File{"names.d.ts", otherNames(modules)})
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// otherNames declares the modules by their names with a prefix, and what require gives for each.
func otherNames(modules []string) string {
	var out strings.Builder
	out.WriteString("// The modules by their names with a prefix, and for require.\n\n")
	for _, m := range modules {
		for _, prefix := range []string{"node:", "edgeros:"} {
			fmt.Fprintf(&out, "declare module '%s%s' {\n  import all = require('%s');\n  export = all;\n}\n", prefix, m, m)
		}
	}
	out.WriteString("\ninterface RequireOf {\n")
	for _, m := range modules {
		fmt.Fprintf(&out, "  (id: '%s' | 'node:%s' | 'edgeros:%s'): typeof import('%s');\n", m, m, m, m)
	}
	out.WriteString("  (id: string): any;\n}\n")
	return out.String()
}
