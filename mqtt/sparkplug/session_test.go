package sparkplug_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// press is an edge node with a device.
func press(cfg mqtt.Config) sparkplug.EdgeNodeConfig {
	return sparkplug.EdgeNodeConfig{
		Group: "plant", ID: "press", MQTT: cfg,
		Metrics: []sparkplug.Metric{sparkplug.NewMetric("load", 1.5), {Name: "note", Type: sparkplug.Text}},
		Devices: []sparkplug.DeviceConfig{{ID: "valve", Metrics: []sparkplug.Metric{sparkplug.NewMetric("open", false), sparkplug.NewMetric("turns", int32(0))}}},
	}
}

// A node is born with its device, sends what changes, obeys a command and dies; a host sees it all, and a checker no break.
// [tck-id-topics-ncmd-topic] [tck-id-topics-ncmd-mqtt] [tck-id-topics-dcmd-topic] [tck-id-topics-dcmd-mqtt]
func TestANodeAndAHostUnderstandEachOther(t *testing.T) {
	for _, aliases := range []bool{false, true} {
		bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
			checker := startChecker(t, b.URL(), cfg)
			host, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", MQTT: cfg})
			commands := newJournal(t)
			commands.raw(b.URL(), cfg.Version, "spBv1.0/#")
			config := press(cfg)
			config.Aliases = aliases
			var node *sparkplug.EdgeNode
			started := make(chan struct{})
			config.OnCommand = func(ctx context.Context, c sparkplug.Command) {
				<-started
				update := node.Update
				if c.Device != "" {
					update = node.Device(c.Device).Update
				}
				if err := update(ctx, c.Metrics...); err != nil {
					t.Error(err)
				}
			}
			node = startNode(t, b.URL(), config)
			close(started)
			events.wait("NodeBorn plant/press", "load=1.5", "note=<nil>")
			events.wait("DeviceBorn plant/press/valve", "open=false")
			must(t, node.Update(within(t), sparkplug.NewMetric("load", 2.5), sparkplug.Metric{Name: "note", Value: "warm"}))
			events.wait("NodeData plant/press", "load=2.5", "note=warm")
			valve := sparkplug.ID{Group: "plant", Node: "press", Device: "valve"}
			must(t, host.Command(within(t), valve, sparkplug.Metric{Name: "open", Value: true}))
			events.wait("DeviceData plant/press/valve", "open=true")
			commands.wait("spBv1.0/plant/DCMD/press/valve QoS 0 retain false")
			must(t, host.Command(within(t), sparkplug.ID{Group: "plant", Node: "press"}, sparkplug.Metric{Name: "note", Value: "hot"}))
			events.wait("NodeData plant/press", "note=hot")
			commands.wait("spBv1.0/plant/NCMD/press QoS 0 retain false")
			if s, ok := host.State(valve); !ok || !s.Online || s.Metrics[0].Value != true || s.Metrics[0].Type != sparkplug.Boolean {
				t.Errorf("the host knows %+v, %t", s, ok)
			}
			must(t, node.Device("valve").Leave(within(t)))
			events.wait("DeviceDied plant/press/valve")
			must(t, node.Device("valve").Return(within(t)))
			events.wait("DeviceBorn plant/press/valve", "open=true")
			must(t, node.Close(within(t)))
			events.wait("DeviceDied plant/press/valve")
			events.wait("NodeDied plant/press")
			for _, s := range host.States() {
				if s.Online {
					t.Errorf("%s is online after its death", s.ID)
				}
			}
			died := func(r sparkplug.CheckReport) bool { return r.Messages[sparkplug.NDEATH] > 0 }
			if r := report(t, checker, died); r.Nodes != 1 || r.Devices != 1 || r.Messages[sparkplug.NDATA] != 2 || r.Births != 1 {
				t.Errorf("the checker saw %+v", r)
			}
		})
	}
}

