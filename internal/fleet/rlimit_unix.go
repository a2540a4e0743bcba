//go:build unix && !freebsd && !dragonfly

package fleet

// asLimit is a limit in the type that the system has for it.
func asLimit(n int) uint64 { return uint64(n) }
