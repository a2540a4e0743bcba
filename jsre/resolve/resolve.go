// Package resolve finds the files that a script's require and import mean, as Node.js 22 does: paths,
// folders, and packages in node_modules with their exports, imports and conditions.
package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotFound is the error of a module that is not there.
var ErrNotFound = errors.New("not found")

// NotExportedError is a path into a package that its package.json does not give out.
type NotExportedError struct {
	Package string // its folder
	Subpath string // "." or "./path", or "#name"
}

// Error implements error.
func (e *NotExportedError) Error() string {
	file := filepath.Join(e.Package, "package.json")
	switch {
	case strings.HasPrefix(e.Subpath, "#"):
		return fmt.Sprintf("Package import specifier '%s' is not defined in %s", e.Subpath, file)
	case e.Subpath == ".":
		return "No \"exports\" main defined in " + file
	}
	return fmt.Sprintf("Package subpath '%s' is not defined by \"exports\" in %s", e.Subpath, file)
}

// PackageError is a package.json that cannot be understood.
type PackageError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *PackageError) Error() string {
	return fmt.Sprintf("Invalid package config %s: %v", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *PackageError) Unwrap() error { return e.Err }

// Conditions of packages' exports for the two ways a module is asked for.
var (
	Require = []string{"require", "node", "module-sync", "default"}
	Import  = []string{"import", "node", "module-sync", "default"}
)

// RefusedError is a module that was not found where something may not be looked at, whether it is there
// or not.
type RefusedError struct {
	Path string // the first
	Err  error  // what [Resolver.Check] said
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("may not read %s: %v", e.Path, e.Err) }

// Unwrap gives what it is to scripts that look for a module: one that is not there.
func (e *RefusedError) Unwrap() error { return ErrNotFound }

// Resolver finds files. It keeps each package.json that it has read, so it belongs to one script. It is
// not safe for several goroutines.
type Resolver struct {
	// Check, when set, is asked before a path is looked at. It gives the path with all links followed, or
	// why that may not be read; then the path counts as one that is not there.
	Check func(path string) (string, error)

	packages map[string]*pkg // by folder; nil: there is none
	refused  *RefusedError   // the first path of a search that may not be read
}

// Find returns the file that id means in a file of the folder dir. The conditions choose among what
// packages export.
func (r *Resolver) Find(id, dir string, conditions []string) (string, error) {
	r.refused = nil
	file, err := r.find(id, dir, conditions)
	if errors.Is(err, ErrNotFound) && r.refused != nil {
		return "", r.refused
	}
	return file, err
}

func (r *Resolver) find(id, dir string, conditions []string) (string, error) {
	switch {
	case IsPath(id):
		path := filepath.FromSlash(id)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		folder := strings.HasSuffix(id, "/") || id == "." || id == ".." || strings.HasSuffix(id, "/.") || strings.HasSuffix(id, "/..")
		return r.path(path, folder)
	case strings.HasPrefix(id, "#"):
		return r.internal(id, dir, conditions)
	case id == "" || strings.ContainsAny(id, "\x00"):
		return "", ErrNotFound
	}
	return r.bare(id, dir, conditions)
}

// IsPath reports whether id is a path and not a package's name.
func IsPath(id string) bool {
	return strings.HasPrefix(id, "./") || strings.HasPrefix(id, "../") || strings.HasPrefix(id, "/") ||
		id == "." || id == ".." || strings.HasPrefix(id, `.\`) || (len(id) > 2 && id[1] == ':' && (id[2] == '\\' || id[2] == '/'))
}

// endings are tried after a path that names no file.
var endings = []string{".js", ".json", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx"}

// sources are the endings of TypeScript files by the ending that an import in them names.
var sources = map[string][]string{".js": {".ts", ".tsx"}, ".mjs": {".mts"}, ".cjs": {".cts"}, ".jsx": {".tsx"}}

// path finds a file by its absolute path: as it is, with an ending, or what its folder holds.
func (r *Resolver) path(path string, folder bool) (string, error) {
	if !folder {
		if file, ok := r.exact(path); ok {
			return file, nil
		}
		if file, ok := r.ended(path); ok {
			return file, nil
		}
	}
	p, err := r.read(path)
	if err != nil {
		return "", err
	}
	if p != nil && p.Main != "" {
		main := filepath.Join(path, filepath.FromSlash(p.Main))
		if file, ok := r.exact(main); ok {
			return file, nil
		}
		for _, base := range []string{main, filepath.Join(main, "index")} {
			if file, ok := r.ended(base); ok {
				return file, nil
			}
		}
	}
	if file, ok := r.ended(filepath.Join(path, "index")); ok {
		return file, nil
	}
	return "", ErrNotFound
}

// exact finds a file by its whole name, or the TypeScript file that its compiled name stands for.
func (r *Resolver) exact(path string) (string, bool) {
	if file, ok := r.file(path); ok {
		return file, true
	}
	ending := filepath.Ext(path)
	for _, source := range sources[ending] {
		if file, ok := r.file(strings.TrimSuffix(path, ending) + source); ok {
			return file, true
		}
	}
	return "", false
}

func (r *Resolver) ended(base string) (string, bool) {
	for _, ending := range endings {
		if file, ok := r.file(base + ending); ok {
			return file, true
		}
	}
	return "", false
}

// file gives the path of a file that is there, with symbolic links followed, as Node.js does: a package
// that is linked is loaded once, and finds its own node_modules.
func (r *Resolver) file(path string) (string, bool) {
	path, st := r.stat(path)
	if st == nil || st.IsDir() {
		return "", false
	}
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to, true
	}
	return path, true
}

// stat looks at a path that may be read. It gives the path to open, and nil when nothing is there.
func (r *Resolver) stat(path string) (string, os.FileInfo) {
	if r.Check != nil {
		to, err := r.Check(path)
		if err != nil {
			if r.refused == nil {
				r.refused = &RefusedError{path, err}
			}
			return path, nil
		}
		path = to
	}
	st, err := os.Stat(path)
	if err != nil {
		return path, nil
	}
	return path, st
}

// bare finds a package in the node_modules of dir and the folders above it.
func (r *Resolver) bare(id, dir string, conditions []string) (string, error) {
	name, subpath := split(id)
	if name == "" {
		return "", ErrNotFound
	}
	if file, err := r.self(name, subpath, dir, conditions); err != nil || file != "" {
		return file, err
	}
	for _, folder := range Folders(dir) {
		root := filepath.Join(folder, filepath.FromSlash(name))
		if _, st := r.stat(root); st == nil || !st.IsDir() {
			if file, err := r.path(filepath.Join(folder, filepath.FromSlash(id)), false); err == nil {
				return file, nil
			}
			continue
		}
		p, err := r.read(root)
		if err != nil {
			return "", err
		}
		if p != nil && p.Exports != nil {
			return r.exported(p, subpath, conditions)
		}
		if file, err := r.path(filepath.Join(root, filepath.FromSlash(subpath)), subpath == "."); err == nil {
			return file, nil
		}
	}
	return "", ErrNotFound
}

// self finds what a package exports to itself by its own name.
func (r *Resolver) self(name, subpath, dir string, conditions []string) (string, error) {
	p, err := r.around(dir)
	if err != nil || p == nil || p.Name != name || p.Exports == nil {
		return "", err
	}
	return r.exported(p, subpath, conditions)
}

// internal finds what a package calls "#name".
func (r *Resolver) internal(id, dir string, conditions []string) (string, error) {
	p, err := r.around(dir)
	if err != nil {
		return "", err
	}
	if p == nil || p.Imports == nil || id == "#" || strings.HasPrefix(id, "#/") {
		return "", ErrNotFound
	}
	target, ok := p.Imports.entry(id, conditions)
	switch {
	case !ok:
		return "", &NotExportedError{p.dir, id}
	case strings.HasPrefix(target, "./"):
		return r.target(p, target, id)
	}
	return r.find(target, p.dir, conditions)
}

// exported finds a file by the exports of its package.
func (r *Resolver) exported(p *pkg, subpath string, conditions []string) (string, error) {
	target, ok := p.Exports.export(subpath, conditions)
	if !ok || !strings.HasPrefix(target, "./") {
		return "", &NotExportedError{p.dir, subpath}
	}
	return r.target(p, target, subpath)
}

// target is the file of a target inside a package; one that leads out of it is refused.
func (r *Resolver) target(p *pkg, target, subpath string) (string, error) {
	for part := range strings.SplitSeq(target[2:], "/") {
		if part == ".." || part == "." || part == "node_modules" {
			return "", &NotExportedError{p.dir, subpath}
		}
	}
	if file, ok := r.exact(filepath.Join(p.dir, filepath.FromSlash(target))); ok {
		return file, nil
	}
	return "", ErrNotFound
}

// Folders are the folders that packages are looked for in, the nearest first.
func Folders(dir string) []string {
	var out []string
	for {
		if filepath.Base(dir) != "node_modules" {
			out = append(out, filepath.Join(dir, "node_modules"))
		}
		up := filepath.Dir(dir)
		if up == dir {
			return out
		}
		dir = up
	}
}

// split parts the name of a package from a path in it: "@a/b/c" is "@a/b" and "./c".
func split(id string) (name, subpath string) {
	parts := strings.SplitN(id, "/", 3)
	n := 1
	if strings.HasPrefix(id, "@") {
		n = 2
	}
	if len(parts) < n || strings.HasPrefix(id, ".") || strings.ContainsAny(id, `\%`) {
		return "", ""
	}
	name = strings.Join(parts[:n], "/")
	subpath = "." + strings.TrimPrefix(id, name)
	return name, subpath
}