// [tck-id-topics-nbirth-topic] [tck-id-topics-nbirth-mqtt] [tck-id-topics-nbirth-metrics] [tck-id-topics-nbirth-bdseq-included]
// [tck-id-topics-nbirth-rebirth-metric] [tck-id-topics-ndata-topic] [tck-id-topics-ndata-mqtt] [tck-id-topics-ndata-payload]
// [tck-id-topics-ndeath-topic] [tck-id-topics-ndeath-payload] [tck-id-topics-dbirth-topic] [tck-id-topics-dbirth-mqtt]
// [tck-id-topics-dbirth-metrics] [tck-id-topics-ddata-topic] [tck-id-topics-ddata-mqtt] [tck-id-topics-ddata-payload]
// [tck-id-topics-ddeath-topic] [tck-id-topics-ddeath-mqtt] [tck-id-payloads-sequence-num-always-included]
// [tck-id-payloads-sequence-num-zero-nbirth] [tck-id-payloads-sequence-num-incrementing] [tck-id-principles-rbe-recommended]
// [tck-id-operational-behavior-data-publish-nbirth-values] [tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath]
// [tck-id-operational-behavior-device-ddeath] [tck-id-payloads-dbirth-order] [tck-id-payloads-metric-datatype-not-req]
// [tck-id-payloads-ndeath-seq]
func TestMessagesOfANodeAreAsTheSpecificationHasThem(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		config := press(cfg)
		config.BirthSequence = 255
		node := startNode(t, b.URL(), config)
		wire.wait("spBv1.0/plant/NBIRTH/press QoS 0 retain false seq 0 [bdSeq Int64 255] [Node Control/Rebirth Boolean false] [load Double 1.5] [note Text <nil>]")
		wire.wait("spBv1.0/plant/DBIRTH/press/valve QoS 0 retain false seq 1 [open Boolean false] [turns Int32 0]")
		must(t, node.Update(within(t), sparkplug.NewMetric("load", 1.5), sparkplug.Metric{Name: "note", Value: "cold"}))
		wire.wait("spBv1.0/plant/NDATA/press QoS 0 retain false seq 2 [note cold]")
		valve := node.Device("valve")
		for i := range 300 { // over the end of the numbers
			must(t, valve.Update(within(t), sparkplug.NewMetric("turns", int32(i+1))))
		}
		wire.wait("spBv1.0/plant/DDATA/press/valve QoS 0 retain false seq 3 [turns 1]")
		wire.wait("seq 255 [turns 253]")
		wire.wait("seq 0 [turns 254]")
		must(t, valve.Update(within(t), sparkplug.NewMetric("turns", int32(300)))) // the same as before
		must(t, valve.Leave(within(t)))
		if line := wire.wait("seq 47"); !strings.HasPrefix(line, "spBv1.0/plant/DDEATH/press/valve QoS 0 retain false seq 47") {
			t.Error(line)
		}
		must(t, node.Close(within(t)))
		wire.wait("spBv1.0/plant/NDEATH/press QoS 1 retain false [bdSeq Int64 255]")
	})
}

// [tck-id-topics-nbirth-bdseq-increment] [tck-id-topics-nbirth-bdseq-matching] [tck-id-payloads-ndeath-bdseq]
func TestABrokenConnectionIsADeathAndThenABirth(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		_, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", MQTT: cfg})
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		startChecker(t, b.URL(), cfg)
		config := press(cfg)
		config.StoreMessages = 2
		links := cuts{}
		config.MQTT.Transport.Dial = links.dial
		online := newJournal(t)
		config.OnOnline = func(is bool) { online.add("%t", is) }
		node := startNode(t, b.URL(), config)
		online.wait("true")
		events.wait("DeviceBorn")
		links.hold()
		links.cut()
		online.wait("false")
		events.wait("NodeDied plant/press")
		for i := range 3 {
			must(t, node.Update(within(t), sparkplug.NewMetric("load", float64(i))))
		}
		links.release()
		online.wait("true")
		wire.wait("NDEATH", "[bdSeq Int64 0]")
		wire.wait("NBIRTH", "seq 0 [bdSeq Int64 1]", "[load Double 2]")
		wire.wait("DBIRTH")
		wire.wait("NDATA", "seq 2 [load 1 historical]")
		wire.wait("NDATA", "seq 3 [load 2 historical]")
		events.wait("NodeData plant/press load=1(historical)")
	})
}

