package broker

import mochi "github.com/mochi-mqtt/server/v2"

// Client returns the wrapped broker's object of the connection that has a session.
func (b *Broker) Client(id string) *mochi.Client {
	cl, _ := b.server.Clients.Get(id)
	return cl
}

// AddHook has the wrapped broker call h, too.
func (b *Broker) AddHook(h mochi.Hook) error { return b.server.AddHook(h, nil) }
