package tap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
)

// mostDelay bounds delay and jitter, in milliseconds.
const mostDelay = 10 * 60 * 1000

// SetFaults says what to do to the packets from now on: of all devices, or of the one that is named, for which it holds in the
// place of the general ones. Types counts for Drop alone, Way for Delay, Jitter, Drop and Stall. Cut ends connections once. The error
// is one line about what cannot be done.
func (t *Tap) SetFaults(f protocol.Faults) error {
	if err := check(&f); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d, there := t.live[f.Device]
	if f.Device != 0 && !there {
		return fmt.Errorf("device %d is not connected; choose one that is", f.Device)
	}
	if f.Device != 0 && f.Refuse {
		return errors.New("a device cannot be refused by its number: it gets another with each connection; refuse all")
	}
	cut := f.Cut
	f.Cut = false
	if f.Device == 0 {
		t.faults = f
	} else {
		t.special[f.Device] = f
	}
	close(t.changed)
	t.changed = make(chan struct{})
	if !cut {
		return nil
	}
	for other := range t.open {
		if d == nil || d == other {
			other.cut(errors.New("it was cut, as it was asked for"))
		}
	}
	return nil
}

// check tells what cannot be done.
func check(f *protocol.Faults) error {
	switch {
	case f.Delay < 0 || f.Jitter < 0 || f.Delay > mostDelay || f.Jitter > mostDelay:
		return fmt.Errorf("delay and jitter are from 0 to %d ms", mostDelay)
	case f.Drop < 0 || f.Drop > 100:
		return fmt.Errorf("%d percent cannot be dropped; it is from 0 to 100", f.Drop)
	case f.Way != "" && f.Way != "up" && f.Way != "down":
		return fmt.Errorf("way %q is not known; it is up, to the server, down, or empty for both", f.Way)
	}
	for _, name := range types(f.Types) {
		if !packets.IsType(name) {
			return fmt.Errorf("packets of type %q are not known; write such as PUBLISH,PUBACK", name)
		}
	}
	return nil
}

// types takes a list with commas apart.
func types(list string) (names []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.ToUpper(strings.TrimSpace(name)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Faults returns what is done to the packets of all devices.
func (t *Tap) Faults() protocol.Faults {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.faults
}

// faultsOf returns what is done to the packets of a device, and a channel that is closed when that may have changed.
func (t *Tap) faultsOf(id int) (protocol.Faults, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f, ok := t.special[id]; ok {
		return f, t.changed
	}
	return t.faults, t.changed
}

// applies tells whether faults are for a direction.
func applies(f *protocol.Faults, sent bool) bool {
	return f.Way == "" || (f.Way == "up") == sent
}

// drops decides whether a packet that begins with this byte is swallowed.
func drops(f *protocol.Faults, sent bool, first byte) bool {
	if f.Drop == 0 || !applies(f, sent) {
		return false
	}
	if wanted := types(f.Types); wanted != nil && !slices.Contains(wanted, packets.TypeName(first)) {
		return false
	}
	return rand.IntN(100) < f.Drop
}

// lateness returns how much later bytes go on.
func lateness(f *protocol.Faults, sent bool) time.Duration {
	if !applies(f, sent) {
		return 0
	}
	late := time.Duration(f.Delay) * time.Millisecond
	if f.Jitter > 0 {
		late += rand.N(time.Duration(f.Jitter)*time.Millisecond + 1)
	}
	return late
}
