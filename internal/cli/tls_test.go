package cli_test

import (
	"crypto/tls"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/testcert"
	"dunlin/mqtt/mqtttest"
)

// A cloud wants a certificate of the client, and ALPN.
func TestCertificateAndALPN(t *testing.T) {
	t.Parallel()
	authority := testcert.NewAuthority(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(), NextProtos: []string{"x-amzn-mqtt-ca"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cert, key := authority.Client(t, testcert.Options{}).Files(t)
	args := []string{"pub", "-p", portOf(t, l.Addr().String()), "--cafile", authority.File(t), "-t", "t", "-m", "x"}
	c := start(t, nil, append(args, "--cert", cert, "--key", key, "--tls-alpn", "x-amzn-mqtt-ca")...)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server := mqtttest.NewConn(t, conn)
	server.Accept()
	server.Packet()
	state := conn.(*tls.Conn).ConnectionState()
	if state.NegotiatedProtocol != "x-amzn-mqtt-ca" || len(state.PeerCertificates) != 1 {
		t.Errorf("protocol %q, %d certificates", state.NegotiatedProtocol, len(state.PeerCertificates))
	}
	server.Packet()
	server.Close()
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
	c = start(t, nil, append(args, "--key", key)...)
	if status := c.wait(t); status != cli.ExitUsage || !strings.Contains(c.stderr.String(), "pub: --key needs --cert") {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
}

// TestLinesOfTheCloudsPage: each line is right as far as the connection, which is refused.
func TestLinesOfTheCloudsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/CLOUDS.md")
	if err != nil {
		t.Fatal(err)
	}
	authority := testcert.NewAuthority(t)
	cert, key := authority.Client(t, testcert.Options{}).Files(t)
	stand := map[string]string{"--cafile": authority.File(t), "--cert": cert, "--key": key, "-h": "127.0.0.1", "-p": "1"}
	blocks := strings.Split(string(page), "```sh\n")[1:]
	for _, block := range blocks {
		line, _, _ := strings.Cut(block, "\n```")
		words, err := exec.Command("sh", "-c", `dunlin() { printf '%s\0' "$MQTT_PASSWORD" "$@"; }; `+line).Output()
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
		password := args[0]
		for i, arg := range args {
			if value, ok := stand[arg]; ok {
				args[i+1] = value
			}
		}
		c := start(t, func(e *environ.Environment) { e.Env = append(e.Env, "MQTT_PASSWORD="+password) }, args[1:]...)
		if status := c.wait(t); status != cli.ExitUnreachable || !strings.Contains(c.stderr.String(), "://127.0.0.1:1: connect: connection refused") {
			t.Errorf("%s: status %d; stderr %q", line, status, c.stderr.String())
		}
	}
	if len(blocks) < 4 {
		t.Errorf("found %d lines", len(blocks))
	}
}
