package sparkplug_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
	"dunlin/mqtt/store"
)

// [tck-id-topic-structure-namespace-unique-device-id] [tck-id-payloads-template-definition-nbirth-only]
func TestFaultyConfigurationsAreRefused(t *testing.T) {
	for want, change := range map[string]func(c *sparkplug.EdgeNodeConfig){
		"Group, ID: the identifier of the group is empty": func(c *sparkplug.EdgeNodeConfig) { c.Group = "" },
		"Group, ID: a group cannot be called STATE":       func(c *sparkplug.EdgeNodeConfig) { c.Group = "STATE" },
		"Group, ID: the identifier of the edge node":      func(c *sparkplug.EdgeNodeConfig) { c.ID = "a/b" },
		"PrimaryHost": func(c *sparkplug.EdgeNodeConfig) { c.PrimaryHost = "#" },
		"StoreMessages, HostTimeout: is negative": func(c *sparkplug.EdgeNodeConfig) { c.StoreMessages = -1 },
		"MQTT.Will":                     func(c *sparkplug.EdgeNodeConfig) { c.MQTT.Will = &mqtt.Will{} },
		"MQTT.KeepSession":              func(c *sparkplug.EdgeNodeConfig) { c.MQTT.KeepSession = true },
		"MQTT.Properties.SessionExpiry": func(c *sparkplug.EdgeNodeConfig) { c.MQTT.Properties.SessionExpiry = time.Second },
		"MQTT.Store":                    func(c *sparkplug.EdgeNodeConfig) { c.MQTT.Store = store.NewMemory() },
		"MQTT.Limits.Queue.QoS0":        func(c *sparkplug.EdgeNodeConfig) { c.MQTT.Limits.Queue.QoS0 = true },
		"MQTT.Reconnect.Prepare": func(c *sparkplug.EdgeNodeConfig) {
			c.MQTT.Reconnect = &mqtt.Reconnect{Prepare: func(context.Context, *mqtt.Attempt) error { return nil }}
		},
		"MQTT.Reconnect.Republish": func(c *sparkplug.EdgeNodeConfig) {
			c.MQTT.Reconnect = &mqtt.Reconnect{Republish: mqtt.RepublishAll}
		},
		`Metrics: metric "": it has no name`:                func(c *sparkplug.EdgeNodeConfig) { c.Metrics[0].Name = "" },
		`Metrics: metric "load": an alias`:                  func(c *sparkplug.EdgeNodeConfig) { c.Metrics[0].HasAlias = true },
		`Metrics: metric "note": there are two`:             func(c *sparkplug.EdgeNodeConfig) { c.Metrics[0].Name = "note" },
		`Metrics: metric "bdSeq": the edge node adds it`:    func(c *sparkplug.EdgeNodeConfig) { c.Metrics[0].Name = "bdSeq" },
		`Metrics: metric "load": a Go value of type string`: func(c *sparkplug.EdgeNodeConfig) { c.Metrics[0].Value = "x" },
		"Devices: the identifier of the device is empty":    func(c *sparkplug.EdgeNodeConfig) { c.Devices[0].ID = "" },
		`Devices: there are two of the name "valve"`:        func(c *sparkplug.EdgeNodeConfig) { c.Devices = append(c.Devices, c.Devices[0]) },
		"only a node's birth has definitions": func(c *sparkplug.EdgeNodeConfig) {
			c.Devices[0].Metrics = []sparkplug.Metric{sparkplug.NewMetric("motor", &sparkplug.Template{Definition: true})}
		},
	} {
		cfg := press(mqtt.Config{})
		change(&cfg)
		_, err := sparkplug.StartEdgeNode(t.Context(), "mqtt://127.0.0.1:1", cfg)
		var argument *mqtt.ArgumentError
		if !errors.As(err, &argument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for want, cfg := range map[string]sparkplug.HostConfig{
		"ID":         {},
		"Groups":     {ID: "h", Groups: []string{"+"}},
		"MaxMetrics": {ID: "h", MaxMetrics: -1},
		"MQTT.Will":  {ID: "h", MQTT: mqtt.Config{Will: &mqtt.Will{}}},
	} {
		_, err := sparkplug.StartHost(t.Context(), "mqtt://127.0.0.1:1", cfg)
		var argument *mqtt.ArgumentError
		if !errors.As(err, &argument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := sparkplug.StartChecker(t.Context(), "mqtt://127.0.0.1:1", sparkplug.CheckerConfig{Groups: []string{"#"}}); err == nil {
		t.Error("a checker takes a wildcard for a group")
	}
}

// [tck-id-topics-nbirth-templates]
func TestDefinitionsOfTemplatesAreInTheBirthOfTheNode(t *testing.T) {
	bothVersions(t, func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config) {
		startChecker(t, b.URL(), cfg) // which knows that the instance is of a definition
		wire := newJournal(t)
		wire.raw(b.URL(), cfg.Version, "spBv1.0/#")
		config, members := press(cfg), []sparkplug.Metric{sparkplug.NewMetric("rpm", int32(0))}
		config.Metrics = append(config.Metrics, sparkplug.NewMetric("motor", &sparkplug.Template{Definition: true, Metrics: members}))
		config.Devices[0].Metrics = append(config.Devices[0].Metrics, sparkplug.NewMetric("left", &sparkplug.Template{Ref: "motor", Metrics: members}))
		node := startNode(t, b.URL(), config)
		for range 2 {
			wire.wait("spBv1.0/plant/NBIRTH/press", "[motor Template &{Version: Ref: Definition:true Metrics:[{Name:rpm")
			wire.wait("spBv1.0/plant/DBIRTH/press/valve", "[left Template &{Version: Ref:motor Definition:false Metrics:[{Name:rpm")
			must(t, node.Rebirth(within(t)))
		}
	})
}

func TestUpdatesThatDoNotFitTheBirthAreRefused(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	cfg := press(mqtt.Config{})
	cfg.Metrics = append(cfg.Metrics, sparkplug.NewMetric("motor", &sparkplug.Template{Definition: true}))
	node := startNode(t, b.URL(), cfg)
	for want, m := range map[string]sparkplug.Metric{
		`plant/press: metric "x" is not in the birth`:                sparkplug.NewMetric("x", 1.5),
		`metric "load" is of type Double, not Float`:                 sparkplug.NewMetric("load", float32(1)),
		`metric "load": a Go value of type string`:                   {Name: "load", Value: "x"},
		`metric "motor" is the definition of a template, which does`: {Name: "motor"},
	} {
		err := node.Update(within(t), sparkplug.NewMetric("load", 99.0), m)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	wire := newJournal(t)
	wire.raw(b.URL(), mqtt.V311, "spBv1.0/#")
	must(t, node.Rebirth(within(t)))
	wire.wait("NBIRTH", "[load Double 1.5]") // nothing was set
	if _, err := node.AddDevice(within(t), sparkplug.DeviceConfig{ID: "a+"}); err == nil {
		t.Error("a device is called a+")
	}
	_, err := node.AddDevice(within(t), sparkplug.DeviceConfig{ID: "pump", Metrics: []sparkplug.Metric{sparkplug.NewMetric("rpm", int32(5))}})
	must(t, err)
	wire.wait("spBv1.0/plant/DBIRTH/press/pump", "[rpm Int32 5]")
}

func TestANodeAndAHostEndOnce(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"press": "secret"}})
	wrong := mqtt.Config{Username: "press", Password: mqtt.Secret("wrong"), Reconnect: &mqtt.Reconnect{Background: true}}
	node := startNode(t, b.URL(), press(wrong))
	host, _ := startHost(t, b.URL(), sparkplug.HostConfig{ID: "scada", MQTT: wrong})
	for _, who := range []interface {
		Done() <-chan struct{}
		Err() error
		Close(ctx context.Context) error
	}{node, host} {
		select {
		case <-who.Done():
		case <-within(t).Done():
			t.Fatal("it does not end though the server refuses it")
		}
		var refused *mqtt.ConnectError
		if !errors.As(who.Err(), &refused) {
			t.Error(who.Err())
		}
		must(t, who.Close(within(t)))
	}
	if err := node.AwaitOnline(within(t)); !errors.Is(err, node.Err()) {
		t.Error(err)
	}
	if err := node.Update(within(t), sparkplug.NewMetric("load", 9.0)); !errors.Is(err, node.Err()) {
		t.Error(err)
	}
	right := mqtt.Config{Username: "press", Password: mqtt.Secret("secret")}
	node = startNode(t, b.URL(), press(right))
	must(t, node.Close(within(t)))
	must(t, node.Close(within(t)))
	if err := node.Err(); !errors.Is(err, mqtt.ErrClosed) {
		t.Error(err)
	}
	if _, err := sparkplug.StartEdgeNode(within(t), b.URL(), press(mqtt.Config{})); err == nil {
		t.Error("a node without a password starts")
	}
}

// What is wrong in a command is told, and what is right in it is obeyed.
func TestFaultyCommandsAreTold(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	j := newJournal(t)
	cfg := press(mqtt.Config{OnError: func(err error) { j.add("%v", err) }})
	cfg.Aliases = true
	cfg.OnCommand = func(_ context.Context, c sparkplug.Command) { j.add("command %q %v", c.Device, c.Metrics[0].Value) }
	startNode(t, b.URL(), cfg)
	client := newJournal(t).raw(b.URL(), mqtt.V311, "none")
	send := func(topic string, payload string) {
		must(t, client.Publish(within(t), mqtt.Message{Topic: "spBv1.0/plant/" + topic, Payload: []byte(payload), QoS: 1}))
	}
	command := func(metrics ...sparkplug.Metric) string {
		b, err := (&sparkplug.Payload{Metrics: metrics}).Marshal()
		must(t, err)
		return string(b)
	}
	send("NCMD/press", "\xff")
	j.wait("NCMD/press", "is no protobuf")
	send("DCMD/press/other", command())
	j.wait("DCMD/press/other: there is no such device")
	send("NCMD/press", command(sparkplug.NewMetric("x", 1.5), sparkplug.NewMetric("load", 2.5)))
	j.wait(`metric "x" is not in the birth`)
	j.wait(`command "" 2.5`)
	valve := sparkplug.NewMetric("", true)
	valve.Alias, valve.HasAlias = 3, true // the node's two come first
	send("DCMD/press/valve", command(valve))
	j.wait(`command "valve" true`)
	send("NCMD/press", command(valve))
	j.wait("alias 3 is not in the birth")
}
