package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// filterList holds subscriptions in the order in which they were made.
type filterList struct {
	names []string
	byKey map[string]subscription
}

func (l *filterList) put(s subscription) {
	if l.byKey == nil {
		l.byKey = map[string]subscription{}
	}
	if _, has := l.byKey[s.filter]; !has {
		l.names = append(l.names, s.filter)
	}
	l.byKey[s.filter] = s
}

func (l *filterList) remove(filter string) {
	if _, has := l.byKey[filter]; !has {
		return
	}
	delete(l.byKey, filter)
	for i, n := range l.names {
		if n == filter {
			l.names = append(l.names[:i:i], l.names[i+1:]...)
			return
		}
	}
}

// completed is a subscription as it is renewed: with all options.
func (c *client) completed(s subscription) subscription {
	if c.version != packet.V5 {
		return s
	}
	rt := c.vm.Runtime()
	for _, o := range []struct {
		v    *goja.Value
		none any
	}{{&s.nl, false}, {&s.rap, false}, {&s.rh, 0}} {
		if *o.v == nil || !(*o.v).ToBoolean() {
			*o.v = rt.ToValue(o.none)
		}
	}
	return s
}

// list are the subscriptions, in order.
func (l *filterList) list() []subscription {
	all := make([]subscription, len(l.names))
	for i, name := range l.names {
		all[i] = l.byKey[name]
	}
	return all
}
