//go:build unix && !freebsd && !dragonfly

package load

// systemLimit is a number of files in the type that the system has for it, and fileLimit the way back.
func systemLimit(n uint64) uint64 { return n }
func fileLimit(n uint64) uint64   { return n }
