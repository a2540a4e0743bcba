//go:build !linux && !darwin

package iosched

import (
	"errors"
	"time"
)

// poll is not there on this system.
func poll(_, _ int, _ time.Duration) (bool, error) {
	return false, errors.New("descriptors cannot be waited for on this system")
}
