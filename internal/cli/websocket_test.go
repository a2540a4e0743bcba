package cli_test

import (
	"strings"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/testcert"
	"dunlin/mqtt/mqtttest"
)

// webBroker starts a broker with the schemes ws and wss, and returns the URLs.
func webBroker(t *testing.T, ca *testcert.Authority) (plain, secure string) {
	t.Helper()
	cert, key := ca.Server(t, testcert.Options{}).Files(t)
	c := start(t, nil, "broker", "--listen", "ws://127.0.0.1:0", "--listen", "wss://127.0.0.1:0", "--cert", cert, "--key", key)
	urls := strings.Fields(c.stdout.waitFor(t, "\nwss://127.0.0.1:"))
	t.Cleanup(func() {
		c.stop(nil)
		c.wait(t)
	})
	return urls[0], urls[1]
}

func TestPubAndSubOverWebSocket(t *testing.T) {
	t.Parallel()
	ca := testcert.NewAuthority(t)
	plain, secure := webBroker(t, ca)
	const seesQuery = "dunlin: pub: other users of this machine see the query of -L; use $MQTT_URL\n" // it may be a secret
	// The path is HTTP's, not a topic; what follows the question mark goes there, too.
	for _, way := range [][]string{
		{"-L", plain + "/mqtt"},
		{"-L", plain},
		{"-L", strings.Replace(plain, "ws://", "WS://", 1) + "/mqtt?token=1"},
		{"-L", secure + "/mqtt", "--cafile", ca.File(t)},
	} {
		pub := start(t, nil, append([]string{"pub", "-t", "web/a", "-m", way[1], "-r", "-q", "1"}, way...)...)
		if status := pub.wait(t); status != cli.ExitOK || strings.Replace(pub.stderr.String(), seesQuery, "", 1) != "" {
			t.Errorf("pub %s: status %d; stderr %q", way, status, pub.stderr.String())
		}
		sub := start(t, nil, append([]string{"sub", "-t", "#", "-C", "1", "-W", "10", "-v"}, way...)...)
		if status, got := sub.wait(t), sub.stdout.String(); status != cli.ExitOK || got != "web/a "+way[1]+"\n" {
			t.Errorf("sub %s: status %d, printed %q; stderr %q", way, status, got, sub.stderr.String())
		}
	}
}

func TestPathOfAWebSocketIsNoFilter(t *testing.T) {
	t.Parallel()
	plain, _ := webBroker(t, testcert.NewAuthority(t))
	c := start(t, nil, "sub", "-L", plain+"/mqtt")
	if status := c.wait(t); status != cli.ExitUsage || !strings.Contains(c.stderr.String(), "no topic filter") {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
}

// What follows the question mark may be a secret.
func TestSubDoesNotShowTheQuery(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL()+"?token=s3cret", "-t", "t", "--once")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 3, id[0], id[1], 0})
	conn.Close()
	if status := c.wait(t); status != cli.ExitLost {
		t.Errorf("status %d; want %d", status, cli.ExitLost)
	}
	oneLine(t, c.stderr.String())
	if said := c.stderr.String(); strings.Contains(said, "s3cret") || !strings.Contains(said, server.URL()) {
		t.Errorf("stderr %q", said)
	}
}
