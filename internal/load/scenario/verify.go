package scenario

import (
	"fmt"
	"strings"
)

// CanVerify says why the account of the messages would find faults that are none, if it would.
func (s Scenario) CanVerify() error {
	for i := range s.Groups {
		g := &s.Groups[i]
		if err := g.canVerify(&s); err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
	}
	return nil
}

func (g *Group) canVerify(s *Scenario) error {
	for j := range g.Publish {
		if g.Publish[j].Retain {
			return fmt.Errorf("retained messages come again with each subscription, so %q cannot be verified; leave retain away", g.Publish[j].Topic)
		}
	}
	for j := range g.Subscribe {
		if err := g.misses(&g.Subscribe[j], s); err != nil {
			return err
		}
		for k := range g.Subscribe[:j] {
			a, b := g.filter(k), g.filter(j)
			if overlap(a, b) {
				return fmt.Errorf("servers differ in how often a message comes that %q and %q match; give the filters to groups of their own", a, b)
			}
		}
	}
	return nil
}

// misses says why a subscription of a group whose links are dropped does not get everything.
func (g *Group) misses(sub *Subscribe, s *Scenario) error {
	switch {
	case g.Drop == nil:
		return nil
	case sub.QoS == 0:
		return fmt.Errorf("its links are dropped, and at QoS 0 what comes to %q meanwhile is lost by MQTT's own rules; take qos: 1", sub.Filter)
	case sub.Share != "":
		return nil
	case !g.KeepSession:
		return fmt.Errorf("its links are dropped, and a session that is not kept has no messages of the time between; take keep_session: true")
	case g.SessionExpiry > 0 && g.SessionExpiry <= g.Drop.For:
		return fmt.Errorf("its sessions end after %v and links stay away for %v; take a longer session_expiry", g.SessionExpiry, g.Drop.For)
	}
	for i := range s.Groups {
		for _, p := range s.Groups[i].Publish {
			if p.QoS == 0 && overlap(filterOf(p.Topic), filterOf(sub.Filter)) {
				return fmt.Errorf("its links are dropped, and what is published to %q at QoS 0 meanwhile is lost by MQTT's own rules; take qos: 1", p.Topic)
			}
		}
	}
	return nil
}

// filter returns a subscription's filter as a client sees it, with + for what is made by a template.
func (g *Group) filter(i int) string { return filterOf(g.Subscribe[i].Filter) }

// overlap says whether there is a topic that both filters match.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; ; i++ {
		switch {
		case i < len(as) && as[i] == "#" || i < len(bs) && bs[i] == "#":
			return true // "a/#" matches "a", too
		case i == len(as) || i == len(bs):
			return len(as) == len(bs) || i == len(as) && endsIn(bs[i:]) || i == len(bs) && endsIn(as[i:])
		case as[i] != bs[i] && as[i] != "+" && bs[i] != "+":
			return false
		}
	}
}

// endsIn says whether the rest of a filter matches nothing as well.
func endsIn(rest []string) bool { return len(rest) == 1 && rest[0] == "#" }
