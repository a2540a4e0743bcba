package broker

import (
	"log/slog"
	"net"

	mochi "github.com/mochi-mqtt/server/v2"
)

// Client returns the wrapped broker's object of the connection that has a session.
func (b *Broker) Client(id string) *mochi.Client {
	cl, _ := b.server.Clients.Get(id)
	return cl
}

// AddHook has the wrapped broker call h, too.
func (b *Broker) AddHook(h mochi.Hook) error { return b.server.AddHook(h, nil) }

// FaultyConn wraps conn as a broker with that fault does. settled waits for what is late,
// and returns what has been done; it may be called again.
func FaultyConn(conn net.Conn, fault Fault, closing <-chan struct{}) (faulty net.Conn, settled func() FaultCounts) {
	f, err := newFaults(fault, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	faulty, settle := f.wrap(conn, func() { _ = conn.Close() }, closing)
	return faulty, func() FaultCounts {
		settle()
		return f.counts()
	}
}
