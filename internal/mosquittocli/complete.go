package mosquittocli

import (
	"sync"
	"time"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// exchanges are the acknowledgements that are under way. Mosquitto's commands print a QoS 2 message when the
// server has released it, so they end after that; and one of QoS 1 when it is acknowledged.
type exchanges struct {
	mu      sync.Mutex
	open    map[uint16]bool
	changed chan struct{}
}

// complete has a run leave when all that it took is acknowledged, and calls its Leave then. What it returns
// has to see all packets.
func complete(s *subscribe.Options) func(mqtt.TracedPacket) {
	x := &exchanges{open: map[uint16]bool{}, changed: make(chan struct{}, 1)}
	text, leave := s.Append, s.Leave
	s.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
		if m.QoS > mqtt.AtMostOnce {
			x.mu.Lock()
			x.open[m.PacketID] = true
			x.mu.Unlock()
		}
		return text(dst, m)
	}
	s.Leave = func(client *mqtt.Client) {
		x.wait(client)
		if leave != nil {
			leave(client)
		}
	}
	return x.packet
}

func (x *exchanges) packet(p mqtt.TracedPacket) {
	kind, body := split(p.Bytes)
	if !p.Sent || kind != packetPubAck && kind != packetPubComp {
		return
	}
	x.mu.Lock()
	delete(x.open, body.two())
	x.mu.Unlock()
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

// wait waits until nothing is under way, but not for long.
func (x *exchanges) wait(client *mqtt.Client) {
	timer := time.NewTimer(goodbye)
	defer timer.Stop()
	for {
		x.mu.Lock()
		over := len(x.open) == 0
		x.mu.Unlock()
		if over {
			return
		}
		select {
		case <-x.changed:
		case <-client.Done():
			return
		case <-timer.C:
			return
		}
	}
}
