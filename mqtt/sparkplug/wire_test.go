package sparkplug_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
	"dunlin/mqtt/sparkplug"
)

// sent has an mqtt.Config write down the packets that the client sends, in words.
func (j *journal) sent(cfg mqtt.Config) mqtt.Config {
	topics := make(map[uint32]string) // by their aliases
	cfg.OnPacket = func(p mqtt.TracedPacket) {
		if !p.Sent {
			return
		}
		version := packet.V311
		if p.Version == mqtt.V5 {
			version = packet.V5
		}
		h, n, err := packet.ParseHeader(p.Bytes, version)
		if err != nil {
			j.t.Error(err)
			return
		}
		if h.Type != packet.PUBACK {
			j.add("%s", packetInWords(h, p.Bytes[n:], version, topics))
		}
	}
	return cfg
}

func packetInWords(h packet.Header, body []byte, version packet.Version, topics map[uint32]string) string {
	switch h.Type {
	case packet.CONNECT:
		c, err := packet.ParseConnect(h, body)
		if err != nil {
			return err.Error()
		}
		_, expiry := c.Properties.Uint(packet.SessionExpiryInterval)
		line := fmt.Sprintf("CONNECT clean %t expiry %t", c.CleanStart, expiry)
		if c.Will != nil {
			line += " will " + inWords(&mqtt.Received{Topic: c.Will.Topic, Payload: c.Will.Payload, QoS: mqtt.QoS(c.Will.QoS), Retain: c.Will.Retain})
		}
		return line
	case packet.SUBSCRIBE:
		s, err := packet.ParseSubscribe(h, body, version)
		if err != nil {
			return err.Error()
		}
		line := "SUBSCRIBE"
		for _, f := range s.Filters {
			line += fmt.Sprintf(" %s %d", f.Topic, f.Options&3)
		}
		return line
	case packet.PUBLISH:
		p, err := packet.ParsePublish(h, body, version)
		if err != nil {
			return err.Error()
		}
		topic := p.Topic
		if alias, ok := p.Properties.Uint(topicAlias); ok && topic != "" {
			topics[alias] = topic
		} else if ok {
			topic = topics[alias]
		}
		return "PUBLISH " + inWords(&mqtt.Received{Topic: topic, Payload: p.Payload, QoS: mqtt.QoS(p.QoS), Retain: p.Retain})
	case packet.DISCONNECT:
		return fmt.Sprintf("DISCONNECT % x", body)
	}
	return h.Type.String()
}

// topicAlias is the property of MQTT 5.
const topicAlias = 0x23

// inOrder compares the lines, of which each begins as wanted, with all that came.
func (j *journal) inOrder(want ...string) {
	j.t.Helper()
	got := j.rest()
	for i, line := range got {
		if i >= len(want) || !strings.HasPrefix(line, want[i]) {
			j.t.Fatalf("packet %d is not as wanted:\n%s\nwant\n%s", i+1, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(got) < len(want) {
		j.t.Fatalf("%d packets are missing:\n%s\nwant\n%s", len(want)-len(got), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// goodbye is the DISCONNECT of a node: in MQTT 5 with the word that the will is to be published.
func goodbye(v mqtt.Version) string {
	if v == mqtt.V5 {
		return "DISCONNECT 04"
	}
	return "DISCONNECT"
}

// [tck-id-principles-persistence-clean-session-311] [tck-id-principles-persistence-clean-session-50]
// [tck-id-principles-birth-certificates-order] [tck-id-topics-nbirth-bdseq-matching]
// [tck-id-message-flow-edge-node-ncmd-subscribe] [tck-id-message-flow-device-dcmd-subscribe]
// [tck-id-message-flow-edge-node-birth-publish-will-message] [tck-id-message-flow-edge-node-birth-publish-will-message-topic]
// [tck-id-message-flow-edge-node-birth-publish-will-message-payload]
// [tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq]
// [tck-id-message-flow-edge-node-birth-publish-will-message-qos]
// [tck-id-message-flow-edge-node-birth-publish-will-message-will-retained]
// [tck-id-operational-behavior-edge-node-intentional-disconnect-packet]
// [tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311]
// [tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50]
func TestPacketsOfANode(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		j := newJournal(t)
		config := press(j.sent(cfg))
		config.PrimaryHost = ""
		node := startNode(t, b.URL(), config)
		must(t, node.AwaitOnline(within(t)))
		must(t, node.Update(within(t), sparkplug.NewMetric("load", 9.0)))
		must(t, node.Close(within(t)))
		j.inOrder(
			"CONNECT clean true expiry false will spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 0]",
			"SUBSCRIBE spBv1.0/plant/NCMD/press 1 spBv1.0/plant/DCMD/press/+ 1",
			"PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 0]",
			"PUBLISH spBv1.0/plant/DBIRTH/press/valve QoS 0 retain false seq 1",
			"PUBLISH spBv1.0/plant/NDATA/press QoS 0 retain false seq 2",
			"PUBLISH spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 0]",
			goodbye(cfg.Version),
		)
	})
}

// On later connections, too, the births are behind the subscriptions.
func TestPacketsOfALaterConnection(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		j := newJournal(t)
		links := cuts{}
		config := press(j.sent(cfg))
		config.MQTT.Transport.Dial = links.dial
		online := newJournal(t)
		config.OnOnline = func(is bool) { online.add("%t", is) }
		startNode(t, b.URL(), config)
		online.wait("true")
		j.wait("DBIRTH")
		links.cut()
		online.wait("false")
		online.wait("true")
		j.until("DBIRTH")
		j.inOrder(
			"CONNECT clean true expiry false will spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 1]",
			"SUBSCRIBE spBv1.0/plant/",
			"PUBLISH spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 1]",
			"PUBLISH spBv1.0/plant/DBIRTH/press/valve QoS 0 retain false seq 1",
		)
	})
}

// [tck-id-message-flow-phid-sparkplug-clean-session-311] [tck-id-message-flow-phid-sparkplug-clean-session-50]
// [tck-id-host-topic-phid-birth-sub-required] [tck-id-host-topic-phid-birth-required] [tck-id-host-topic-phid-death-required]
// [tck-id-host-topic-phid-death-payload-timestamp-connect] [tck-id-host-topic-phid-birth-payload-timestamp]
func TestPacketsOfAHost(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		j := newJournal(t)
		clock := noon
		host, _ := startHost(t, b.URL(), sparkplug.HostConfig{
			ID: "scada", Groups: []string{"plant"}, MQTT: j.sent(cfg), Now: func() time.Time { clock = clock.Add(time.Second); return clock },
		})
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/STATE/#")
		wire.wait(`"online":true`)
		must(t, host.Close(within(t)))
		wire.wait(`"online":false`)
		j.inOrder(
			`CONNECT clean true expiry false will spBv1.0/STATE/scada QoS 1 retain true {"online":false,"timestamp":1700000002123}`,
			"SUBSCRIBE spBv1.0/STATE/scada 1 spBv1.0/plant/NBIRTH/+ 1 spBv1.0/plant/NDEATH/+ 1 spBv1.0/plant/NDATA/+ 1 spBv1.0/plant/DBIRTH/+/+ 1 spBv1.0/plant/DDEATH/+/+ 1 spBv1.0/plant/DDATA/+/+ 1",
			`PUBLISH spBv1.0/STATE/scada QoS 1 retain true {"online":true,"timestamp":1700000002123}`,
			`PUBLISH spBv1.0/STATE/scada QoS 1 retain true {"online":false,"timestamp":170000000`,
			"DISCONNECT",
		)
	})
}
