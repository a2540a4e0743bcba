//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package disk

import "os"

// lockFile does nothing: the standard library has no file lock for this system. It is up to the
// user that only one client uses a directory.
func lockFile(*os.File) error { return nil }
