package ui_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"

	"dunlin/internal/connect"
	"dunlin/internal/mosquitto"
	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// operationNames are those of the protocol, and whether they change something.
var operationNames = map[string]bool{
	"see": false, "open": false, "look": false, "history": false, "read": false, "chart": false, "watch": false, "dissect": false, "files": false,
	"publish": true, "clear": true, "clearNow": true, "connect": true, "disconnect": true, "subscribe": true, "unsubscribe": true, "faults": true,
	"record": true, "stopRecording": true, "replay": true, "stopPublish": true,
}

// TestReadOnly refuses each operation that changes something, and none that only looks.
func TestReadOnly(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}, ReadOnly: true}))
	v.connected(1)
	for name, changes := range operationNames {
		err := v.ask(name, map[string]any{"connection": 1, "url": b.URL(), "topic": "a", "count": 1}, nil)
		if refused := err != nil && strings.Contains(err.Error(), "read-only"); refused != changes {
			t.Errorf("%s: %v", name, err)
		}
	}
	await(v, "that it is read-only", func(p protocol.Push) (any, bool) { return nil, p.Hello != nil && p.Hello.ReadOnly })
}

// TestEveryOperationIsAnswered asks for anything with anything, and gets one answer for each, whose error is one line.
func TestEveryOperationIsAnswered(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	c := client(t, b.URL(), mqtt.Config{})
	publish(t, c, "a/b", `{"x":1}`, true)
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	v.connected(1)
	names := []string{"nothing", ""}
	for name := range operationNames {
		if name != "disconnect" && name != "connect" && name != "clear" { // which end the rest, or take a second each
			names = append(names, name)
		}
	}
	number := rapid.OneOf(rapid.IntRange(-2, 5), rapid.Int())
	word := rapid.SampledFrom([]string{"", "a/b", "#", "json", ".x", "name", "time", "hex", "PUBLISH", "\x00", "5", "{{.N}}", strings.Repeat("x", 70_000)})
	members := map[string]*rapid.Generator[any]{}
	for _, name := range []string{"connection", "node", "number", "last", "count", "points", "from", "qos", "since", "plan", "drop", "speed", "device"} {
		members[name] = number.AsAny()
	}
	members["count"], members["interval"], members["answer"] = rapid.IntRange(-1, 600).AsAny(), rapid.IntRange(-1, 1).AsAny(), rapid.IntRange(-1, 5).AsAny()
	members["connection"] = rapid.IntRange(0, 2).AsAny()
	for _, name := range []string{"search", "sort", "as", "member", "topic", "payload", "type", "text", "schema", "responseTopic", "way", "types"} {
		members[name] = word.AsAny()
	}
	for _, name := range []string{"open", "below", "retain", "template", "seek"} {
		members[name] = rapid.Bool().AsAny()
	}
	rapid.Check(t, func(t *rapid.T) {
		with := map[string]any{}
		for name, value := range members {
			if rapid.Bool().Draw(t, "has "+name) {
				with[name] = value.Draw(t, name)
			}
		}
		name := rapid.SampledFrom(names).Draw(t, "operation")
		if err := v.ask(name, with, nil); err != nil && (err.Error() == "" || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 5000) {
			t.Errorf("%s: the error is not one line: %q", name, err)
		}
	})
	for _, with := range []any{nil, 1, "x", []int{}, map[string]any{"connection": "one"}} {
		for name := range operationNames {
			if name != "clear" {
				_ = v.ask(name, with, nil)
			}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	checkNoNull(t, v.texts)
}

// TestWhatIsNoAskEndsTheViewer closes the WebSocket of a page that says what no page says.
func TestWhatIsNoAskEndsTheViewer(t *testing.T) {
	s := start(t, ui.Options{})
	v := view(t, s)
	if err := v.conn.Write(t.Context(), websocket.MessageText, []byte("no JSON")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-v.ended:
	case <-time.After(patience):
		t.Fatal("the page is still listened to")
	}
	view(t, s).must("watch", protocol.Watch{}, nil)
}

// TestPageThatDoesNotRead holds up nobody: another page sees all that comes, and the broker gets all acknowledged.
func TestPageThatDoesNotRead(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}})
	stuck := socket(t, s)
	t.Cleanup(func() { _ = stuck.CloseNow() })
	v := view(t, s)
	v.connected(1)
	c := client(t, b.URL(), mqtt.Config{})
	large := strings.Repeat("x", 100)
	for i := range 500 {
		publish(t, c, fmt.Sprintf("level%d/%s", i%100, large), large, false)
	}
	ask := func(id int, do string, with any) {
		parameters, _ := json.Marshal(with)
		text, _ := json.Marshal(protocol.Ask{ID: id, Do: do, With: parameters})
		ctx, cancel := contextOf(t, 100*time.Millisecond)
		defer cancel()
		_ = stuck.Write(ctx, websocket.MessageText, text) // until it is stuck in this direction, too
	}
	for i := range 300 {
		ask(i+1, "history", protocol.History{Connection: 1, Node: 1, Last: 1000, Count: 500})
	}
	v.must("see", protocol.See{Connection: 1, Count: 500}, nil)
	v.must("open", protocol.Open{Connection: 1, Open: true}, nil)
	publish(t, c, "last", "one", false)
	v.row("last", nil)
	v.connection(1, "all messages", func(c protocol.Connection) bool { return c.Messages >= 501 })
}

