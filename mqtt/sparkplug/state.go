package sparkplug

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// HostState is the payload of a STATE message: what a host application says of itself. Section 6.4.27.
type HostState struct {
	Online bool
	// Timestamp is the same in the birth and in the will of a connection, so that a will that comes late is told.
	Timestamp time.Time
}

// Marshal returns the JSON of the state.
func (s HostState) Marshal() []byte {
	return fmt.Appendf(nil, `{"online":%t,"timestamp":%d}`, s.Online, s.Timestamp.UnixMilli())
}

// UnmarshalHostState reads the JSON of a STATE message. Both members must be there; others are passed over.
func UnmarshalHostState(b []byte) (HostState, error) {
	var s struct {
		Online    *bool        `json:"online"`
		Timestamp *json.Number `json:"timestamp"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&s); err != nil {
		return HostState{}, fmt.Errorf("sparkplug: STATE: %w", err)
	}
	if d.More() {
		return HostState{}, errors.New("sparkplug: STATE has something behind its JSON")
	}
	if s.Online == nil || s.Timestamp == nil {
		return HostState{}, errors.New(`sparkplug: STATE needs "online" and "timestamp"`)
	}
	ms, err := s.Timestamp.Int64()
	if err != nil || ms < 0 || ms > maxMilliseconds {
		return HostState{}, fmt.Errorf("sparkplug: STATE: %q is no timestamp in milliseconds since 1970", *s.Timestamp)
	}
	return HostState{Online: *s.Online, Timestamp: time.UnixMilli(ms).UTC()}, nil
}
