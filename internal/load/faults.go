package load

import (
	"errors"
	"maps"
	"strings"
	"sync"

	"dunlin/mqtt"
)

// faultsKept is how many reasons are told apart; the others are counted together.
const (
	faultsKept  = 20
	otherFaults = "for other reasons"
)

// faults are why messages failed.
type faults struct {
	mu    sync.Mutex
	times map[string]int64
}

// add counts an error without what is of one message alone, its topic and packet identifier.
func (f *faults) add(err error) {
	if e := (*mqtt.PublishError)(nil); errors.As(err, &e) {
		all := *e
		all.Topic, all.PacketID = "", 0
		err = &all
	}
	text := strings.TrimPrefix(detailOf(err), `publish to "": `)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times == nil {
		f.times = map[string]int64{}
	}
	if _, known := f.times[text]; !known && len(f.times) >= faultsKept {
		text = otherFaults
	}
	f.times[text]++
}

// all returns how often each reason came up.
func (f *faults) all() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.times)
}
