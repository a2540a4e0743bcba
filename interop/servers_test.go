package interop

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// server is a kind of server that the suite knows. What the standard leaves to a
// server, or its configuration sets, stands here; what it does wrong stands in
// deviations, and what only it does in its own way in facts.
type server struct {
	name  string
	start func(t *testing.T) (url string)
	// startWebSocket starts one that serves WebSocket, or is nil.
	startWebSocket func(t *testing.T) (url string)
	// check tells why it cannot be started here; nil: it can.
	check func() error
	// versions are those it speaks; TestVersions holds it to them.
	versions []mqtt.Version
	// closesAt5: it answers a CONNECT of MQTT 5 by closing the connection.
	closesAt5 bool
	// noQoS2: it has no QoS 2.
	noQoS2 bool
	// refuses tells that it is set up to refuse subscriptions to denied/#.
	refuses bool
	// marksFirst: a SUBSCRIBE amid messages fails, so the one of until comes first.
	marksFirst bool
	// acksEarly: a publish may be acknowledged before it is delivered.
	acksEarly bool

	// MQTT 5: the limits that it tells, 0 for none, and what it does though it need not.
	keepAlive      time.Duration
	packetSize     int
	aliasesTaken   int
	aliasesUsed    bool
	tellsUnmatched bool // 0x10 No matching subscribers, at QoS 1
}

var allVersions = []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5}

var servers = []server{
	{
		name: "mosquitto", start: startMosquitto, startWebSocket: startMosquittoWebSocket, versions: allVersions,
		keepAlive: time.Minute, packetSize: 4 << 20, aliasesTaken: 10, tellsUnmatched: true,
	},
	{
		name: "rabbitmq", start: startRabbitMQ, startWebSocket: startRabbitMQWebSocket, check: checkRabbitMQ, versions: before5,
		closesAt5: true, noQoS2: true,
	},
	{name: "nats", start: startNATS, startWebSocket: startNATSWebSocket, versions: []mqtt.Version{mqtt.V311}, refuses: true},
	{name: "aedes", start: startAedes("aedes"), versions: before5, refuses: true, acksEarly: true},
	{name: "aedes 0.51", start: startAedes("aedes-0.51"), versions: before5, refuses: true, acksEarly: true},
	{
		name: "mochi", start: startOwn("mochi"), startWebSocket: startMochiWebSocket, versions: allVersions,
		marksFirst: true, aliasesUsed: true,
	},
	{
		name: "dunlin broker", start: startOwn("dunlin"), versions: allVersions, marksFirst: true,
		packetSize: 64 << 20, aliasesTaken: 10, tellsUnmatched: true,
	},
}

func startMosquitto(t *testing.T) string {
	return mosquitto.Start(t, mosquitto.Options{Config: []string{
		"max_keepalive 60",
		"max_packet_size 4194304",
	}}).URL()
}

func startMosquittoWebSocket(t *testing.T) string {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	// Beside a plain listener: without one 2.0.11 does not start.
	mosquitto.Start(t, mosquitto.Options{Config: []string{"listener " + port + " 127.0.0.1", "protocol websockets"}})
	return local("ws", port)
}

// startAedes starts aedes.mjs with Node.js and that package.
func startAedes(module string) func(t *testing.T) string {
	return func(t *testing.T) string {
		node, err := exec.LookPath("node")
		if err != nil {
			t.Fatal("aedes: Node.js is not installed; install it (apt-get install nodejs npm, or brew install node) and run `make test`")
		}
		if _, err := os.Stat("node_modules/" + module); err != nil {
			t.Fatalf("%s: not installed; run `make test`, or `npm ci --ignore-scripts` in interop/", module)
		}
		return startProcess(t, exec.Command(node, "aedes.mjs", module))
	}
}