// TestRequestsWithoutAnswerHoldUpNobody looks at the tree while as many requests as may be wait for answers, and refuses one more.
func TestRequestsWithoutAnswerHoldUpNobody(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	v.connected(1)
	request := protocol.Publish{Connection: 1, Topic: "nobody", Answer: 600_000}
	for range 16 {
		v.begin("publish", request)
	}
	if err := v.ask("publish", request, nil); err == nil || !strings.Contains(err.Error(), "wait until one has ended") {
		t.Errorf("the 17th request: %v", err)
	}
	for range 20 {
		v.must("watch", protocol.Watch{Connection: 1, Count: 1}, nil)
		v.must("dissect", protocol.Dissect{Connection: 1, Number: 1}, nil)
	}
	v.must("see", protocol.See{Connection: 1, Count: 10}, nil)
	v.row("nobody", nil)
}

// TestPublishingIsStopped stops what is published each hour, and what waits to be answered.
func TestPublishingIsStopped(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}})
	v, other := view(t, s), view(t, s)
	v.connected(1)
	v.must("see", protocol.See{Connection: 1, Count: 10}, nil)
	many := v.begin("publish", protocol.Publish{Connection: 1, Topic: "bell", Count: 9, Interval: 3_600_000})
	request := v.begin("publish", protocol.Publish{Connection: 1, Topic: "nobody", Answer: 600_000})
	v.row("bell", nil)
	v.row("nobody", nil)
	other.must("stopPublish", protocol.Only{Connection: 1}, nil) // which is for its own alone
	v.must("stopPublish", protocol.Only{Connection: 2}, nil)
	select {
	case text := <-many:
		t.Errorf("another viewer stopped it: %s", text)
	case text := <-request:
		t.Errorf("another viewer stopped it: %s", text)
	default:
	}
	v.must("stopPublish", protocol.Only{Connection: 1}, nil)
	for want, answer := range map[string]<-chan json.RawMessage{"1 of 9 were published: ": many, "stopped, as you asked": request} {
		select {
		case text := <-answer:
			if !strings.Contains(string(text), want) || !strings.Contains(string(text), "stopped, as you asked") {
				t.Errorf("the answer is %s, want %q", text, want)
			}
		case <-time.After(patience):
			t.Fatalf("it goes on; want %q", want)
		}
	}
}

// TestPagesSeeTheSame tells two pages of the same, each of what it looks at.
func TestPagesSeeTheSame(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}})
	first, second := view(t, s), view(t, s)
	first.connected(1)
	second.connected(1)
	first.must("see", protocol.See{Connection: 1, Count: 10}, nil)
	second.must("see", protocol.See{Connection: 1, Count: 10, Search: "found"}, nil)
	publish(t, client(t, b.URL(), mqtt.Config{}), "a/found", "x", false)
	publish(t, client(t, b.URL(), mqtt.Config{}), "b/other", "x", false)
	first.row("b", nil)
	row := await(second, "the search", func(p protocol.Push) (protocol.Rows, bool) {
		if p.Rows == nil || p.Rows.Found != 1 {
			return protocol.Rows{}, false
		}
		return *p.Rows, true
	})
	for _, r := range row.Rows {
		if r.Name == "b" || r.Name == "other" {
			t.Errorf("the search found %+v", r)
		}
	}
}

// TestDeviceBehindTheProxy shows a device's packets, both ways, and why it was disconnected.
func TestDeviceBehindTheProxy(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	v := view(t, start(t, ui.Options{Proxy: &ui.Proxy{Listen: "127.0.0.1:0", To: connect.Options{URL: b.URL()}}}))
	proxy := v.connection(1, "the proxy", func(c protocol.Connection) bool { return c.Kind == "proxy" && c.State == "connected" })
	address, _, _ := strings.Cut(proxy.URL, " ")
	var p protocol.Packets
	v.must("watch", protocol.Watch{Connection: 1, Count: 100}, &p)
	v.must("see", protocol.See{Connection: 1, Count: 10}, nil)
	device, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	// CONNECT as "device" with a keep-alive of 60 s, PUBLISH "x" to "t", and a packet of type 0, which there is not.
	_, _ = io.WriteString(device, "\x10\x12\x00\x04MQTT\x04\x02\x00\x3c\x00\x06device"+"\x30\x04\x00\x01tx")
	await(v, "the packets", func(p protocol.Push) (any, bool) {
		return nil, p.Packets != nil && len(p.Packets.Devices) == 1 && p.Packets.Devices[0].ClientID == "device"
	})
	v.row("t", func(r protocol.Row) bool { return r.Value == "x" })
	_, _ = io.WriteString(device, "\x00\x00")
	end := await(v, "why it ended", func(p protocol.Push) (protocol.End, bool) {
		if p.Packets == nil || len(p.Packets.Ends) == 0 {
			return protocol.End{}, false
		}
		return p.Packets.Ends[0], true
	})
	if end.Why == "" || end.Hint == "" {
		t.Errorf("%+v", end)
	}
	v.must("watch", protocol.Watch{Connection: 1, Count: 100, Type: "PUBLISH"}, &p)
	if len(p.Packets) != 1 || !p.Packets[0].Sent {
		t.Fatalf("%+v", p.Packets)
	}
	var d protocol.Dissected
	v.must("dissect", protocol.Dissect{Connection: 1, Number: p.Packets[0].Number}, &d)
	if len(d.Fields) == 0 || string(d.Bytes) != "\x30\x04\x00\x01tx" {
		t.Errorf("%+v", d)
	}
	v.must("faults", protocol.Faults{Connection: 1, Refuse: true}, nil)
	v.connection(1, "the fault", func(c protocol.Connection) bool { return c.Faults != nil && c.Faults.Refuse })
	if err := v.ask("publish", protocol.Publish{Connection: 1, Topic: "a"}, nil); err == nil || !strings.Contains(err.Error(), "no connection of ours") {
		t.Errorf("publishing over the proxy: %v", err)
	}
}
