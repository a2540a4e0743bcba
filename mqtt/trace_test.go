package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// traced collects what OnPacket is shown, which two goroutines call.
type traced struct {
	mu      sync.Mutex
	packets []mqtt.TracedPacket
}

func (tr *traced) add(p mqtt.TracedPacket) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	p.Bytes = bytes.Clone(p.Bytes)
	tr.packets = append(tr.packets, p)
}

// all returns the packets in one string, and their lines.
func (tr *traced) all() (raw []byte, lines string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, p := range tr.packets {
		raw = append(raw, p.Bytes...)
		lines += p.String() + "\n"
	}
	return raw, lines
}

// secretAuth says a secret in each of its packets.
type secretAuth struct{}

func (secretAuth) Method() string                                          { return "M" }
func (secretAuth) Start(context.Context) ([]byte, error)                   { return []byte("SECRET1"), nil }
func (secretAuth) Continue(_ context.Context, data []byte) ([]byte, error) { return data, nil }
func (secretAuth) Finish(context.Context, []byte) error                    { return nil }

const (
	secretUser     = "SECRET-user"
	secretPassword = "SECRET-password"
)

// talkOfSecrets has a client connect, publish and close, and returns its CONNECT and how
// many bytes of all packets are secrets.
func talkOfSecrets(t *testing.T, cfg mqtt.Config) (connect []byte, secrets int) {
	t.Helper()
	ctx := ctxFor(t)
	server := mqtttest.NewServer(t)
	var client *mqtt.Client
	dialed := async(func() (err error) {
		client, err = mqtt.Dial(ctx, server.URL(), cfg)
		return err
	})
	conn := server.Accept()
	connect = conn.Packet()
	secrets = len(secretUser) + len(secretPassword)
	if cfg.Auth != nil {
		conn.Send("F0 10 18 0E 1500014D 160007 53454352455432") // SECRET2, which is said again
		conn.Expect("F0 10 18 0E 1500014D 160007 53454352455432")
		conn.Send("20 11 0000 0E 1500014D 160007 53454352455433") // SECRET3
		secrets += 4 * len("SECRET1")
	} else {
		conn.Send("20 02 0000")
	}
	must(t, <-dialed)
	must(t, client.Publish(ctx, mqtt.Message{Topic: "t", Payload: []byte("on")}))
	conn.Packet()
	closed := async(func() error { return client.Close(ctx) })
	conn.Packet()
	conn.Close()
	must(t, <-closed)
	return connect, secrets
}

func TestTraceHasNoCredentials(t *testing.T) { // the server has them, and all else is shown as it is
	for _, version := range []mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			var seen traced
			cfg := mqtt.Config{
				ClientID: "kitchen", Version: version, Username: secretUser, Password: []byte(secretPassword), OnPacket: seen.add,
				Will: &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte("gone")}},
			}
			if version == mqtt.V5 {
				cfg.Auth = secretAuth{}
			}
			connect, secrets := talkOfSecrets(t, cfg)
			if !bytes.Contains(connect, []byte(secretUser)) || !bytes.Contains(connect, []byte(secretPassword)) {
				t.Errorf("the server got % X", connect)
			}
			raw, lines := seen.all()
			if bytes.Contains(raw, []byte("SECRET")) || bytes.Count(raw, []byte("*")) != secrets {
				t.Errorf("not just the %d bytes of secrets were overwritten: %q", secrets, raw)
			}
			if len(seen.packets[0].Bytes) != len(connect) || seen.packets[0].Size != len(connect) {
				t.Errorf("CONNECT was sent with %d bytes, and shown as %s", len(connect), seen.packets[0].String())
			}
			for _, line := range []string{"sent CONNECT (", "received CONNACK (", `sent PUBLISH qos 0 topic "t" (`, "sent DISCONNECT ("} {
				if !strings.Contains(lines, line) {
					t.Errorf("%q is not in\n%s", line, lines)
				}
			}
		})
	}
}
