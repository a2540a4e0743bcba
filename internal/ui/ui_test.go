package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestPageSeesWhatComes shows a page the tree, a topic, its history, a message and a chart of what a broker carries.
func TestPageSeesWhatComes(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	c := client(t, b.URL(), mqtt.Config{Version: mqtt.V5})
	publish(t, c, "home/kitchen/temperature", `{"value":20.5}`, true)
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	id := v.connected(1).ID
	v.must("see", protocol.See{Connection: id, Count: 500}, nil)
	v.must("open", protocol.Open{Connection: id, Open: true}, nil)
	row := v.row("temperature", func(r protocol.Row) bool { return r.Retained && r.Topic })
	if row.Depth != 2 || row.Value != `{"value":20.5}` || row.Form != "json" || row.Messages != 1 {
		t.Errorf("the row is %+v", row)
	}
	var topic protocol.Topic
	v.must("look", protocol.Look{Connection: id, Node: row.Node}, &topic)
	if topic.Topic != "home/kitchen/temperature" || topic.Last != 1 || len(topic.Path) == 0 || len(topic.Latest) != 1 {
		t.Errorf("the topic is %+v", topic)
	}
	publish(t, c, "home/kitchen/temperature", `{"value":21.5}`, false)
	await(v, "the second message", func(p protocol.Push) (any, bool) {
		return nil, p.Topic != nil && p.Topic.Connection == id && p.Topic.Last == 2 && strings.Contains(p.Topic.Latest[0].Value, "21.5")
	})
	var entries []protocol.Entry
	v.must("history", protocol.History{Connection: id, Node: row.Node, Last: 2, Count: 10}, &entries)
	if len(entries) != 2 || entries[0].Number != 2 || !entries[1].Retained {
		t.Errorf("the history is %+v", entries)
	}
	var m protocol.Message
	v.must("read", protocol.Read{Connection: id, Node: row.Node, Number: 1, As: "hex"}, &m)
	if m.Topic != topic.Topic || !strings.Contains(m.Text, "7b 22") {
		t.Errorf("the message is %+v", m)
	}
	var series protocol.Series
	v.must("chart", protocol.Chart{Connection: id, Node: row.Node, Member: ".value", Points: 100}, &series)
	if fmt.Sprint(series.Values) != "[20.5 21.5]" {
		t.Errorf("the chart is %+v", series)
	}
	// What is not looked at any more is not told any more.
	v.must("look", protocol.Look{Connection: id}, nil)
	v.must("see", protocol.See{Connection: id}, nil)
}

// TestPagePublishes publishes as the page asks: with properties, by a template, several in a row, and says what the broker says.
func TestPagePublishes(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL(), "seen/#")}}))
	id := v.connected(1).ID
	v.connection(id, "the subscription", func(c protocol.Connection) bool { return len(c.Filters) == 1 && c.Filters[0].QoS == 1 })
	got := make(chan *mqtt.Received, 10)
	c := client(t, b.URL(), mqtt.Config{Version: mqtt.V5})
	if _, err := c.Subscribe(t.Context(), mqtt.Subscription{Filter: "out/#", QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) { got <- m }}); err != nil {
		t.Fatal(err)
	}
	var p protocol.Published
	v.must("publish", protocol.Publish{Connection: id, Topic: "out/a", Payload: "x", QoS: 2, Properties: []protocol.Property{
		{Name: "Content Type", Value: "text/plain"},
		{Name: "User Property", Value: "a=1"},
		{Name: "User Property", Value: "b = 2=3"},
		{Name: "Correlation Data", Value: "0xff00"},
		{Name: "Payload Format Indicator", Value: "1"},
		{Name: "Message Expiry Interval", Value: "60"},
	}}, &p)
	m := <-got
	if p.Count != 1 || p.Reason != "" || string(m.Payload) != "x" || m.QoS != 2 || m.Properties.ContentType != "text/plain" || !m.Properties.PayloadIsText ||
		!bytes.Equal(m.Properties.CorrelationData, []byte{0xff, 0}) || *m.Properties.MessageExpiry != time.Minute ||
		fmt.Sprint(m.Properties.UserProperties) != "[{a 1} {b 2=3}]" {
		t.Errorf("%+v, %+v, %+v", p, m, m.Properties)
	}
	v.must("publish", protocol.Publish{Connection: id, Topic: "out/{{.N}}", Payload: "{{.N}} of {{.Topic}}", Template: true, Count: 3, QoS: 1}, &p)
	if p.Count != 3 {
		t.Errorf("%+v", p)
	}
	for i := range 3 {
		if m := <-got; string(m.Payload) != fmt.Sprintf("%d of out/%d", i+1, i+1) {
			t.Errorf("%s: %s", m.Topic, m.Payload)
		}
	}
	await(v, "the end of the publishing", func(p protocol.Push) (any, bool) {
		return nil, p.Progress != nil && p.Progress.What == "publish" && p.Progress.Ended && p.Progress.Done == 3
	})
	v.must("publish", protocol.Publish{Connection: id, Topic: "out/bytes", Bytes: []byte{0, 255}}, &p)
	if m := <-got; !bytes.Equal(m.Payload, []byte{0, 255}) {
		t.Errorf("%x", m.Payload)
	}
	v.must("publish", protocol.Publish{Connection: id, Topic: "nobody/wants", QoS: 1}, &p)
	if p.Reason != "No matching subscribers" {
		t.Errorf("the reason is %q", p.Reason)
	}
	for want, wrong := range map[string]protocol.Publish{
		"topic":          {Connection: id, Topic: "a/#"},
		"template":       {Connection: id, Topic: "a", Payload: "{{", Template: true},
		"QoS|quality":    {Connection: id, Topic: "a", QoS: 3},
		"between 1 and":  {Connection: id, Topic: "a", Count: 1_000_000},
		"no property":    {Connection: id, Topic: "a", Properties: []protocol.Property{{Name: "Subscription Identifier", Value: "1"}}},
		"one message":    {Connection: id, Topic: "a", Count: 2, Answer: 100},
		"no connection":  {Connection: 99, Topic: "a"},
		"number of seco": {Connection: id, Topic: "a", Properties: []protocol.Property{{Name: "Message Expiry Interval", Value: "soon"}}},
	} {
		if err := v.ask("publish", wrong, nil); err == nil || !containsAny(err.Error(), want) {
			t.Errorf("%+v: %v, want something of %s", wrong, err, want)
		}
	}
}

