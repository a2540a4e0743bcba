package tap

import (
	"net"

	"dunlin/mqtt/dial"
)

// Within has a Tap take its connections from l and reach the server by f.
func (c *Config) Within(l net.Listener, f dial.Func) { c.listener, c.dial = l, f }

// MostQueued is how many bytes wait in one direction.
const MostQueued = mostQueued

// MostHeld is how many bytes are kept of all packets under way, and MostMessage of one. Held returns how many are.
const (
	MostHeld    = mostHeld
	MostMessage = mostMessage
)

func (t *Tap) Held() int { return mostHeld - t.held.Left() }