func TestADeviceThatReturnsSendsWhatWasKept(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		startChecker(t, b.URL(), cfg)
		config := press(cfg)
		config.StoreMessages, config.Aliases = 10, true
		node := startNode(t, b.URL(), config)
		must(t, node.AwaitOnline(within(t)))
		valve := node.Device("valve")
		must(t, valve.Leave(within(t)))
		must(t, valve.Update(within(t), sparkplug.NewMetric("turns", int32(1))))
		must(t, node.Rebirth(within(t))) // the device is away still
		must(t, valve.Return(within(t)))
		wire.wait("DBIRTH", "[turns alias 4 Int32 1]")
		wire.wait("DDATA", "[ alias 4 1 historical]")

		// What the next birth does not have, or has as another type, cannot be sent.
		must(t, valve.Leave(within(t)))
		must(t, valve.Update(within(t), sparkplug.NewMetric("turns", int32(2))))
		must(t, valve.Update(within(t), sparkplug.NewMetric("turns", int32(3)), sparkplug.NewMetric("open", true)))
		other := []sparkplug.Metric{sparkplug.NewMetric("turns", 0.5), sparkplug.NewMetric("open", false)}
		_, err := node.AddDevice(within(t), sparkplug.DeviceConfig{ID: "valve", Metrics: other})
		must(t, err)
		wire.wait("DBIRTH", "[turns alias 5 Double 0.5] [open alias 6 Boolean false]")
		if line := wire.wait("DDATA"); !strings.HasSuffix(line, "[ alias 6 true historical]") {
			t.Error(line)
		}
	})
}

// A value whose quality changes is data, also where it is the same value.
func TestAnotherQualityIsSent(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	host, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada"})
	node := startNode(t, b.URL(), press(mqtt.Config{}))
	must(t, node.AwaitOnline(within(t)))
	events.wait("DeviceBorn")
	bad := sparkplug.NewMetric("load", 1.5)
	bad.Properties = []sparkplug.Property{{Name: "Quality", Type: sparkplug.Int32, Value: sparkplug.Bad}}
	must(t, node.Update(within(t), bad))
	must(t, node.Update(within(t), bad)) // now it is as before
	must(t, node.Update(within(t), sparkplug.Metric{Name: "note", Value: "the end"}))
	events.wait("NodeData plant/press load=1.5")
	if line := events.wait("NodeData"); line != "NodeData plant/press note=the end" {
		t.Error(line)
	}
	state, _ := host.State(sparkplug.ID{Group: "plant", Node: "press"})
	for _, m := range state.Metrics {
		if m.Name == "load" && (len(m.Properties) != 1 || m.Properties[0].Value != sparkplug.Bad) {
			t.Errorf("%+v", m)
		}
	}
}

func TestAHostAsksForBirthsThatItHasNotSeen(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		node := startNode(t, b.URL(), press(cfg))
		must(t, node.AwaitOnline(within(t)))
		host, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", Groups: []string{"plant"}, MQTT: cfg})
		// Data cannot be understood until the birth has come.
		must(t, host.Client().AwaitConnected(within(t)))
		must(t, host.RequestRebirth(within(t), sparkplug.ID{Group: "other", Node: "none"})) // the subscriptions before it are in force
		limit := within(t)
		for last := 1.0; ; last++ {
			must(t, limit.Err())
			must(t, node.Update(within(t), sparkplug.NewMetric("load", last)))
			if s, ok := host.State(sparkplug.ID{Group: "plant", Node: "press"}); ok && s.Online {
				break
			}
		}
		events.wait("RebirthRequested plant/press because its birth was not seen")
		events.wait("NodeBorn plant/press")
		events.wait("DeviceBorn plant/press/valve")
	})
}