// containsAny reports whether a text has one of some words.
func containsAny(text, words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// TestPageAsksAndIsAnswered sends requests in MQTT 5 and before, gets the answers that belong to them, and is told where none comes.
func TestPageAsksAndIsAnswered(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	five, old := all(b.URL(), "seen/#"), all(b.URL(), "seen/#")
	five.Connect.Version, old.Connect.Version = mqtt.V5, mqtt.V311
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{five, old}}))
	v.connected(1)
	v.connected(2)
	var c *mqtt.Client
	cfg := mqtt.Config{Version: mqtt.V5, OnMessage: func(ctx context.Context, m *mqtt.Received) {
		answer := mqtt.Message{Topic: "old/answer", Payload: append([]byte("old "), m.Payload...)}
		if m.Properties != nil && m.Properties.ResponseTopic != "" {
			wrong := mqtt.Message{Topic: m.Properties.ResponseTopic, Payload: []byte("of another"), Properties: &mqtt.Properties{CorrelationData: []byte("another")}}
			_, _ = c.PublishAsync(ctx, wrong, nil)
			answer = mqtt.Message{Topic: m.Properties.ResponseTopic, Payload: append([]byte("new "), m.Payload...), Properties: &mqtt.Properties{CorrelationData: m.Properties.CorrelationData}}
		}
		_, _ = c.PublishAsync(ctx, answer, nil)
	}}
	c = client(t, b.URL(), cfg)
	if _, err := c.Subscribe(t.Context(), mqtt.Subscription{Filter: "ask", QoS: 1}); err != nil {
		t.Fatal(err)
	}
	var p protocol.Published
	for range 2 { // the second one finds the response topic subscribed to
		v.must("publish", protocol.Publish{Connection: 1, Topic: "ask", Payload: "time", Answer: 20_000}, &p)
		if p.Response == nil || p.Response.Text != "new time" {
			t.Errorf("%+v", p.Response)
		}
	}
	v.must("publish", protocol.Publish{Connection: 2, Topic: "ask", Payload: "time", Answer: 20_000, ResponseTopic: "old/answer"}, &p)
	if p.Response == nil || p.Response.Text != "old time" || p.Response.Topic != "old/answer" {
		t.Errorf("%+v", p.Response)
	}
	if err := v.ask("publish", protocol.Publish{Connection: 2, Topic: "ask", Answer: 1000}, nil); err == nil || !strings.Contains(err.Error(), "response topic") {
		t.Errorf("before MQTT 5 without a response topic: %v", err)
	}
	if err := v.ask("publish", protocol.Publish{Connection: 1, Topic: "nobody", QoS: 1, Answer: 1}, nil); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("without an answer: %v", err)
	}
}

