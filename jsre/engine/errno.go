package engine

// errnoKey is where the number of the last error of the system is kept.
type errnoKey struct{}

func (vm *VM) errno() *int {
	n, _ := vm.Shared(errnoKey{}, func() any { return new(int) }).(*int)
	return n
}

// Errno is the system's number of the last error that a function told, by what it returned, by throwing or by a
// callback; sys.errno shows it. Loop goroutine only.
func (vm *VM) Errno() int { return *vm.errno() }

// SetErrno notes the number of an error.
func (vm *VM) SetErrno(n int) { *vm.errno() = n }
