//go:build linux

package main

import "math"

// What is assumed of the fleet, and of the machines that its clients share.
const (
	devices    = 1_000_000
	interval   = 60  // seconds between two messages, or two pings, of a device
	nodes      = 3   // of the cluster
	cores      = 4   // of a machine
	coresUsed  = 0.5 // at most this part of them: the other half is for connects, and for what else comes
	memoryUsed = 0.75

	machineMemory = 16 * gibi
	ports         = (60999 - 32768 + 1) / 2 // of one address to one address and port of a server: see docs/SCALE.md
	headers       = 20 + 32                 // bytes of IPv4, and of TCP with time stamps
	spareFiles    = 64                      // of a process besides its connections
)

const (
	kibi = 1 << 10
	mebi = 1 << 20
	gibi = 1 << 30
)

// need is what all devices need where their clients run.
type need struct {
	memory, kernel      float64 // bytes: of the processes, and of the system for their sockets
	pings, messages     float64 // processors
	pingBits, msgBits   float64 // a second on the network, both directions
	machines, addresses int     // of each machine so many addresses
	clients, files      int     // of a machine
	boundByMemory       bool
}

// compute returns the need of a kind of client.
func compute(c *cost, socket float64) need {
	n := need{
		memory: devices * c.Busy, kernel: devices * socket,
		pings: devices / interval * c.Ping / 1e6, messages: devices / interval * c.Message / 1e6,
		pingBits: bits(c.PingWire), msgBits: bits(c.MsgWire),
	}
	byMemory := (n.memory + n.kernel) / (memoryUsed * machineMemory)
	byCores := max(n.pings, n.messages) / (coresUsed * cores)
	n.boundByMemory = byMemory > byCores
	n.machines = int(math.Ceil(max(byMemory, byCores)))
	n.clients = int(math.Ceil(devices / float64(n.machines)))
	n.addresses = int(math.Ceil(float64(n.clients) / (nodes * ports)))
	n.files = n.clients + spareFiles
	return n
}

// bits returns what all devices together send and receive in a second, each once an interval. What goes one way carries the
// acknowledgement of what went the other way, and the last one goes alone.
func bits(w wire) float64 {
	return devices / interval * 8 * float64(w.Bytes+(w.Parts+1)*headers)
}

// storm is what comes when one node of the cluster ends.
type storm struct {
	delay      float64 // Reconnect.MinDelay in seconds
	connects   float64 // a second
	onEach     float64 // of the nodes that are left
	processors float64 // on the side of the clients
}

// storms returns them for several delays.
func storms(c *cost, delays ...float64) (all []storm) {
	for _, d := range delays {
		s := storm{delay: d, connects: float64(devices) / nodes / d}
		s.onEach, s.processors = s.connects/(nodes-1), s.connects*c.Connect/1e6
		all = append(all, s)
	}
	return all
}

// serving is what a million devices need of a server, by what was published of it.
type serving struct {
	each   float64 // bytes a connection; 0: not said
	atMost bool    // each is what the nodes have, and not what they used
	nodes  int     // for all devices; 0: not said
	memory float64 // of all nodes; 0: not said
	rate   float64 // connects a second and node; 0: not said
	delay  float64 // MinDelay in seconds, so that a node that ends is no more than that for the others; 0: not known
}

func serve(p *published) (s serving) {
	used := p.Memory
	if used == 0 && p.Capacity > 0 {
		used, s.atMost = p.Capacity*float64(p.Nodes), true
	}
	s.each = used / p.Connections
	s.memory = s.each * devices
	if p.Nodes == 0 {
		return s
	}
	s.nodes = max(int(math.Ceil(devices*float64(p.Nodes)/p.Connections)), nodes)
	if s.rate = p.Rate / float64(p.Nodes); s.rate > 0 {
		left := float64(s.nodes - 1)
		s.delay = devices / float64(s.nodes) / (left * s.rate)
	}
	return s
}

// The loads that the computation is checked with, and the kinds of client that they have.
const (
	benchLoad = "dunlin bench conn"
	fleetLoad = "dunlin fleet"
)

var clientOf = map[string]string{benchLoad: "5, TCP", fleetLoad: "device, TCP"}

// expected returns what a load should have in memory with so many clients, by the line through its other points.
func (l *load) expected() (rss, each float64) {
	a, b, last := l.Points[0], l.Points[1], l.Points[2]
	each = (b.RSS - a.RSS) / float64(b.Clients-a.Clients)
	return b.RSS + each*float64(last.Clients-b.Clients), each
}

// expectedCPU does so for the processor.
func (l *load) expectedCPU() float64 {
	a, b, last := l.Points[0], l.Points[1], l.Points[2]
	each := (b.CPU - a.CPU) / float64(b.Clients-a.Clients)
	return b.CPU + each*float64(last.Clients-b.Clients)
}

// byLibrary returns what a process with as many clients of the kind as the last point has should have in memory: clients at
// rest where the load does no more than connect, else at work.
func (l *load) byLibrary(c *cost) float64 {
	each := c.Busy
	if l.Name == benchLoad {
		each = c.Rest
	}
	return c.Base + each*float64(l.Points[2].Clients)
}

// off is by which part a measurement is off what was computed.
func off(measured, computed float64) float64 { return (measured - computed) / computed }
