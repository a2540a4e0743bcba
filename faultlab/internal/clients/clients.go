// Package clients gives the programs of faultlab one face for different MQTT
// clients that connect again by themselves and keep their sessions in memory.
package clients

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// Options say what a client does.
type Options struct {
	ID      string
	Address string   // host:port
	Others  []string // of the same session, in an order that is drawn; not every client takes them
	Version byte     // 3: MQTT 3.1.1, or 5
	// MinDelay and MaxDelay bound the wait before a client connects again, where
	// the client lets them be chosen.
	MinDelay, MaxDelay time.Duration
	// Filter is subscribed to, with QoS 2, once there is a connection; empty: nothing is.
	Filter string
	// Message is called with each message, one at a time.
	Message func(qos byte, payload []byte)
	// Report is told of what the client reports and no call returns; may be nil.
	Report func(err error)
	// Dial makes connections; nil: TCP. Not every client takes it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is a running client.
type Client interface {
	// Publish hands a message over. An error says that the client does not take
	// it, and done is not called; otherwise done is called once with how it ended.
	Publish(topic string, qos byte, payload []byte, done func(error)) error
	// Close ends the client.
	Close(ctx context.Context) error
}

// kind is a client that can be started.
type kind struct {
	versions []byte
	parks    bool // it takes QoS 1 and 2 without a connection, until it is closed
	start    func(ctx context.Context, o Options) (Client, error)
}

var kinds = map[string]kind{
	"paho":     {versions: []byte{3}, start: startPaho},
	"autopaho": {versions: []byte{5}, start: startAutopaho},
}

// Names returns the names that Start takes.
func Names() string { return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ") }

// Versions returns the versions of MQTT that a client speaks; none for a name
// that Start does not take.
func Versions(name string) []byte { return kinds[name].versions }

// Parks reports whether a client promises to take messages of QoS 1 and 2 whether there
// is a connection or not.
func Parks(name string) bool { return kinds[name].parks }

// Start starts a client; it connects in the background. ctx is that of the start.
func Start(ctx context.Context, name string, o Options) (Client, error) {
	k, ok := kinds[name]
	if !ok {
		return nil, fmt.Errorf("there is no client %q", name)
	}
	if o.Message == nil {
		o.Message = func(byte, []byte) {}
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	c, err := k.start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}
