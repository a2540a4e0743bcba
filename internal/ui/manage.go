package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// versions are the words of protocol.Connect.Version.
var versions = map[string]mqtt.Version{"": mqtt.VersionAuto, "5": mqtt.V5, "3.1.1": mqtt.V311, "3.1": mqtt.V31}

// connect begins another connection.
func (v *viewer) connect(ask *protocol.Connect) (any, error) {
	if ask.Replay != "" {
		f, err := v.hub.openFile(ask.Replay)
		if err != nil {
			return nil, err
		}
		made, err := v.hub.add(func() *connection { return v.hub.openRecording(ask.Replay, f) })
		if err != nil {
			_ = f.Close() // it was only read
		}
		return made, err
	}
	b, err := v.hub.brokerOf(ask)
	if err != nil {
		return nil, err
	}
	return v.hub.add(func() *connection { return v.hub.openBroker(b) })
}

// add makes another connection, if there may be one.
func (h *hub) add(open func() *connection) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, errStopped
	case len(h.connections) >= maxConnections:
		return nil, fmt.Errorf("there are %d connections already; end one of them", maxConnections)
	}
	c := open()
	h.changed()
	shown := c.shown(time.Now())
	return &shown, nil
}

// brokerOf returns the connection that the page asks for: with the command's own options, but for what is given.
func (h *hub) brokerOf(ask *protocol.Connect) (Broker, error) {
	url, topic, err := connect.SplitTopic(ask.URL)
	if err != nil {
		return Broker{}, fmt.Errorf("the address cannot be used: %w", err)
	}
	version, known := versions[ask.Version]
	if !known {
		return Broker{}, fmt.Errorf("MQTT %q is not known; 5, 3.1.1 and 3.1 are, and nothing for the best that the broker speaks", ask.Version)
	}
	a, err := dial.ParseAddress(url)
	if err != nil {
		return Broker{}, fmt.Errorf("the address cannot be used: %w", err)
	}
	o := h.optionsFor(url, a.User != nil || ask.Username != "" || ask.Password != "")
	o.ClientID, o.IDPrefix, o.KeepSession, o.Will = ask.ClientID, "", false, nil
	o.Properties.Connect.SessionExpiry = 0
	if ask.Version != "" {
		o.Version = version
	}
	if ask.Username != "" || ask.Password != "" {
		o.Username, o.Password = ask.Username, nil
	}
	if ask.Password != "" {
		o.Password = mqtt.Secret(ask.Password)
	}
	if o.Version == mqtt.V31 && o.ClientID == "" {
		o.ClientID = fmt.Sprintf("dunlin-%x", rand64()) // before MQTT 3.1.1 no broker chooses one
	}
	if err := o.Check(); err != nil {
		return Broker{}, err
	}
	filters := ask.Filters
	if len(filters) == 0 && topic != "" {
		filters = []protocol.Filter{{Filter: topic}}
	}
	subscriptions, err := subscriptionsOf(filters, o.Address(), o.Version)
	return Broker{Connect: o, Reconnect: h.o.Base.Reconnect, Subscriptions: subscriptions, Trace: h.o.Base.Trace}, err
}

// optionsFor returns the options for a broker by its URL: those of the command. What lets us in, at one of the command's brokers, is
// for that one alone, and not where another user is named.
func (h *hub) optionsFor(url string, otherUser bool) connect.Options {
	asked := connect.Options{URL: url}
	for _, b := range slices.Concat(h.o.Brokers, []Broker{h.o.Base}) {
		o := b.Connect
		if asked.Check() != nil || o.Address() != asked.Address() {
			continue
		}
		o.Servers = nil
		if otherUser {
			o.URL, o.Host, o.Port, o.Unix, o.SRV, o.WebSocket = url, "", 0, "", false, false
			o.Username, o.Password = "", nil
		}
		return o
	}
	o := h.o.Base.Connect
	o.URL, o.Host, o.Port, o.Unix, o.SRV, o.WebSocket, o.Servers = url, "", 0, "", false, false, nil
	o.Username, o.Password, o.WebSocketHeader = "", nil, nil
	o.TLS.CertFile, o.TLS.KeyFile = "", "" // whose they are is told to whoever asks
	o.Properties.Connect = connect.ConnectProperties{}
	if a, err := dial.ParseAddress(url); err == nil && !a.TLS {
		o.TLS = connect.TLS{}
	}
	return o
}

// AllTopics are the filters for everything that a broker has.
func AllTopics() []string { return []string{"#", "$SYS/#"} }

// ErrFilters asks for filters, where everything may be too much.
var ErrFilters = errors.New("name the topic filters that are to be seen, such as home/#: of a broker that others use, # may be " +
	"a great deal, and some brokers throw out who asks for it")

// subscriptionsOf returns what is subscribed to: everything at a broker of this machine, where nothing is named.
func subscriptionsOf(filters []protocol.Filter, address string, version mqtt.Version) ([]mqtt.Subscription, error) {
	if len(filters) == 0 {
		if !connect.Loopback(address) {
			return nil, ErrFilters
		}
		for _, filter := range AllTopics() {
			filters = append(filters, protocol.Filter{Filter: filter})
		}
	}
	var list []mqtt.Subscription
	for _, f := range filters {
		s, err := subscriptionOf(f, version)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// subscriptionOf returns a subscription as mqtt has it.
func subscriptionOf(f protocol.Filter, version mqtt.Version) (mqtt.Subscription, error) {
	if f.QoS < 0 || f.QoS > 2 {
		return mqtt.Subscription{}, fmt.Errorf("the quality of service is 0, 1 or 2, not %d", f.QoS)
	}
	s := mqtt.Subscription{Filter: f.Filter, QoS: mqtt.QoS(f.QoS)}
	return s, s.Validate(version)
}

// subscribe adds a filter to what a connection receives.
func (v *viewer) subscribe(ask *protocol.Subscribe) (any, error) {
	c, client, err := v.hub.client(ask.Connection)
	if err != nil {
		return nil, err
	}
	s, err := subscriptionOf(ask.Filter, client.ConnAck().Version)
	if err != nil {
		return nil, err
	}
	f := c.subscribe(client, s)
	return &f, nil
}

// unsubscribe takes a filter away.
func (v *viewer) unsubscribe(ask *protocol.Subscribe) (any, error) {
	c, client, err := v.hub.client(ask.Connection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(v.ctx, patience, errUnanswered)
	defer cancel()
	if err := client.Unsubscribe(ctx, ask.Filter.Filter); err != nil {
		return nil, err
	}
	c.dropFilter(ask.Filter.Filter)
	return &ask.Filter, nil
}

// disconnect ends a connection, whose messages stay to be looked at, or removes one that has ended.
func (v *viewer) disconnect(ask *protocol.Only) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.over:
		v.hub.remove(c)
		return nil, nil
	default:
	}
	c.cancel(errDisconnected)
	select {
	case <-c.over:
	case <-v.ctx.Done():
	}
	return nil, nil
}

// faults says what a proxy does to the packets from now on.
func (v *viewer) faults(ask *protocol.Faults) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	if c.proxy == nil {
		return nil, fmt.Errorf("%s is no proxy; start one with dunlin ui --listen :1884 --to HOST:1883", c.name)
	}
	if err := c.proxy.SetFaults(*ask); err != nil {
		return nil, err
	}
	v.hub.changed()
	return nil, nil
}
