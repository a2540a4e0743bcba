//go:build freebsd || dragonfly

package load

// systemLimit is a number of files in the type that the system has for it, and fileLimit the way back.
func systemLimit(n uint64) int64 { return int64(n) }
func fileLimit(n int64) uint64   { return uint64(n) }
