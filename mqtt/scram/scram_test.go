package scram_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
	own "dunlin/mqtt/scram"
)

// server answers a client's messages as a server that knows ann's password.
func server(t *testing.T) *scram.ServerConversation {
	t.Helper()
	client, err := scram.SHA256.NewClient("ann", "secret", "")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt", Iters: 4096})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	if err != nil {
		t.Fatal(err)
	}
	return s.NewConversation()
}

// authData is the authentication data of a CONNECT or AUTH packet.
func authData(t *testing.T, sent []byte) string {
	t.Helper()
	h, n, err := wire.ParseHeader(sent, wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	var p wire.Properties
	if h.Type == wire.CONNECT {
		c, err := packet.ParseConnect(h, sent[n:])
		if err != nil {
			t.Fatal(err)
		}
		p = c.Properties
	} else {
		a, err := wire.ParseAuth(h, sent[n:], wire.V5)
		if err != nil {
			t.Fatal(err)
		}
		p = a.Properties
	}
	data, _ := p.Binary(wire.AuthenticationData)
	return string(data)
}

func properties(data string) wire.Properties {
	p := wire.Properties(nil).AppendText(wire.AuthenticationMethod, "SCRAM-SHA-256")
	if data == "" {
		return p
	}
	return p.AppendBinary(wire.AuthenticationData, []byte(data))
}

// connect lets a client with password connect to a server that sends change(its
// last message) with CONNACK.
func connect(t *testing.T, password string, change func(string) string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s := mqtttest.NewServer(t)
	dialed := make(chan error, 1)
	go func() {
		c, err := mqtt.Dial(ctx, s.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: own.SHA256("ann", password)})
		if err == nil {
			err = c.Close(ctx)
		}
		dialed <- err
	}()
	conn := s.Accept()
	talk := server(t)
	challenge, err := talk.Step(authData(t, conn.Packet()))
	if err != nil {
		t.Fatal(err)
	}
	conn.SendBytes(wire.AppendAuth(nil, wire.V5, &wire.Auth{Code: wire.ContinueAuthentication, Properties: properties(challenge)}))
	proof, err := talk.Step(authData(t, conn.Packet()))
	answer := wire.ConnAck{Properties: properties(change(proof))}
	if err != nil {
		answer.Code = wire.NotAuthorized
	}
	conn.SendBytes(packet.AppendConnAck(nil, wire.V5, &answer))
	if err == nil {
		conn.Packet() // DISCONNECT, friendly or not
	}
	conn.Close()
	return <-dialed
}

func asItIs(s string) string { return s }

func TestBothProveThemselves(t *testing.T) {
	if err := connect(t, "secret", asItIs); err != nil {
		t.Error(err)
	}
}

func TestWrongPassword(t *testing.T) {
	var refused *mqtt.ConnectError
	if err := connect(t, "wrong", asItIs); !errors.As(err, &refused) || refused.Code != 0x87 {
		t.Errorf("got %v", err)
	}
}

func TestServerMustProveItself(t *testing.T) {
	forged := func(s string) string { return strings.Replace(s, "v=", "v=AAAA", 1) }
	if err := connect(t, "secret", forged); err == nil || !strings.Contains(err.Error(), "scram") {
		t.Errorf("forged: %v", err)
	}
	if err := connect(t, "secret", func(string) string { return "" }); !errors.Is(err, own.ErrServerNotProven) {
		t.Errorf("none: %v", err)
	}
}

// challenge begins a conversation and returns what a server answers that wants the
// password hashed that often.
func challenge(t *testing.T, a mqtt.Authenticator, iterations string) []byte {
	t.Helper()
	first, err := a.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, nonce, _ := strings.Cut(string(first), "r=")
	return []byte("r=" + nonce + "server,s=c2FsdA==,i=" + iterations)
}

func TestTooManyIterations(t *testing.T) {
	for _, iterations := range []string{"1000001", "2147483647", "9223372036854775807", "99999999999999999999"} {
		a := own.SHA256("ann", "secret")
		if _, err := a.Continue(context.Background(), challenge(t, a, iterations)); err == nil {
			t.Errorf("%s: %v", iterations, err)
		}
	}
	a := own.SHA256("ann", "secret")
	if _, err := a.Continue(context.Background(), challenge(t, a, "4096")); err != nil {
		t.Error(err)
	}
}

func TestComputingEndsWithTheContext(t *testing.T) {
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	a := own.SHA512("ann", "secret")
	data := challenge(t, a, "1000000")
	time.AfterFunc(time.Millisecond, func() { cancel(enough) })
	if _, err := a.Continue(ctx, data); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

func TestUnusablePassword(t *testing.T) {
	_, err := own.SHA512("ann", "\u0001\xff").Start(context.Background())
	if err == nil || own.SHA512("", "").Method() != "SCRAM-SHA-512" {
		t.Errorf("got %v", err)
	}
}
