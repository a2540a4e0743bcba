// Package fleet has the fleets that dunlin fleet knows by name: the files of this folder.
package fleet

import "embed"

// Files are the YAML files.
//
//go:embed *.yaml
var Files embed.FS
