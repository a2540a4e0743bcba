package sparkplug_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
	"dunlin/mqtt/sparkplug"
)

// script is a server of MQTT 3.1.1 in memory and in fake time. It says at once when the client sends something else than it is to,
// or nothing.
type script struct {
	*mqtttest.Conn
	t *testing.T
}

// scripts returns a way to dial that fails so many times and then leads to one server after another, never to two at a time, and
// notes where it was to lead.
func scripts(t *testing.T, failures, n int) (cfg mqtt.Config, servers []script, asked *[]string) {
	var dials []func(ctx context.Context, network, address string) (net.Conn, error)
	for range n {
		dial, server := mqtttest.Pipe(t)
		server.SetPatience(time.Hour)
		dials, servers = append(dials, dial), append(servers, script{server, t})
	}
	asked = new([]string)
	only := new(atomic.Bool) // there is a connection
	cfg = mqtt.Config{Version: mqtt.V311, KeepAlive: -1, Reconnect: &mqtt.Reconnect{Background: true}}
	cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if failures > 0 {
			failures--
			return nil, errors.New("there is no way to the server for now")
		}
		*asked = append(*asked, address)
		if len(*asked) > n {
			return nil, errors.New("there are no more servers")
		}
		conn, err := dials[len(*asked)-1](ctx, network, address)
		if !only.CompareAndSwap(false, true) {
			t.Errorf("it is at %s while it is at another server", address)
		}
		return &onlyConn{Conn: conn, only: only}, err
	}
	return cfg, servers, asked
}

// onlyConn is the one connection that there may be at a time.
type onlyConn struct {
	net.Conn
	only *atomic.Bool
}

func (c *onlyConn) Close() error {
	c.only.Store(false)
	return c.Conn.Close()
}

// next compares the beginnings of the next packets of the client, and acknowledges them.
func (s script) next(want ...string) {
	s.t.Helper()
	for _, w := range want {
		p := s.Packet()
		h, n, err := packet.ParseHeader(p, packet.V311)
		must(s.t, err)
		body := p[n:]
		if got := packetInWords(h, body, packet.V311, nil); !strings.HasPrefix(got, w) {
			s.t.Fatalf("the client sent\n%s\nand not\n%s", got, w)
		}
		switch h.Type {
		case packet.CONNECT:
			s.Send("20 02 0000")
		case packet.SUBSCRIBE:
			sub, err := packet.ParseSubscribe(h, body, packet.V311)
			must(s.t, err)
			s.SendBytes(packet.AppendSubAck(nil, packet.V311, &packet.SubAck{PacketID: sub.PacketID, Codes: make([]byte, len(sub.Filters))}))
		case packet.PUBLISH:
			m, err := packet.ParsePublish(h, body, packet.V311)
			must(s.t, err)
			if m.QoS == 1 {
				s.SendBytes(packet.AppendAck(nil, packet.V311, &packet.Ack{Type: packet.PUBACK, PacketID: m.PacketID}))
			}
		}
	}
}

// send publishes to the client, and waits until it has taken the message.
func (s script) send(topic string, payload []byte) {
	s.t.Helper()
	s.SendBytes(packet.AppendPublish(nil, packet.V311, &packet.Publish{Topic: "spBv1.0/" + topic, Payload: payload}))
	synctest.Wait()
}

func (s script) state(online bool, timestamp int) {
	s.t.Helper()
	s.send("STATE/scada", fmt.Appendf(nil, `{"online":%t,"timestamp":%d}`, online, timestamp))
}

// sendSparkplug publishes metrics to the client; a negative seq is none.
func (s script) sendSparkplug(topic string, seq int, metrics ...sparkplug.Metric) {
	s.t.Helper()
	b, err := (&sparkplug.Payload{Timestamp: noon, Metrics: metrics, Seq: uint8(seq), HasSeq: seq >= 0}).Marshal()
	must(s.t, err)
	s.send(topic, b)
}

// [tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk]
// [tck-id-operational-behavior-primary-application-state-with-multiple-servers-single-server]
// [tck-id-message-flow-edge-node-birth-publish-phid-wait] [tck-id-message-flow-edge-node-birth-publish-phid-offline]
// [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp]
func TestPacketsOfANodeThatSeeksItsPrimaryHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, servers, asked := scripts(t, 0, 4)
		cfg.Reconnect.Servers = []string{"mqtt://b.example", "mqtt://c.example"}
		config := press(cfg)
		config.PrimaryHost, config.HostTimeout = "scada", 10*time.Second
		node := startNode(t, "mqtt://a.example", config)
		begin := time.Now()
		servers[0].next("CONNECT", "SUBSCRIBE spBv1.0/plant/NCMD/press 1 spBv1.0/plant/DCMD/press/+ 1 spBv1.0/STATE/scada 1", "DISCONNECT")
		if waited := time.Since(begin); waited != 10*time.Second {
			t.Errorf("it waited %v for its host at the first server", waited)
		}
		servers[1].next("CONNECT", "SUBSCRIBE")
		servers[1].state(false, 5) // so it need not wait
		servers[1].next("DISCONNECT")
		servers[2].next("CONNECT", "SUBSCRIBE")
		servers[2].state(true, 5)
		servers[2].next("PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 2]", "PUBLISH spBv1.0/plant/DBIRTH/press/valve")
		servers[2].state(false, 4) // the will of an earlier connection, late
		must(t, node.Update(t.Context(), sparkplug.NewMetric("load", 2.0)))
		servers[2].next("PUBLISH spBv1.0/plant/NDATA/press QoS 0 retain false seq 2 [load 2]")
		servers[2].state(false, 5)
		servers[2].next("PUBLISH spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 2]", "DISCONNECT")
		servers[3].next("CONNECT clean true expiry false will spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 3]", "SUBSCRIBE")
		if want := []string{"a.example:1883", "b.example:1883", "c.example:1883", "a.example:1883"}; !slices.Equal(*asked, want) {
			t.Errorf("it was at %v, want %v", *asked, want)
		}
		closed := make(chan error, 1)
		go func() { closed <- node.Close(t.Context()) }()
		servers[3].next("DISCONNECT") // it was not born, and does not die
		servers[3].Close()
		must(t, <-closed)
	})
}

