package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// cloud is a server with the rules of a cloud, as its documentation has them. It ends the
// connection at what breaks one, as they do before MQTT 5, and notes it.
type cloud struct {
	t *testing.T

	versions     []packet.Version
	says         packet.Properties // in the CONNACK of MQTT 5
	login        func(*packet.Connect) bool
	keepAlive    [2]time.Duration // the least and the most that is in force; a longer silence than 1.5 times that ends the connection
	filters      int              // most in a SUBSCRIBE
	takesFilter  func(string) bool
	takesTopic   func(string) bool
	inFlight     int // publishes without an answer
	payload      int // most bytes
	ignoresQoS2  bool
	closesAtQoS2 bool
	closesRetain bool
	closesReject bool // at a PUBACK with a failure
	answersAfter time.Duration

	mu      sync.Mutex
	broken  []string // rules that the client broke
	asked   []packet.Connect
	kept    []string // subscriptions of the session
	taken   int      // publishes that were answered
	open    int      // of the connection: without an answer
	most    int      // that there were
	current *mqtttest.Conn
	wg      sync.WaitGroup
}

// dial is a Transport.Dial, in fake time.
func (c *cloud) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	c.wg.Go(func() { c.serve(theirs) })
	return ours, nil
}

// breaks notes that the client broke a rule, and ends its connection.
func (c *cloud) breaks(conn net.Conn, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
	_ = conn.Close()
}

// state returns what came about so far.
func (c *cloud) state() (broken []string, connects []packet.Connect, taken, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.broken), slices.Clone(c.asked), c.taken, c.most
}

func (c *cloud) serve(conn net.Conn) {
	defer conn.Close()
	peer := mqtttest.NewConn(c.t, conn)
	peer.SetPatience(time.Hour)
	version, ok := c.greet(conn, peer)
	if !ok {
		return
	}
	for {
		p, err := peer.TryPacket()
		if err != nil {
			return
		}
		h, n, err := packet.ParseHeader(p, version)
		if err != nil {
			c.breaks(conn, "%v", err)
			return
		}
		switch body := p[n:]; h.Type {
		case packet.SUBSCRIBE:
			c.subscribed(conn, peer, version, h, body)
		case packet.PUBLISH:
			c.published(conn, peer, version, h, body)
		case packet.PUBACK:
			if ack, err := packet.ParseAck(h, body, version); err == nil && ack.Code >= 0x80 && c.closesReject {
				c.breaks(conn, "PUBACK %v", ack.Code)
			}
		case packet.PINGREQ:
			_, _ = peer.Write([]byte{0xD0, 0})
		case packet.DISCONNECT:
			return
		}
	}
}

// greet answers CONNECT.
func (c *cloud) greet(conn net.Conn, peer *mqtttest.Conn) (packet.Version, bool) {
	p, err := peer.TryPacket()
	if err != nil {
		return 0, false
	}
	h, n, _ := packet.ParseHeader(p, packet.V5)
	connect, err := packet.ParseConnect(h, p[n:])
	if err != nil {
		c.breaks(conn, "%v", err)
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, connect)
	if !slices.Contains(c.versions, connect.Version) {
		return 0, false // without a word
	}
	answer := packet.ConnAck{SessionPresent: !connect.CleanStart && len(c.kept) > 0}
	if connect.CleanStart {
		c.kept = nil
	}
	if c.login != nil && !c.login(&connect) {
		answer.Code = 5
		if connect.Version == packet.V5 {
			answer.Code = 0x87
		}
	}
	silence := min(max(time.Duration(connect.KeepAlive)*time.Second, c.keepAlive[0]), c.keepAlive[1])
	peer.SetPatience(silence * 3 / 2)
	if connect.Version == packet.V5 {
		answer.Properties = slices.Clone(c.says)
	}
	c.open, c.current = 0, peer
	_, _ = peer.Write(packet.AppendConnAck(nil, connect.Version, &answer))
	return connect.Version, answer.Code == 0
}

func (c *cloud) subscribed(conn net.Conn, peer *mqtttest.Conn, v packet.Version, h packet.Header, body []byte) {
	s, err := packet.ParseSubscribe(h, body, v)
	if err != nil || len(s.Filters) > c.filters {
		c.breaks(conn, "SUBSCRIBE of %d filters (%v)", len(s.Filters), err)
		return
	}
	answer := packet.SubAck{PacketID: s.PacketID}
	for _, f := range s.Filters {
		if c.takesFilter != nil && !c.takesFilter(f.Topic) {
			c.breaks(conn, "filter %s", f.Topic)
			return
		}
		if f.Options&3 == 2 && c.ignoresQoS2 {
			return
		}
		answer.Codes = append(answer.Codes, min(f.Options&3, 1))
		c.mu.Lock()
		c.kept = append(c.kept, f.Topic)
		c.mu.Unlock()
	}
	_, _ = peer.Write(packet.AppendSubAck(nil, v, &answer))
}

func (c *cloud) published(conn net.Conn, peer *mqtttest.Conn, v packet.Version, h packet.Header, body []byte) {
	p, err := packet.ParsePublish(h, body, v)
	switch {
	case err != nil:
		c.breaks(conn, "%v", err)
		return
	case len(p.Payload) > c.payload:
		c.breaks(conn, "payload of %d bytes", len(p.Payload))
		return
	case p.QoS == 2 && c.closesAtQoS2:
		c.breaks(conn, "QoS 2")
		return
	case p.Retain && c.closesRetain:
		c.breaks(conn, "retain")
		return
	case c.takesTopic != nil && len(p.Topic) > 0 && !c.takesTopic(p.Topic):
		c.breaks(conn, "topic %s", p.Topic)
		return
	case p.QoS == 2 && c.ignoresQoS2, p.QoS == 0:
		return
	}
	c.mu.Lock()
	c.open++
	c.most = max(c.most, c.open)
	above := c.open > c.inFlight
	c.mu.Unlock()
	if above {
		c.breaks(conn, "%d in flight", c.inFlight+1)
		return
	}
	id := p.PacketID
	c.wg.Go(func() {
		<-time.After(c.answersAfter)
		c.mu.Lock()
		c.open--
		c.taken++
		c.mu.Unlock()
		_, _ = peer.Write(packet.AppendAck(nil, v, &packet.Ack{Type: packet.PUBACK, PacketID: id}))
	})
}

// dialCloud connects by cfg, which gets the way to c.
func dialCloud(t *testing.T, c *cloud, cfg mqtt.Config) *mqtt.Client {
	t.Helper()
	c.t = t
	cfg.Transport.Dial = c.dial
	client, err := mqtt.Dial(t.Context(), "mqtt://cloud", cfg)
	must(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = client.Close(ctx) // what it left unfinished is not what the test is about
		c.wg.Wait()
	})
	return client
}
