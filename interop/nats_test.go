package interop

import (
	"net"
	"strconv"
	"testing"
	"time"

	nats "github.com/nats-io/nats-server/v2/server"
)

// startNATS starts a NATS server in this process, set up so that the cases do not
// wait long.
func startNATS(t *testing.T) string {
	o := natsOptions(t)
	o.MaxPayload, o.MaxPending = 8<<20, 64<<20
	// By default a session has room for 63 subscriptions, and what was not
	// acknowledged comes again after 30 s only, not when the client does.
	o.MQTT.MaxAckPending, o.MQTT.AckWait = 200, 8*time.Second
	return serveNATS(t, o)
}

// startPlainNATS starts one with its defaults.
func startPlainNATS(t *testing.T) string { return serveNATS(t, natsOptions(t)) }

func startNATSWebSocket(t *testing.T) string {
	o := natsOptions(t)
	o.Websocket = nats.WebsocketOpts{Host: "127.0.0.1", Port: nats.RANDOM_PORT, NoTLS: true, NoAuthUser: "any"}
	serveNATS(t, o)
	return local("ws", strconv.Itoa(o.Websocket.Port)) + "/mqtt" // the one it took
}

// natsOptions are what a NATS server needs for MQTT, which is JetStream, and a user
// for those who give no name.
func natsOptions(t *testing.T) *nats.Options {
	return &nats.Options{
		ServerName: "interop", Host: "127.0.0.1", Port: nats.RANDOM_PORT,
		NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(),
		Users: []*nats.User{{Username: "any", Permissions: &nats.Permissions{
			Subscribe: &nats.SubjectPermission{Deny: []string{"denied.>"}},
		}}},
		NoAuthUser: "any",
		MQTT: nats.MQTTOpts{
			Host: "127.0.0.1", Port: nats.RANDOM_PORT, NoAuthUser: "any",
			// 5 s by default, which a busy machine exceeds; a SUBSCRIBE is refused then.
			JSAPITimeout: 15 * time.Second,
		},
	}
}

func serveNATS(t *testing.T, o *nats.Options) string {
	s, err := nats.NewServer(o)
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
	return "mqtt://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(o.MQTT.Port)) // the one it took
}