// [tck-id-host-topic-phid-birth-retain] [tck-id-host-topic-phid-birth-topic] [tck-id-host-topic-phid-birth-payload-timestamp]
// [tck-id-host-topic-phid-death-retain] [tck-id-host-topic-phid-death-topic] [tck-id-host-topic-phid-death-required]
// [tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean] [tck-id-message-flow-hid-sparkplug-state-message-delivered]
func TestAHostSaysThatItIsOnlineAndOffline(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		wire := newJournal(t)
		client := wire.raw(b.URL(), cfg.Version, "spBv1.0/STATE/#")
		retained := cfg.Version == mqtt.V5 // before MQTT 5 the flag does not come with a live message
		flag := map[bool]string{true: "retain true", false: "retain false"}[retained]
		links := cuts{}
		config := cfg
		config.Transport.Dial = links.dial
		host, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", MQTT: config})
		birth := wire.wait("spBv1.0/STATE/scada QoS 1", flag, `{"online":true,"timestamp":`)
		startNode(t, b.URL(), press(cfg))
		events.wait("DeviceBorn")

		links.cut()
		will := wire.wait(`"online":false`)
		if strings.Replace(birth, "true,", "false,", 1) != will {
			t.Errorf("the will is %s, and the birth was %s", will, birth)
		}
		events.wait("DeviceDied plant/press/valve because the host has lost its connection")
		events.wait("NodeDied plant/press because the host has lost its connection")
		wire.wait(`"online":true`)
		events.wait("RebirthRequested plant/press because the host has a new connection")
		events.wait("DeviceBorn plant/press/valve")

		// A will of an earlier connection that comes late.
		must(t, client.Publish(within(t), mqtt.Message{Topic: "spBv1.0/STATE/scada", Payload: []byte(`{"online":false,"timestamp":1}`), QoS: 1, Retain: true}))
		wire.wait(`"online":false,"timestamp":1`)
		wire.wait(`"online":true`)

		must(t, host.Close(within(t)))
		wire.wait(`"online":false`)
		late := newJournal(t)
		late.raw(b.URL(), cfg.Version, "spBv1.0/STATE/scada")
		late.wait("retain true", `"online":false`)
	})
}

// [tck-id-message-flow-edge-node-birth-publish-phid-wait] [tck-id-message-flow-edge-node-birth-publish-phid-wait-id]
// [tck-id-message-flow-edge-node-birth-publish-phid-wait-online]
// [tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp] [tck-id-message-flow-edge-node-birth-publish-phid-offline]
// [tck-id-operational-behavior-edge-node-termination-host-offline-reconnect]
// [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp]
func TestANodeWaitsForItsPrimaryHost(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		wire := newJournal(t)
		client := wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		say := func(host, payload string) {
			t.Helper()
			must(t, client.Publish(within(t), mqtt.Message{Topic: "spBv1.0/STATE/" + host, Payload: []byte(payload), QoS: 1, Retain: true}))
			wire.wait("spBv1.0/STATE/"+host, payload)
		}
		config := press(cfg)
		config.PrimaryHost = "scada"
		commands := newJournal(t)
		config.OnCommand = func(context.Context, sparkplug.Command) { commands.add("command") }
		node := startNode(t, b.URL(), config)
		say("other", `{"online":true,"timestamp":9}`)
		say("scada", `{"online":false,"timestamp":10}`)
		p := sparkplug.Payload{Timestamp: time.Now(), Metrics: []sparkplug.Metric{sparkplug.NewMetric("load", 1.0)}}
		command, err := p.Marshal()
		must(t, err)
		// The node has seen the state when it sees the command behind it.
		must(t, client.Publish(within(t), mqtt.Message{Topic: "spBv1.0/plant/NCMD/press", Payload: command}))
		commands.wait("command")
		if node.Online() {
			t.Fatal("the node is online without its host")
		}
		say("scada", `{"online":true,"timestamp":11}`)
		wire.wait("NBIRTH", "[bdSeq Int64 0]")
		wire.wait("DBIRTH")
		say("scada", `{"online":false,"timestamp":10}`) // a will that comes late
		must(t, node.Update(within(t), sparkplug.NewMetric("load", 7.0)))
		wire.wait("NDATA", "[load 7]")
		say("scada", `{"online":false,"timestamp":11}`)
		wire.wait("NDEATH", "[bdSeq Int64 0]")
		say("scada", `{"online":true,"timestamp":12}`)
		wire.wait("NBIRTH", "[bdSeq Int64 1]", "[load Double 7]")
	})
}

