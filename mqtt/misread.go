package mqtt

import (
	"log/slog"
	"strings"

	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/wire"
)

// Some servers map topics to names of their own, and take for wildcards and separators what is
// none in MQTT: RabbitMQ 3.10.8 takes a dot for a slash and '*' for '+', and lets wildcards match
// topics that begin with '$'; NATS 2.15.3 takes '*' for '+' and '>' for '#'. What they send for
// such a filter matches nothing here.

// misread finds the subscriptions that such a server may have meant.
type misread struct {
	filters route.Table[*subscription] // as such a server reads them
}

// tellMisread tells the Error handler, once a subscription, that the server seems to read its
// filter otherwise, and reports whether p came for such a one.
func (s *subscriptions) tellMisread(p *wire.Publish) bool {
	sub := s.meant(p)
	if sub == nil || sub.handler == nil && s.client.opened.OnMessage != nil { // then it goes where it belongs
		return false
	}
	if !sub.misread {
		sub.misread = true
		err := &MisreadError{Filter: sub.asked.Filter, Topic: strings.Clone(p.Topic)}
		s.client.logLocked(slog.LevelWarn, "mqtt: the server reads a filter otherwise", "error", err)
		s.client.recv.pushError(err)
	}
	return true
}

// meant returns the subscription that the server may have sent p for, nil when there is none.
func (s *subscriptions) meant(p *wire.Publish) *subscription {
	if len(p.Properties) > 0 {
		for id := range p.Properties.SubscriptionIDs() {
			if all := s.byID[id]; len(all) > 0 { // it says so
				return all[0]
			}
		}
	}
	if s.table.Len() == 0 {
		return nil
	}
	if s.misread == nil {
		s.misread = new(misread)
		for _, sub := range s.table.All() {
			s.misread.add(sub)
		}
	}
	topic := p.Topic
	if topic != "" && topic[0] == '$' {
		topic = "_" + topic[1:]
	}
	var found [4]*subscription
	for _, sub := range s.misread.filters.Match(topic, found[:0]) {
		if !sub.gone {
			return sub
		}
	}
	return nil
}

// add notes sub, if such a server reads its filter otherwise.
func (m *misread) add(sub *subscription) {
	if read := readOtherwise(sub.filter); read != sub.filter || read[0] == '+' || read[0] == '#' {
		m.filters.Add(read, sub)
	}
}

// readOtherwise returns what filter means to such a server.
func readOtherwise(filter string) string {
	levels := strings.Split(strings.ReplaceAll(filter, ".", "/"), "/")
	for i, level := range levels {
		switch {
		case level == "*":
			levels[i] = "+"
		case level == ">" && i == len(levels)-1:
			levels[i] = "#"
		}
	}
	return strings.Join(levels, "/")
}
