//go:build !linux && !darwin

package process

import "time"

// user is not told by this system.
func user() time.Duration { return 0 }

// system is not told by this system.
func system() time.Duration { return 0 }