// TestPageDeletesRetainedMessages plans, shows what would go, and deletes just that.
func TestPageDeletesRetainedMessages(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	c := client(t, b.URL(), mqtt.Config{})
	for _, topic := range []string{"old", "old/a", "old/b/c", "older", "kept"} {
		publish(t, c, topic, "x", true)
	}
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	v.connected(1)
	v.must("see", protocol.See{Connection: 1, Count: 500}, nil)
	node := v.row("old", func(r protocol.Row) bool { return r.Messages == 3 && r.Retained }).Node
	var plan protocol.Plan
	v.must("clear", protocol.Clear{Connection: 1, Node: node}, &plan)
	if plan.Count != 3 || len(plan.Topics) != 3 {
		t.Fatalf("the plan is %+v", plan)
	}
	v.must("clearNow", protocol.ClearNow{Plan: plan.Plan}, nil)
	end := await(v, "the end of the deletion", func(p protocol.Push) (protocol.Progress, bool) {
		if p.Progress == nil || !p.Progress.Ended {
			return protocol.Progress{}, false
		}
		return *p.Progress, true
	})
	if end.What != "clear" || end.Done != 3 || end.All != 3 || end.Error != "" {
		t.Errorf("%+v", end)
	}
	v.must("clear", protocol.Clear{Connection: 1}, &plan)
	if fmt.Sprint(plan.Count, len(plan.Topics)) != "2 2" || !containsAny(strings.Join(plan.Topics, " "), "older") {
		t.Errorf("left are %+v", plan)
	}
	v.row("old", func(r protocol.Row) bool { return !r.Retained })
	if err := v.ask("clearNow", protocol.ClearNow{Plan: 12345}, nil); err == nil || !strings.Contains(err.Error(), "no such plan") {
		t.Errorf("a plan that there is not: %v", err)
	}
}

// TestRefusedDeletionIsTold says how many retained messages a broker has not let go.
func TestRefusedDeletionIsTold(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("user ann\ntopic read #\ntopic write mine/#\nuser bob\ntopic readwrite #\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "secret-of-ann", "bob": "secret-of-bob"}, Config: []string{"acl_file " + acl}})
	c := client(t, b.URL(), mqtt.Config{Username: "bob", Password: mqtt.Secret("secret-of-bob")})
	for _, topic := range []string{"mine/a", "others/a"} {
		publish(t, c, topic, "x", true)
	}
	ann := all(b.URL(), "#")
	ann.Connect.Username, ann.Connect.Password, ann.Connect.Version = "ann", mqtt.Secret("secret-of-ann"), mqtt.V311
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{ann}}))
	v.connected(1)
	var plan protocol.Plan
	v.must("clear", protocol.Clear{Connection: 1}, &plan)
	v.must("clearNow", protocol.ClearNow{Plan: plan.Plan}, nil)
	await(v, "what was refused", func(p protocol.Push) (any, bool) {
		return nil, p.Progress != nil && p.Progress.Ended && p.Progress.Done == 1 && p.Progress.All == 2 &&
			strings.Contains(p.Progress.Error, `1 are still there, such as "others/a"`)
	})
}

// TestPlanStaysWhileTheBrokerIsAway: who is told to try later can.
func TestPlanStaysWhileTheBrokerIsAway(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	publish(t, client(t, b.URL(), mqtt.Config{}), "old", "x", true)
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	v.connected(1)
	var plan protocol.Plan
	v.must("clear", protocol.Clear{Connection: 1}, &plan)
	b.Stop()
	v.connection(1, "that the broker is away", func(c protocol.Connection) bool { return c.State == "waiting" })
	for range 2 {
		if err := v.ask("clearNow", protocol.ClearNow{Plan: plan.Plan}, nil); err == nil || !strings.Contains(err.Error(), "try later") {
			t.Errorf("without a broker: %v", err)
		}
	}
}

