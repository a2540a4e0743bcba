// Package fleet simulates devices: what they announce, measure, obey and download, how they sleep and how their links fail.
// It is no load generator; its devices behave as real ones do, and subscribers that know the rules check them.
package fleet

import "time"

// The profiles of a group.
const (
	Plain         = "plain"         // JSON under topics of their own
	HomeAssistant = "homeassistant" // MQTT discovery of Home Assistant
	Sparkplug     = "sparkplug"     // Sparkplug B
)

// Scenario is a whole fleet. Parse makes one of a file.
type Scenario struct {
	Name string
	// About is a sentence for lists.
	About string
	Seed  uint64
	// Clock is the simulated time at the start; zero: the time of the day.
	Clock time.Time
	// Ramp is over how long the devices are switched on.
	Ramp time.Duration
	// Duration is simulated time; 0: until the run is interrupted.
	Duration time.Duration
	Groups   []Group
	Service  Service
}

// Group is a number of devices of one make.
type Group struct {
	Name    string
	Count   int
	Profile string
	// Device is the name of each device, Base the topic under which it is, ClientID and Username who connects. They
	// may hold {n}, {group} and, but for Device, {device}.
	Device, Base, ClientID, Username string

	QoS       byte
	KeepAlive time.Duration
	Streams   []Stream
	Controls  []Control
	// Firmware says which version the devices have; empty: they take no other.
	Firmware string
	Sleep    *Sleep
	Link     *Link

	// Discovery says in which form devices of Home Assistant announce themselves: "device" or "component".
	Discovery string
	// SparkplugGroup is the group of Sparkplug B, Devices how many devices each of its edge nodes has, and PrimaryHost the
	// host application without which they are silent; empty: none.
	SparkplugGroup string
	Devices        int
	PrimaryHost    string
}

// Stream is a message that a device publishes again and again.
type Stream struct {
	Topic  string // below the base
	Every  time.Duration
	QoS    byte
	Retain bool
	Values []Value
}

// Control is something of a device that a command sets.
type Control struct {
	Name           string
	Kind           string // "switch", "number", "select" or "button"
	Min, Max, Step float64
	Options        []string
	Unit           string
}

// Sleep has devices leave the network, with a session that collects what comes meanwhile.
type Sleep struct {
	For    time.Duration // how long each sleep lasts
	Awake  time.Duration // how long the device stays after it has connected
	Expiry time.Duration // of the session
}

// Link is a network that is not good.
type Link struct {
	Cut   time.Duration // time between cuts, on average; 0: none
	Away  time.Duration // how long a cut lasts
	Delay time.Duration // by which each read and write is late
}

// Service is what the owner of the devices runs: it sends commands and offers firmware.
type Service struct {
	Commands time.Duration // one to some device each; 0: none
	Firmware *Firmware
}

// Firmware is an image that is offered to each device that takes one and has another version.
type Firmware struct {
	Version     string
	Size, Chunk int
}

// Sleeping reports whether the devices of the group sleep.
func (g *Group) Sleeping() bool { return g.Sleep != nil }

// Devices returns how many devices there are in all groups.
func (s *Scenario) Devices() int {
	n := 0
	for i := range s.Groups {
		n += s.Groups[i].Count
	}
	return n
}

// Scale changes the number of devices to n and keeps the groups' shares, with at least one in each that had any.
func (s *Scenario) Scale(n int) {
	before, left := s.Devices(), n
	if before == 0 {
		return
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		share := max(g.Count*n/before, 1)
		if i == len(s.Groups)-1 {
			share = max(left, 1)
		}
		g.Count, left = share, left-share
	}
}