// What could not be sent takes no number; what is not so far is not said.
func TestPacketsOfANodeOverTwoConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, servers, _ := scripts(t, 2, 2)
		node := startNode(t, "mqtt://a.example", press(cfg))
		first, second := servers[0], servers[1]
		first.next("CONNECT clean true expiry false will spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 0]", "SUBSCRIBE",
			"PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 0]", "PUBLISH spBv1.0/plant/DBIRTH/press/valve QoS 0 retain false seq 1")
		if err := node.Update(ended(), sparkplug.NewMetric("load", 5.0)); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("a context that has ended: %v", err)
		}
		must(t, node.Update(t.Context(), sparkplug.NewMetric("load", 6.0)))
		first.next("PUBLISH spBv1.0/plant/NDATA/press QoS 0 retain false seq 2 [load 6]")
		must(t, node.Device("valve").Leave(t.Context()))
		first.next("PUBLISH spBv1.0/plant/DDEATH/press/valve QoS 0 retain false seq 3")
		first.Close()
		second.next("CONNECT clean true expiry false will spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 1]", "SUBSCRIBE",
			"PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 1]")
		second.sendSparkplug("plant/NCMD/press", -1, sparkplug.NewMetric("Node Control/Rebirth", false))
		must(t, node.Update(t.Context(), sparkplug.NewMetric("load", 7.0)))
		second.next("PUBLISH spBv1.0/plant/NDATA/press QoS 0 retain false seq 1 [load 7]") // the device is away, and no birth was wanted
		second.sendSparkplug("plant/NCMD/press", -1, sparkplug.NewMetric("Node Control/Rebirth", true))
		second.next("PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 1]")
		closed := make(chan error, 1)
		go func() { closed <- node.Close(t.Context()) }()
		second.next("PUBLISH spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 1]", "DISCONNECT")
		second.Close()
		must(t, <-closed)
	})
}

// [tck-id-message-flow-hid-sparkplug-state-message-delivered] [tck-id-operational-behavior-host-reordering-rebirth]
// [tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean]
func TestPacketsOfAHostOverTwoConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, servers, _ := scripts(t, 0, 2)
		host, events := startHost(t, "mqtt://a.example", sparkplug.HostConfig{
			ID: "scada", Groups: []string{"plant"}, MQTT: cfg, ReorderTimeout: 3 * time.Second,
		})
		first, second := servers[0], servers[1]
		const online, offline = `PUBLISH spBv1.0/STATE/scada QoS 1 retain true {"online":true,"timestamp":%d}`, `PUBLISH spBv1.0/STATE/scada QoS 1 retain true {"online":false,"timestamp":%d}`
		const ask = "PUBLISH spBv1.0/plant/NCMD/press QoS 0 retain false [Node Control/Rebirth Boolean true]"
		connected := time.Now().UnixMilli()
		first.next("CONNECT", "SUBSCRIBE", fmt.Sprintf(online, connected))
		first.state(false, 1)
		first.next(fmt.Sprintf(online, connected))
		first.sendSparkplug("plant/NBIRTH/press", 0, sparkplug.NewMetric("bdSeq", int64(0)), sparkplug.NewMetric("load", 1.0))
		begin := time.Now()
		first.sendSparkplug("plant/NDATA/press", 2, sparkplug.NewMetric("load", 2.0))
		first.next(ask)
		if waited := time.Since(begin); waited != 3*time.Second {
			t.Errorf("it waited %v for the message that is missing", waited)
		}
		first.Close()
		second.next(`CONNECT clean true expiry false will spBv1.0/STATE/scada QoS 1 retain true {"online":false,"timestamp":`)
		second.next("SUBSCRIBE", fmt.Sprintf(online, time.Now().UnixMilli()), ask)
		if lines := strings.Join(events.rest(), "\n"); !strings.Contains(lines, "NodeDied plant/press because the host has lost its connection") {
			t.Errorf("the loss is not told: %s", lines)
		}
		<-time.After(time.Minute)
		closed := make(chan error, 1)
		go func() { closed <- host.Close(t.Context()) }()
		second.next(fmt.Sprintf(offline, time.Now().UnixMilli()), "DISCONNECT")
		second.Close()
		must(t, <-closed)
	})
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
