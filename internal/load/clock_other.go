//go:build !linux

package load

import "time"

// preciseSleep is 0: Go's timers are all that there is.
const preciseSleep = 0

func precise() (end func()) { return func() {} }

func sleepShort(time.Duration) {}
