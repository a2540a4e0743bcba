// Package sum adds up what the clients of a group say of themselves, so that what only grows never falls when one of them ends.
package sum

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dunlin/mqtt"
)

// Client is what is asked of a client; *mqtt.Client has it.
type Client interface {
	// Stats returns the figures of this moment.
	Stats() mqtt.Stats
	// Done is closed when the client has ended.
	Done() <-chan struct{}
}

// Group is the sum of the clients of one name.
type Group struct {
	Name       string
	Clients    int // that have not ended
	Connected  int
	Retrying   int // that lost their connection, or never had one, and try again
	Sum        mqtt.Stats
	SlowestRTT time.Duration // of the last ping of each
}

// Groups are clients by name. The zero value is empty. It is for any goroutine.
type Groups struct {
	mu      sync.Mutex
	clients map[Client]member
	ended   map[string]mqtt.Stats // what clients that are gone, or in another group, had counted
	removed map[Client]mqtt.Stats // what those that were removed and live on had counted till then
}

// member is a client in a group.
type member struct {
	name   string
	before mqtt.Stats // what is counted elsewhere: it was in another group, or removed
}

// Add counts a client in the group of that name, until it ends or is removed. In another group than before it counts from now on, for
// what it had counted stays there. What of the name is no UTF-8 becomes U+FFFD, for neither Prometheus nor OpenTelemetry takes it.
func (g *Groups) Add(name string, c Client) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.clients == nil {
		g.clients, g.ended, g.removed = map[Client]member{}, map[string]mqtt.Stats{}, map[Client]mqtt.Stats{}
	}
	name = strings.ToValidUTF8(name, "\uFFFD")
	if known, ok := g.clients[c]; ok && known.name == name {
		return
	}
	g.removeLocked(c)
	g.clients[c] = member{name, g.removed[c]}
	delete(g.removed, c)
}

// Remove takes a client out; what it had counted stays in the sums.
func (g *Groups) Remove(c Client) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.removeLocked(c)
}

func (g *Groups) removeLocked(c Client) {
	m, ok := g.clients[c]
	if !ok {
		return
	}
	s := c.Stats()
	kept := g.ended[m.name]
	addCounters(&kept, since(s, m.before))
	g.ended[m.name] = kept
	g.removed[c] = s
	delete(g.clients, c)
}

// Read returns the groups in the order of their names. Clients that have ended are forgotten but for what they had counted.
func (g *Groups) Read() []Group {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.clients {
		if hasEnded(c) {
			g.removeLocked(c)
		}
	}
	maps.DeleteFunc(g.removed, func(c Client, _ mqtt.Stats) bool { return hasEnded(c) })
	byName := map[string]*Group{}
	for name, counted := range g.ended {
		byName[name] = &Group{Name: name, Sum: counted}
	}
	for c, m := range g.clients {
		if byName[m.name] == nil {
			byName[m.name] = &Group{Name: m.name}
		}
		byName[m.name].add(since(c.Stats(), m.before))
	}
	groups := make([]Group, 0, len(byName))
	for _, group := range byName {
		groups = append(groups, *group)
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return groups
}

func (g *Group) add(s mqtt.Stats) {
	g.Clients++
	if s.Connected {
		g.Connected++
	} else if s.Retries > 0 {
		g.Retrying++
	}
	addCounters(&g.Sum, s)
	g.Sum.InFlight += s.InFlight
	g.Sum.Queued += s.Queued
	g.Sum.QueuedBytes += s.QueuedBytes
	g.Sum.Received += s.Received
	g.SlowestRTT = max(g.SlowestRTT, s.RTT)
}

// addCounters adds what only grows.
func addCounters(to *mqtt.Stats, s mqtt.Stats) {
	to.Connections += s.Connections
	to.Dropped += s.Dropped
	to.Quarantined += s.Quarantined
	to.Poison += s.Poison
	to.BytesWritten += s.BytesWritten
	to.BytesRead += s.BytesRead
}

// since returns s without what was counted before.
func since(s, before mqtt.Stats) mqtt.Stats {
	s.Connections -= before.Connections
	s.Dropped -= before.Dropped
	s.Quarantined -= before.Quarantined
	s.Poison -= before.Poison
	s.BytesWritten -= before.BytesWritten
	s.BytesRead -= before.BytesRead
	return s
}

func hasEnded(c Client) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}
