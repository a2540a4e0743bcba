package engine

import "fmt"

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
