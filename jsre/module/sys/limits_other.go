//go:build !linux && !darwin

package sys

// maxFiles is not told by this system.
func maxFiles() int64 { return 0 }

// diskSpace is not told by this system.
func diskSpace(string) (total, free int64) { return 0, 0 }
