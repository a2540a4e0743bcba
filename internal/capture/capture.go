// Package capture finds the messages of MQTT in a capture of a network: what clients published, or what servers sent to them.
package capture

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/pcap"
	"dunlin/mqtt"
)

// DefaultPort is where servers are whose connections began before the capture.
const DefaultPort = 1883

const (
	// mostPacket is the largest packet of MQTT.
	mostPacket = 268435455 + 5
	// mostUnderWay is how much memory packets share that are not whole yet, and what was sent before it is known whether it is MQTT.
	mostUnderWay = 384 << 20
	// freeBytes of a packet need none of that.
	freeBytes = 512
	// mostRemembered is how many messages are remembered at once that are not acknowledged, mostSessions of how many clients, and
	// mostAliases how many bytes the topics have that aliases stand for.
	mostRemembered = 1 << 20
	mostSessions   = 1 << 16
	mostAliases    = 64 << 20
)

// Options say which messages are wanted.
type Options struct {
	// Delivered chooses what servers sent to clients, instead of what clients published.
	Delivered bool
	// Client is the identifier of the only client that is looked at. "": all.
	Client string
	// Port is the servers' port: connections to others are not looked at. 0: any where a CONNECT tells that it is MQTT, and
	// DefaultPort where the beginning of the connection is not in the capture.
	Port uint16
	// Version is that of connections whose CONNECT is not in the capture, of which nothing is read where it is 0.
	Version mqtt.Version
	// Resync reads on behind what is missing, from the first segment that begins with packets that have no fault. Else the rest of
	// that direction is not read, unless what is missing is inside of one packet.
	Resync bool
	// Each gets each message, and the time at which it was whole. Its error ends all.
	Each func(m *mqtt.Received, at time.Time) error
}

// Import reads a capture, and tells what there was in it. The error is one of the capture, which may have had messages before, or that
// of Each, or why ctx ended.
func Import(ctx context.Context, r io.Reader, o Options) (*Summary, error) {
	in := &importer{o: o, seed: maphash.MakeSeed(), sessions: map[uint64]*session{}}
	in.room.Give(mostUnderWay)
	in.sum.options = o
	file, err := pcap.NewReader(r)
	if err != nil {
		return &in.sum, err
	}
	connections := pcap.NewConnections(in.open)
	for in.err == nil {
		var f *pcap.Frame
		if err = context.Cause(ctx); err != nil {
			break
		}
		if f, err = file.Next(); err != nil {
			break
		}
		connections.Add(f)
	}
	if in.err == nil {
		connections.Close()
	}
	in.sum.Counts = connections.Counts
	switch {
	case in.err != nil:
		return &in.sum, in.err
	case errors.Is(err, io.EOF):
		return &in.sum, nil
	}
	return &in.sum, err
}

// importer holds what all connections share.
type importer struct {
	o          Options
	sum        Summary
	room       packets.Room
	seed       maphash.Seed
	sessions   map[uint64]*session // by server and client identifier
	remembered int
	aliases    int   // bytes of topics
	err        error // of Each
}

// open is asked who gets what is sent on a connection.
func (in *importer) open(c *pcap.Conn) pcap.Handler {
	if p := in.o.Port; p != 0 && c.Sides[0].Port() != p && c.Sides[1].Port() != p {
		return nothing{}
	}
	return &conversation{in: in, conn: c}
}

// nothing is not interested.
type nothing struct{}

func (nothing) Data(int, []byte, time.Time) {}
func (nothing) Missing(int, int64, bool)    {}
func (nothing) Close()                      {}
