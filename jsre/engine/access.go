package engine

import (
	"fmt"
	"os"
	"path/filepath"
)

// Access says what a script may reach beside its own memory. Each function returns nil for what is
// granted, or an error that says what is refused; a nil function grants everything. They may be called
// from any goroutine.
type Access struct {
	Net   func(address string) error // host:port, of each connection and each look-up of a name (port empty)
	Read  func(path string) error    // an absolute path of a file or folder
	Write func(path string) error
	Env   func(name string) bool // whether process.env has the variable
}

// CheckNet throws EACCES when the script may not connect to the address, host:port.
func (vm *VM) CheckNet(address string) { vm.check(vm.opts.Access.Net, "connect to", address) }

// CheckRead throws EACCES when the script may not read the file or folder at an absolute path.
func (vm *VM) CheckRead(path string) { vm.check(vm.opts.Access.Read, "read", path) }

// CheckWrite throws EACCES when the script may not change the file or folder at an absolute path.
func (vm *VM) CheckWrite(path string) { vm.check(vm.opts.Access.Write, "write", path) }

func (vm *VM) check(granted func(string) error, what, target string) {
	if granted == nil {
		return
	}
	if err := granted(target); err != nil {
		vm.Throw("EACCES", fmt.Sprintf("may not %s %s: %v", what, target, err))
	}
}

// readable gives a path with its links followed, or why the script may not read it.
func (vm *VM) readable(path string) (string, error) {
	path = vm.ResolvePath(path)
	return path, vm.opts.Access.Read(path)
}

// maxLinks is how many symbolic links that lead to nothing are followed.
const maxLinks = 40

// ResolvePath is a path as [VM.CheckRead] and [VM.CheckWrite] want it: absolute, from the script
// runtime's directory, with all symbolic links followed, those to files that are not there yet, too.
// Open this path and not the one given: it is what was checked.
func (vm *VM) ResolvePath(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(vm.opts.Dir, path)
	}
	path = filepath.Clean(path)
	for range maxLinks {
		next, dangling := followLinks(path)
		if !dangling {
			return next
		}
		path = next
	}
	return path
}

// followLinks follows the links of the part of a path that exists, and one that leads to nothing, if
// the part ends there.
func followLinks(path string) (resolved string, dangling bool) {
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if place, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(place, rest), false
		}
		if target, err := os.Readlink(at); err == nil {
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			return filepath.Join(target, rest), true
		}
		if at == filepath.Dir(at) {
			return path, false
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
