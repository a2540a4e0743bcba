package mqtt

import (
	"fmt"
	"sync/atomic"
)

// Mode says what clients may do. The stricter of the process's mode and of
// Config.Mode counts.
type Mode int32

// The modes, from the most to the least permissive.
const (
	ModePublisher Mode = iota // connect, subscribe and publish; the default
	ModeListener              // connect and subscribe; Publish and a will fail with ErrNotPermitted
	ModeOff                   // Open, Dial and Connect fail with ErrNotPermitted
)

var processMode atomic.Int32

// SetMode sets the mode of the whole process. It concerns calls made from then
// on; a connection that stands is left alone.
func SetMode(m Mode) { processMode.Store(int32(m)) }

// CurrentMode returns the mode of the process, ModePublisher unless set.
func CurrentMode() Mode { return Mode(processMode.Load()) }

// String returns "publisher", "listener" or "off".
func (m Mode) String() string {
	switch m {
	case ModePublisher:
		return "publisher"
	case ModeListener:
		return "listener"
	case ModeOff:
		return "off"
	}
	return "unknown mode"
}

// stricter returns the mode in force under m.
func stricter(m Mode) Mode { return max(m, CurrentMode()) }

// checkOn returns why call cannot make or use a connection under m.
func (m Mode) checkOn(call string) error {
	if stricter(m) >= ModeOff {
		return fmt.Errorf("%s: mode is off: %w", call, ErrNotPermitted)
	}
	return nil
}
