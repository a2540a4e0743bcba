package interop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	nats "github.com/nats-io/nats-server/v2/server"

	"dunlin/broker"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// server is a kind of server that the suite knows. What the standard leaves to a
// server, or its configuration sets, stands here; what it does wrong stands in
// deviations.
type server struct {
	name  string
	start func(t *testing.T) (url string)
	// versions are those it speaks; TestVersions holds it to them.
	versions []mqtt.Version
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
		name: "mosquitto", start: startMosquitto, versions: allVersions,
		keepAlive: time.Minute, packetSize: 4 << 20, aliasesTaken: 10, tellsUnmatched: true,
	},
	{name: "mochi", start: startMochi, versions: allVersions, marksFirst: true, aliasesUsed: true},
	{name: "nats", start: startNATS, versions: []mqtt.Version{mqtt.V311}, refuses: true},
	{name: "aedes", start: startAedes, versions: before5, refuses: true, acksEarly: true},
}

func startMosquitto(t *testing.T) string {
	return mosquitto.Start(t, mosquitto.Options{Config: []string{
		"max_keepalive 60",
		"max_packet_size 4194304",
	}}).URL()
}

// serveMochi is set in the environment of the process that is to be mochi.
const serveMochi = "INTEROP_SERVE_MOCHI"

// startMochi starts the broker that dunlin carries, which wraps mochi-mqtt, in a
// process of its own: one that hangs must not hang the test.
func startMochi(t *testing.T) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveMochi+"=1")
	return startProcess(t, cmd)
}

// runMochi is that process. It ends with its standard input.
func runMochi() error {
	b, err := broker.Start(context.Background(), broker.Config{})
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		return err
	}
	if _, err := fmt.Println(port); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startNATS starts a NATS server in this process. Its MQTT needs JetStream.
func startNATS(t *testing.T) string {
	options := &nats.Options{
		ServerName: "interop", Host: "127.0.0.1", Port: nats.RANDOM_PORT,
		NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(),
		MaxPayload: 8 << 20, MaxPending: 64 << 20,
		Users: []*nats.User{{Username: "any", Permissions: &nats.Permissions{
			Subscribe: &nats.SubjectPermission{Deny: []string{"denied.>"}},
		}}},
		NoAuthUser: "any",
		MQTT: nats.MQTTOpts{
			Host: "127.0.0.1", Port: nats.RANDOM_PORT, NoAuthUser: "any",
			// By default a session has room for 63 subscriptions, and what was not
			// acknowledged comes again after 30 s only, not when the client does.
			MaxAckPending: 200, AckWait: 8 * time.Second,
			// 5 s by default, which a busy machine exceeds; a SUBSCRIBE is refused then.
			JSAPITimeout: 15 * time.Second,
		},
	}
	s, err := nats.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("nats: not ready for connections within 20 s")
	}
	return "mqtt://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(options.MQTT.Port)) // the one it took
}

// startAedes starts aedes.mjs with Node.js.
func startAedes(t *testing.T) string {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("aedes: Node.js is not installed; install it (apt-get install nodejs npm) and run `make test`")
	}
	if _, err := os.Stat("node_modules/aedes"); err != nil {
		t.Fatal("aedes: not installed; run `make test`, or `npm ci --ignore-scripts` in interop/")
	}
	return startProcess(t, exec.Command(node, "aedes.mjs"))
}

// startProcess starts a server that prints its port and ends with its standard
// input.
func startProcess(t *testing.T, cmd *exec.Cmd) (url string) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close() // it ends by itself then
		_, _ = io.Copy(io.Discard, lines)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", cmd, err)
		}
	})
	port, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("%s: did not start: %v", cmd, err)
	}
	return "mqtt://" + net.JoinHostPort("127.0.0.1", strings.TrimSpace(port))
}
