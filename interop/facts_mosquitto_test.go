package interop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

var mosquittoFacts = []testCase{
	{
		name: "a hundred messages at QoS 2 at once", only: on("mosquitto"), body: manyAtQoS2,
		says: "It takes 20 unfinished QoS 2 publishes. The client keeps to that by itself; before MQTT 5, do not raise `Limits.InFlight` or `Limits.InFlightQoS2` above 20: more end the connection.",
	},
	{
		name: "the 21st message at QoS 2", only: on("mosquitto"), from: mqtt.V5, body: the21st,
		says: "With MQTT 5 it refuses the 21st with 0x97, Quota exceeded, and does not end the connection; no publish of the client comes to that.",
	},
	{
		name: "no keep alive", only: on("mosquitto"), from: mqtt.V5, body: noKeepAlive,
		says: "Asked for no keep alive (negative KeepAlive), Mosquitto 2.0 sets one of 65,535 s for a client of MQTT 5, which the client obeys.",
	},
	{
		name: "retained messages for a shared subscription", only: on("mosquitto"), from: mqtt.V5, body: sharedRetained,
		says: "Mosquitto 2.0 sends the retained messages to a new shared subscription too, though MQTT 5 has none sent there; they are marked as retained.",
	},
	{
		name: "one copy for overlapping filters", only: on("mosquitto"), to: mqtt.V311, body: oneCopy,
		says: "Before MQTT 5, Mosquitto 2.0 sends one copy of a message for which two filters match, and each handler is called once. Mosquitto 2.1 sends two copies, so that each is called twice: take MQTT 5 there, which tells the copies apart.",
	},
	{
		name: "a message above 2,000,000 bytes", only: on("mosquitto"), body: twoMillionBytes, long: true,
		says: "Mosquitto 2.1 takes packets up to 2,000,000 bytes unless `max_packet_size` says otherwise. With MQTT 5 a larger message is refused unsent; before, the connection ends, and with Reconnect the message is put aside (ErrQuarantined).",
	},
	{
		name: "topics that the server ends the connection at", only: on("mosquitto"), body: mosquittoTopics, long: true,
		says: "Control characters such as a tab, U+FFFE and more than 200 slashes in a topic end the connection. A client with Reconnect tells of it (ErrQuarantined) and goes on.",
	},
	{
		name: "messages that the access list forbids", only: on("mosquitto"), body: accessList,
		says: "A publish that `acl_file` forbids is refused with 0x87 in MQTT 5, and acknowledged and dropped before; a SUBSCRIBE is granted in every version, and nothing comes.",
	},
}

// boundedQueue: with no bound 2.0.11 closes the connection at each message that it refuses.
const boundedQueue = "max_queued_messages 1000"

// mosquittoWith starts one with its defaults and these lines of configuration.
func mosquittoWith(lines ...string) func(*testing.T) string {
	return func(t *testing.T) string { return mosquitto.Start(t, mosquitto.Options{Config: lines}).URL() }
}

func manyAtQoS2(r *rig) {
	p := r.dial()
	deliveries := make([]*mqtt.Delivery, 100)
	for i := range deliveries {
		d, err := p.PublishAsync(r.ctx, mqtt.Message{Topic: r.topic("t"), QoS: 2}, nil)
		r.must("publish", err)
		deliveries[i] = d
	}
	for _, d := range deliveries {
		r.must("publish", d.Wait(r.ctx))
	}
	same(r, "connected", p.IsConnected(), true)
}

// the21st is sent by hand: the client waits for one of the others to end.
func the21st(r *rig) {
	r.use(mosquittoWith(boundedQueue))
	w := r.dialRaw()
	defer w.conn.Close()
	for id := byte(1); id <= 21; id++ {
		w.send(0x34, field(r.topic("t")), []byte{0, id, 0})
		reason := mqtt.ReasonCode(0)
		if id == 21 {
			reason = 0x97
		}
		answer := append(w.receive(0x50), 0)
		same(r, fmt.Sprintf("reason code of PUBREC %d", id), mqtt.ReasonCode(answer[2]), reason)
	}
	w.send(0x62, []byte{0, 1}) // PUBREL: the connection goes on
	w.receive(0x70)
}

func noKeepAlive(r *rig) {
	r.use(mosquittoWith())
	p := r.dial(func(cfg *mqtt.Config) { cfg.KeepAlive = -1 })
	same(r, "keep alive", p.ConnAck().KeepAlive, 65535*time.Second)
	p.subscribe("t", 1)
	p.publish("t", "x", 1)
	p.expect(p, 1, "t=x/1")
}

func sharedRetained(r *rig) {
	p := r.dial()
	p.retain("t", "kept", 1)
	p.subscribeWith(mqtt.Subscription{Filter: "$share/group/" + r.topic("t"), QoS: 1})
	p.publish("t", "live", 1)
	p.expect(p, 1, "t=kept/1/retain", "t=live/1")
	p.retain("t", "", 1)
}

func oneCopy(r *rig) {
	same(r, "calls of the handlers", overlappingCalls(r), [2]int{1, 1})
}

func twoMillionBytes(r *rig) {
	r.use(mosquittoWith("max_packet_size 2000000"))
	m := mqtt.Message{Topic: r.topic("large"), Payload: make([]byte, 2_000_001), QoS: 1}
	if r.version < mqtt.V5 {
		putAside(r, m)
		return
	}
	p := r.dial()
	same(r, "maximum packet size", p.ConnAck().MaximumPacketSize, 2_000_000)
	err := p.Publish(r.ctx, m)
	same(r, fmt.Sprintf("refused unsent (%v)", err), errors.Is(err, mqtt.ErrNotSent), true)
	p.publish("t", "x", 1)
}

func mosquittoTopics(r *rig) {
	r.use(mosquittoWith())
	putAside(r,
		mqtt.Message{Topic: r.topic("a\tb")},
		mqtt.Message{Topic: r.topic("a\uFFFEb")},
		mqtt.Message{Topic: r.topic(strings.Repeat("/", 200))})
}

func accessList(r *rig) {
	path := filepath.Join(r.t.TempDir(), "acl")
	lines := fmt.Sprintf("topic readwrite %s\ntopic readwrite %s\n", r.topic("open"), r.topic("mark/#"))
	r.must("write the access list", os.WriteFile(path, []byte(lines), 0o600))
	r.use(mosquittoWith("acl_file "+path, boundedQueue))
	p := r.dial()
	p.subscribe("closed", 1)
	p.subscribe("open", 1)
	err := p.Publish(r.ctx, mqtt.Message{Topic: r.topic("closed"), Payload: []byte("x"), QoS: 1})
	if r.version == mqtt.V5 {
		same(r, "reason code", r.refusal("publish", err), 0x87)
	} else {
		r.must("publish", err)
	}
	p.publish("open", "x", 1)
	p.expect(p, 1, "open=x/1")
}