// TestConnectionsOfThePage opens, subscribes, unsubscribes, ends and removes connections as the page asks.
func TestConnectionsOfThePage(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	v := view(t, start(t, ui.Options{}))
	var c protocol.Connection
	v.must("connect", protocol.Connect{URL: b.URL(), Filters: []protocol.Filter{{Filter: "a/#", QoS: 1}}}, &c)
	v.connected(c.ID)
	var f protocol.Filter
	v.must("subscribe", protocol.Subscribe{Connection: c.ID, Filter: protocol.Filter{Filter: "b/+", QoS: 2}}, &f)
	if f != (protocol.Filter{Filter: "b/+", QoS: 2}) {
		t.Errorf("%+v", f)
	}
	v.connection(c.ID, "both filters", func(c protocol.Connection) bool { return len(c.Filters) == 2 })
	v.must("unsubscribe", protocol.Subscribe{Connection: c.ID, Filter: protocol.Filter{Filter: "a/#"}}, nil)
	v.connection(c.ID, "one filter", func(c protocol.Connection) bool { return len(c.Filters) == 1 && c.Filters[0].Filter == "b/+" })
	v.must("disconnect", protocol.Only{Connection: c.ID}, nil)
	v.connection(c.ID, "the end", func(c protocol.Connection) bool { return c.State == "ended" && c.Detail == "disconnected by a viewer" })
	if err := v.ask("publish", protocol.Publish{Connection: c.ID, Topic: "a"}, nil); err == nil || !strings.Contains(err.Error(), "connect again") {
		t.Errorf("publishing after the end: %v", err)
	}
	v.forget()
	v.must("disconnect", protocol.Only{Connection: c.ID}, nil)
	await(v, "no connection", func(p protocol.Push) (any, bool) { return nil, p.Hello != nil && len(p.Hello.Connections) == 0 })
	for want, wrong := range map[string]protocol.Connect{
		"name the topic filters": {URL: "mqtt://192.0.2.1"},
		"address":                {URL: "http://localhost"},
		"not known":              {URL: b.URL(), Version: "6"},
		"filter":                 {URL: b.URL(), Filters: []protocol.Filter{{Filter: "a/#/b"}}},
		"recordings":             {Replay: "a.ndjson"},
	} {
		if err := v.ask("connect", wrong, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want something of %s", wrong, err, want)
		}
	}
}

// TestBrokerThatIsAway shows the page why there is no connection, and the connection once there is one.
func TestBrokerThatIsAway(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	b.Stop()
	away := all(b.URL())
	away.Reconnect = &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond}
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{away}}))
	v.connection(1, "why there is no connection", func(c protocol.Connection) bool {
		return c.State == "waiting" && strings.Contains(c.Detail, "refused") && strings.Contains(c.Detail, "trying again in")
	})
	if err := v.ask("publish", protocol.Publish{Connection: 1, Topic: "a", QoS: 1}, nil); err == nil || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("publishing without a connection: %v", err)
	}
	b.Restart()
	v.connected(1)
	v.forget()
	b.Stop()
	v.connection(1, "the loss", func(c protocol.Connection) bool { return c.State == "waiting" })
	v.forget()
	b.Restart()
	v.connected(1)
}

// TestFiguresOfBroker shows what Mosquitto says of itself.
func TestFiguresOfBroker(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Config: []string{"sys_interval 1"}})
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	await(v, "the broker's figures", func(p protocol.Push) (any, bool) {
		if p.Server == nil || p.Server.Connection != 1 || !strings.Contains(p.Server.Product, "mosquitto version 2") {
			return nil, false
		}
		for _, tile := range p.Server.Tiles {
			if tile.Name == "clients connected" && tile.Value == "1" && tile.Topic == "$SYS/broker/clients/connected" {
				return nil, true
			}
		}
		return nil, false
	})
}

// TestFilterThatIsRefused says at the filter that a broker refuses it, and lets the others be.
func TestFilterThatIsRefused(t *testing.T) {
	peer := mqtttest.NewServer(t)
	b := all(peer.URL(), "bad/#", "good/#")
	b.Connect.Version = mqtt.V311
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{b}}))
	server := peer.Accept()
	server.Accept()
	for _, code := range []byte{0x80, 0x01} {
		subscribe := server.Packet()
		server.SendBytes([]byte{0x90, 3, subscribe[2], subscribe[3], code})
	}
	v.connection(1, "the refusal", func(c protocol.Connection) bool {
		return c.State == "connected" && strings.Contains(c.Filters[0].Error, "bad/#") && c.Filters[1] == protocol.Filter{Filter: "good/#", QoS: 1}
	})
}

// checkNoNull holds what is sent to the page's types: a list is a list, also where it is empty.
func checkNoNull(t *testing.T, texts []string) {
	t.Helper()
	for _, text := range texts {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Errorf("%v: %.200s", err, text)
		}
		if hasNull(value) {
			t.Errorf("there is a null in %.300s", text)
		}
	}
}

// hasNull reports whether there is a null in a value of JSON.
func hasNull(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		for _, element := range v {
			if hasNull(element) {
				return true
			}
		}
	case map[string]any:
		for _, member := range v {
			if hasNull(member) {
				return true
			}
		}
	}
	return false
}
