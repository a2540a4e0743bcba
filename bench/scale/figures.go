//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

const (
	// figuresFile has what was measured, in the folder of this package.
	figuresFile = "figures.json"
	// publishedFile has what others have published of their servers.
	publishedFile = "published.json"
)

// figures are what was measured in one run.
type figures struct {
	Machine string  `json:"machine"`
	Go      string  `json:"go"`
	Socket  float64 `json:"socket"` // bytes that the kernel has for a connected TCP socket at rest, at one end
	Clients int     `json:"clients"`
	Rounds  int     `json:"rounds"`
	Kinds   []cost  `json:"kinds"`
	Loads   []load  `json:"loads"`

	Servers []served `json:"servers"`
}

// cost is what one client of a kind costs, in bytes and microseconds.
type cost struct {
	Kind       string  `json:"kind"`
	Base       float64 `json:"base"` // resident bytes of a process with one client
	Heap       float64 `json:"heap"`
	Stack      float64 `json:"stack"`
	Goroutines float64 `json:"goroutines"`
	Rest       float64 `json:"rest"` // resident bytes, before anything was sent
	Busy       float64 `json:"busy"` // and at the end of the messages
	Connect    float64 `json:"connect"`
	Ping       float64 `json:"ping"`
	Message    float64 `json:"message"`
	PingWire   wire    `json:"ping_wire"`
	MsgWire    wire    `json:"message_wire"`
	JoinWire   wire    `json:"connect_wire"`
}

// wire is what goes through a socket, in both directions.
type wire struct {
	Bytes int `json:"bytes"`
	Parts int `json:"parts"` // reads and writes, each of which is a segment or more
}

// load is what a load generator of the command had in memory, by the number of its clients.
type load struct {
	Name   string  `json:"name"`
	Points []point `json:"points"` // the last one is the check, and not in the line through the others
}

type point struct {
	Clients int     `json:"clients"`
	RSS     float64 `json:"rss"` // resident bytes of the process
	CPU     float64 `json:"cpu"` // microseconds of a second, once all are connected
}

// served is what a server has in memory for a connection.
type served struct {
	Server string  `json:"server"`
	Device bool    `json:"device"` // whose session it keeps, with a subscription at QoS 1
	Each   float64 `json:"each"`   // bytes
}

// kind returns what a client of that kind costs.
func (f *figures) kind(name string) (cost, error) {
	for _, c := range f.Kinds {
		if c.Kind == name {
			return c, nil
		}
	}
	return cost{}, fmt.Errorf("%s has no client %q; run `go run ./scale -write ../docs/SCALE.md`", figuresFile, name)
}

// setKind puts c in the place of what there was of its kind.
func (f *figures) setKind(c cost) {
	for i := range f.Kinds {
		if f.Kinds[i].Kind == c.Kind {
			f.Kinds[i] = c
			return
		}
	}
	f.Kinds = append(f.Kinds, c)
}

// keepTimes takes the times over that f has of the kind.
func (c *cost) keepTimes(f *figures) {
	if old, err := f.kind(c.Kind); err == nil {
		c.Connect, c.Ping, c.Message = old.Connect, old.Ping, old.Message
	}
}

// keepTimes takes those over that f has of the load, by the number of clients.
func (l *load) keepTimes(f *figures) {
	for _, old := range f.Loads {
		for i := range l.Points {
			if old.Name == l.Name && i < len(old.Points) && old.Points[i].Clients == l.Points[i].Clients {
				l.Points[i].CPU = old.Points[i].CPU
			}
		}
	}
}

func (f *figures) setLoad(l load) {
	for i := range f.Loads {
		if f.Loads[i].Name == l.Name {
			f.Loads[i] = l
			return
		}
	}
	f.Loads = append(f.Loads, l)
}

func (f *figures) setServer(s served) {
	name, _, _ := strings.Cut(s.Server, " ") // a new version takes the place of the old one
	for i, old := range f.Servers {
		if strings.HasPrefix(old.Server, name+" ") && old.Device == s.Device {
			f.Servers[i] = s
			return
		}
	}
	f.Servers = append(f.Servers, s)
}

// best keeps of two measurements the least time, which the fewest neighbours have disturbed, and the most memory.
func (c *cost) best(other cost) {
	for _, time := range []struct{ a, b *float64 }{{&c.Connect, &other.Connect}, {&c.Ping, &other.Ping}, {&c.Message, &other.Message}} {
		*time.a = min(*time.a, *time.b)
	}
	for _, memory := range []struct{ a, b *float64 }{
		{&c.Base, &other.Base}, {&c.Heap, &other.Heap}, {&c.Stack, &other.Stack}, {&c.Rest, &other.Rest}, {&c.Busy, &other.Busy},
	} {
		*memory.a = max(*memory.a, *memory.b)
	}
}

func readFigures(file string) (f figures, err error) { return f, readJSON(file, &f) }

// published is what others have published of a server, in a test of theirs.
type published struct {
	Server      string  `json:"server"`
	Test        string  `json:"test"`
	Source      string  `json:"source"`
	Date        string  `json:"date"`
	Nodes       int     `json:"nodes"` // that take connections
	Cores       int     `json:"cores"` // of each; 0: not said
	Connections float64 `json:"connections"`
	Memory      float64 `json:"memory"`   // bytes in use, of all nodes; 0: not said
	Capacity    float64 `json:"capacity"` // bytes that each node has; 0: not said
	Rate        float64 `json:"rate"`     // connects a second, of all nodes; 0: not said
}

func readPublished(file string) (all []published, err error) { return all, readJSON(file, &all) }

func readJSON(file string, v any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (f *figures) write(file string) error {
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
