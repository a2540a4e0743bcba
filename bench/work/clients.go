package work

import (
	"fmt"
	"slices"
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
	Name  string
	Title string
	Nets  []string // nil: tcp, tls and ws
	Table []string // those it takes part in
}

// Clients returns every client, in the order of the columns.
func Clients() []Client {
	basic := []string{Speed, Sizes, Nets}
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
	return slices.Contains(c.Table, w.Table) &&
		(c.Nets == nil || slices.Contains(c.Nets, w.Net)) &&
		(w.Only == nil || slices.Contains(w.Only, c.Name))
}

// Rival reports whether a client is somebody else's.
func Rival(name string) bool { return name != Limit && name != Ours && name != Script }

// SelectClients returns the clients of these names; none: all.
func SelectClients(names []string) ([]Client, error) {
	all := Clients()
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c Client) bool { return c.Name == name }) {
			return nil, fmt.Errorf("no client is called %q; see list", name)
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(c Client) bool { return !slices.Contains(names, c.Name) }), nil
}
