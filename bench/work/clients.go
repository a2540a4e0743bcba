package work

import (
	"fmt"
	"slices"
	"strings"
)

// Names of clients that are special.
const (
	Limit  = "limit"  // no client at all
	Ours   = "dunlin" // what the others are compared with
	Script = "script" // a script that ours runs
	MQTTjs = "mqttjs" // what the script is compared with
)

// Client is a driver.
type Client struct {
	Name   string
	Title  string
	Nets   []string // nil: tcp, tls and ws
	Table  []string // those it takes part in
	Commit string   // of an earlier build of ours, as git calls it; else empty
}

// Clients returns every client, in the order of the columns.
func Clients() []Client {
	basic := []string{Speed, Windows, Core, Sizes, Nets}
	return []Client{
		{Name: Limit, Title: "limit", Table: append([]string{Idle}, basic...)},
		{Name: Ours, Title: "Dunlin", Table: append([]string{Idle, Durable, Growth}, basic...)},
		{Name: Script, Title: "script", Nets: []string{"tcp", "tls"}, Table: basic},
		{Name: "paho3", Title: "paho.mqtt.golang", Table: append([]string{Idle, Durable}, basic...)},
		{Name: "paho5", Title: "paho.golang", Table: append([]string{Idle, Durable}, basic...)},
		// Not at rest: its select allows only some 340 clients in a process.
		{Name: "libmosquitto", Title: "libmosquitto", Nets: []string{"tcp", "tls"}, Table: basic},
		{Name: MQTTjs, Title: "MQTT.js", Table: append([]string{Idle}, basic...)},
	}
}

// Does reports whether c takes part in w.
func (c *Client) Does(w *Work) bool {
	name := c.Name
	if c.Commit != "" {
		name = Ours
	}
	return slices.Contains(c.Table, w.Table) &&
		(c.Nets == nil || slices.Contains(c.Nets, w.Net)) &&
		(w.Only == nil || slices.Contains(w.Only, name))
}

// Rival reports whether a client is somebody else's.
func Rival(name string) bool {
	return name != Limit && name != Ours && name != Script && !Earlier(name)
}

// Earlier reports whether a client is an earlier build of ours.
func Earlier(name string) bool { return strings.HasPrefix(name, Ours+"@") }

// earlierOf returns the earlier builds of ours that names ask for: they do what it does.
func earlierOf(ours Client, names []string) (builds []Client) {
	for _, name := range names {
		if commit := strings.TrimPrefix(name, Ours+"@"); Earlier(name) && commit != "" {
			builds = append(builds, Client{
				Name: name, Title: ours.Title + "@" + commit, Nets: ours.Nets, Table: ours.Table, Commit: commit,
			})
		}
	}
	return builds
}

// SelectClients returns the clients of these names; none: all. A name such as
// dunlin@COMMIT is our build of that commit, which comes behind today's.
func SelectClients(names []string) ([]Client, error) {
	if len(names) == 0 {
		return Clients(), nil
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	var chosen []Client
	used := make([]bool, len(names))
	for _, c := range Clients() {
		known := []Client{c}
		if c.Name == Ours {
			known = append(known, earlierOf(c, names)...)
		}
		for _, k := range known {
			if i := slices.Index(names, k.Name); i >= 0 {
				chosen, used[i] = append(chosen, k), true
			}
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, fmt.Errorf("no client is called %q; see list", names[i])
	}
	return chosen, nil
}
