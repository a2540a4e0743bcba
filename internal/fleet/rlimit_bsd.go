//go:build freebsd || dragonfly

package fleet

// asLimit is a limit in the type that the system has for it.
func asLimit(n int) int64 { return int64(n) }
