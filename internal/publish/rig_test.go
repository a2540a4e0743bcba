package publish_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connectSize is how long the client's CONNECT is, which a broken connection lets pass.
const connectSize = 24

// network is where a client finds a server in memory, on each of its connections.
type network struct {
	t      *testing.T
	faults func(number int) mqtttest.Faults // of a connection, counted from 0; nil: none
	dials  int
	conns  chan *mqtttest.Conn
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, conns: make(chan *mqtttest.Conn, 100)}
}

// dial makes a connection, of which the test gets the server's end.
func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	if n.faults != nil {
		client = mqtttest.NewFaulty(client, n.faults(n.dials))
	}
	n.dials++
	conn := mqtttest.NewConn(n.t, server)
	conn.SetPatience(24 * time.Hour) // of fake time
	n.conns <- conn
	return client, nil
}

// connect returns a client, and the server's end of its first connection.
func (n *network) connect(cfg mqtt.Config) (*mqtt.Client, *mqtttest.Conn) {
	n.t.Helper()
	cfg.Transport.Dial, cfg.ClientID, cfg.KeepAlive = n.dial, "c", -1
	if cfg.Version == 0 {
		cfg.Version = mqtt.V5
	}
	var client *mqtt.Client
	dialed := make(chan error, 1)
	go func() {
		var err error
		client, err = mqtt.Dial(context.Background(), "mqtt://server", cfg)
		dialed <- err
	}()
	server := <-n.conns
	if p := server.Accept(); len(p) != connectSize {
		n.t.Fatalf("CONNECT has %d bytes", len(p))
	}
	if err := <-dialed; err != nil {
		n.t.Fatal(err)
	}
	return client, server
}

// inFakeTime runs a test with a client and its server; at the end the connection is cut.
func inFakeTime(t *testing.T, test func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := newNetwork(t).connect(mqtt.Config{})
		test(t, client, server)
		server.Close()
		end(client)
	})
}

// end closes the client without a word.
func end(client *mqtt.Client) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = client.Close(ctx) // it says that it was cut
}

// outcome is what a run has come to.
type outcome struct {
	publish.Result
	err error
}

// start runs in the background.
func start(ctx context.Context, client *mqtt.Client, s feed.Source, o publish.Options) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		result, err := publish.Run(ctx, client, s, o)
		done <- outcome{result, err}
	}()
	return done
}

// published is a PUBLISH of MQTT 5 without properties.
type published struct {
	topic, payload string
	qos            byte
	id             uint16
}

// parse reads the packet.
func parse(t *testing.T, packet []byte) published {
	t.Helper()
	if packet[0]>>4 != 3 {
		t.Fatalf("a packet % X in the place of PUBLISH", packet)
	}
	p := published{qos: packet[0] >> 1 & 3}
	_, n := binary.Uvarint(packet[1:])
	rest := packet[1+n:]
	length := int(binary.BigEndian.Uint16(rest))
	p.topic, rest = string(rest[2:2+length]), rest[2+length:]
	if p.qos > 0 {
		p.id, rest = binary.BigEndian.Uint16(rest), rest[2:]
	}
	p.payload = string(rest[1:]) // behind the length of no properties
	return p
}

// ack answers a PUBLISH of QoS 1 with a reason code.
func ack(server *mqtttest.Conn, p published, code byte) {
	server.SendBytes([]byte{0x40, 3, byte(p.id >> 8), byte(p.id), code})
}

// messages returns n messages "1", "2" and so on to the topic t.
func messages(n int, qos mqtt.QoS) feed.Source {
	template, err := feed.ParseTemplate("{{.N}}", "", 0)
	if err != nil {
		panic(err)
	}
	return template.Fill(feed.Repeat(mqtt.Message{Topic: "t", QoS: qos}, n))
}

// lines returns a source of lines.
func lines(r io.Reader, qos mqtt.QoS) feed.Source {
	return feed.Lines(r, mqtt.Message{Topic: "t", QoS: qos}, feed.LineRules{})
}

// expect compares the account, but for the time.
func expect(t *testing.T, got publish.Result, want publish.Result) {
	t.Helper()
	got.Elapsed = 0
	if got != want {
		t.Errorf("account %+v, want %+v", got, want)
	}
}

// numbered returns the lines "1" to "n".
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(lineOf(i + 1))
	}
	return b.String()
}