// [tck-id-operational-behavior-primary-application-state-with-multiple-servers-state-subs]
// [tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk]
func TestANodeFollowsItsPrimaryHostToTheNextServer(t *testing.T) {
	bothVersions(t, func(t *testing.T, first *mosquitto.Broker, cfg mqtt.Config) {
		second := mosquitto.Start(t, mosquitto.Options{})
		host, _ := startHost(t, first.URL(), sparkplug.HostConfig{ID: "scada", MQTT: cfg})
		there := newJournal(t)
		there.raw(second.URL(), cfg.Version, "spBv1.0/#")
		here := newJournal(t)
		here.raw(first.URL(), cfg.Version, "spBv1.0/#")
		config := press(cfg)
		config.PrimaryHost = "scada"
		servers := *cfg.Reconnect
		servers.Servers = []string{second.URL()}
		config.MQTT.Reconnect = &servers
		startNode(t, first.URL(), config)
		here.wait("NBIRTH", "[bdSeq Int64 0]")
		startHost(t, second.URL(), sparkplug.HostConfig{ID: "scada", MQTT: cfg})
		must(t, host.Close(within(t)))
		here.wait("NDEATH", "[bdSeq Int64 0]")
		there.wait("NBIRTH", "seq 0")
	})
}

// [tck-id-operational-behavior-data-commands-ncmd-rebirth-verb] [tck-id-operational-behavior-data-commands-ncmd-rebirth-name]
// [tck-id-operational-behavior-data-commands-ncmd-rebirth-value] [tck-id-operational-behavior-data-commands-rebirth-action-1]
// [tck-id-operational-behavior-data-commands-rebirth-action-2] [tck-id-operational-behavior-data-commands-rebirth-action-3]
func TestANodeObeysARequestForBirths(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		checker := startChecker(t, b.URL(), cfg)
		host, events := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", MQTT: cfg})
		node := startNode(t, b.URL(), press(cfg))
		events.wait("DeviceBorn")
		must(t, node.Update(within(t), sparkplug.NewMetric("load", 3.0)))
		events.wait("NodeData")
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		must(t, host.RequestRebirth(within(t), sparkplug.ID{Group: "plant", Node: "press", Device: "valve"}))
		wire.wait("spBv1.0/plant/NCMD/press QoS 0 retain false [Node Control/Rebirth Boolean true]")
		wire.wait("NBIRTH", "seq 0 [bdSeq Int64 0]", "[load Double 3]")
		wire.wait("DBIRTH", "seq 1")
		events.wait("NodeBorn")
		events.wait("DeviceBorn")
		born := func(r sparkplug.CheckReport) bool { return r.Messages[sparkplug.DBIRTH] > 1 }
		if r := report(t, checker, born); r.Births != 2 || r.Rebirths != 1 {
			t.Errorf("the checker saw %d births, of which %d were asked for", r.Births, r.Rebirths)
		}
	})
}
