package broker

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// faults does what Config.Fault says to the connections of a broker. What comes from a
// client goes wrong where the wrapped broker has parsed it, so that topic aliases are
// known all the same; what goes to it where it has been made, see faultyConn.
type faults struct {
	mochi.HookBase
	Fault
	server *mochi.Server // set before there are connections
	logger *slog.Logger

	connections                       atomic.Uint64
	dropped, delayed, kicked, refused atomic.Int64
}

// newFaults returns what does f, or nil where f is no fault.
func newFaults(f Fault, logger *slog.Logger) (*faults, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if !f.active() {
		return nil, nil
	}
	for f.Seed == 0 {
		f.Seed = rand.Uint64N(1_000_000_000) // which a person can type
	}
	return &faults{Fault: f, logger: logger}, nil
}

// ID names the hook.
func (f *faults) ID() string { return "dunlin-faults" }

// Provides lists the hook's methods.
func (f *faults) Provides(b byte) bool { return b == mochi.OnConnect || b == mochi.OnPublish }

// OnConnect refuses a share of those who connect.
func (f *faults) OnConnect(cl *mochi.Client, _ packets.Packet) error {
	conn := faultyConnOf(cl)
	if conn == nil || !happens(conn.coming, f.Refuse) {
		return nil
	}
	f.refused.Add(1)
	// An error means that the client is gone, which is what comes next anyway.
	_ = f.server.SendConnack(cl, packets.ErrServerUnavailable, false, nil)
	return packets.ErrServerUnavailable
}

// OnPublish drops a share of what clients publish, unanswered.
func (f *faults) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	conn := faultyConnOf(cl)
	if conn == nil || !happens(conn.coming, f.Drop) {
		return pk, nil
	}
	f.dropped.Add(1)
	f.logger.Debug("fault: PUBLISH dropped", "from", cl.ID, "topic", pk.TopicName, "qos", pk.FixedHeader.Qos)
	return pk, packets.ErrRejectPacket
}

// counts returns what has been done; f may be nil.
func (f *faults) counts() FaultCounts {
	if f == nil {
		return FaultCounts{}
	}
	return FaultCounts{Dropped: f.dropped.Load(), Delayed: f.delayed.Load(), Kicked: f.kicked.Load(), Refused: f.refused.Load()}
}

// tell says what has been done, at the end.
func (f *faults) tell() {
	if f == nil {
		return
	}
	c := f.counts()
	f.logger.Info("faults made on purpose", "fault", f.String(),
		"dropped", c.Dropped, "delayed", c.Delayed, "kicked", c.Kicked, "refused", c.Refused)
}

// faultyConnOf returns the connection of cl, or nil when it has none of ours.
func faultyConnOf(cl *mochi.Client) *faultyConn {
	outer, ok := cl.Net.Conn.(*visited)
	if !ok {
		return nil
	}
	conn, _ := outer.Conn.(*faultyConn)
	return conn
}

// happens tells whether something of that probability happens this time.
func happens(chance *rand.Rand, share float64) bool { return share > 0 && chance.Float64() < share }

// wrap returns conn with its faults, and a function that waits until what is delayed has
// been written. cut ends the connection at once. Nobody but the broker closes before that.
func (f *faults) wrap(conn net.Conn, cut func(), closing <-chan struct{}) (faulty net.Conn, settled func()) {
	if f == nil {
		return conn, func() {}
	}
	number := f.connections.Add(1)
	c := &faultyConn{
		Conn: conn, faults: f, hurry: closing,
		coming: rand.New(rand.NewPCG(f.Seed, 2*number)),
		going:  rand.New(rand.NewPCG(f.Seed, 2*number+1)),
		wake:   make(chan struct{}, 1), written: make(chan struct{}),
	}
	c.room = sync.NewCond(&c.mu)
	if f.Delay > 0 || f.DelayMax > 0 {
		go c.writeLate()
	} else {
		close(c.written)
	}
	var kick *time.Timer
	if f.Kick > 0 {
		after := f.Kick/2 + time.Duration(c.coming.Int64N(int64(f.Kick)+1))
		kick = time.AfterFunc(after, func() {
			f.kicked.Add(1)
			f.logger.Debug("fault: connection cut", "remote", conn.RemoteAddr().String(), "after", after)
			c.fail(net.ErrClosed)
			cut()
		})
	}
	return c, func() {
		if kick != nil {
			kick.Stop()
		}
		_ = c.Close() // the second time it does nothing
		<-c.written
	}
}
