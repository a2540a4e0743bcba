package mqtt_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"dunlin/broker"
	"dunlin/internal/testcert"
	"dunlin/mqtt"
	_ "dunlin/mqtt/dial/ws"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
)

// seen is what an OnPacket saw.
type seen struct {
	mu             sync.Mutex
	sent, received []string // lines without the direction
	out, in        []byte   // the bytes
	size           [2]int   // received and sent
}

func (o *seen) watch(cfg *mqtt.Config) {
	cfg.OnPacket = func(p mqtt.TracedPacket) {
		o.mu.Lock()
		defer o.mu.Unlock()
		line := fmt.Sprint(p)
		if p.Sent {
			o.sent = append(o.sent, strings.TrimPrefix(line, "sent "))
			o.out = append(o.out, p.Bytes...)
			o.size[1] += p.Size
			return
		}
		o.received = append(o.received, strings.TrimPrefix(line, "received "))
		o.in = append(o.in, p.Bytes...)
		o.size[0] += p.Size
	}
}

// expect checks the lines of both directions, and forgets what it saw.
func (o *seen) expect(t *testing.T, sent, received string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if got := strings.Join(o.sent, "\n"); got != sent {
		t.Errorf("sent:\n%s\nwant:\n%s", got, sent)
	}
	if got := strings.Join(o.received, "\n"); got != received {
		t.Errorf("received:\n%s\nwant:\n%s", got, received)
	}
	o.sent, o.received, o.out, o.in = nil, nil, nil, nil
}

func TestEveryPacketIsSeen(t *testing.T) { // in order, both ways, however the connection is made
	ca := testcert.NewAuthority(t)
	pair := ca.Server(t, testcert.Options{})
	b, err := broker.Start(t.Context(), broker.Config{
		Listeners: []broker.Listener{{URL: "tcp://127.0.0.1:0"}, {URL: "tls://127.0.0.1:0"}, {URL: "ws://127.0.0.1:0"}, {URL: "wss://127.0.0.1:0"}},
		TLS:       &tls.Config{Certificates: []tls.Certificate{pair.Certificate(t)}},
	})
	must(t, err)
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	for _, url := range b.URLs() {
		t.Run(url[:strings.Index(url, ":")], func(t *testing.T) {
			o := &seen{}
			cfg := mqtt.Config{ClientID: "c", Username: "joe", Password: []byte("secret")}
			cfg.Transport.TLS = &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
			o.watch(&cfg)
			s := dialReal(t, url, cfg)
			must(t, errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t", QoS: 0})))
			for qos := range mqtt.QoS(3) {
				must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("x"), QoS: qos}))
				s.expectEvent("message t=x q0")
			}
			must(t, s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 100_000)})) // beside the buffer
			s.expectEvent("message t=")
			must(t, s.Unsubscribe(s.ctx, "t"))
			must(t, s.Close(s.ctx))
			if st := s.Stats(); o.size != [2]int{int(st.BytesRead), int(st.BytesWritten)} {
				t.Errorf("%v bytes seen, of %d read and %d written", o.size, st.BytesRead, st.BytesWritten)
			}
			slices.Sort(o.received) // the broker may acknowledge before it sends the message back, or afterwards
			o.expect(t, `CONNECT MQTT 3.1.1 (28 bytes)
SUBSCRIBE id 1 (8 bytes)
PUBLISH qos 0 topic "t" (6 bytes)
PUBLISH qos 1 id 2 topic "t" (8 bytes)
PUBLISH qos 2 id 3 topic "t" (8 bytes)
PUBREL id 3 (4 bytes)
PUBLISH qos 0 topic "t" (100007 bytes)
UNSUBSCRIBE id 4 (7 bytes)
DISCONNECT (2 bytes)`, `CONNACK (4 bytes)
PUBACK id 2 (4 bytes)
PUBCOMP id 3 (4 bytes)
PUBLISH qos 0 topic "t" (100007 bytes)
PUBLISH qos 0 topic "t" (6 bytes)
PUBLISH qos 0 topic "t" (6 bytes)
PUBLISH qos 0 topic "t" (6 bytes)
PUBREC id 3 (4 bytes)
SUBACK id 1 (5 bytes)
UNSUBACK id 4 (4 bytes)`)
		})
	}
}

func TestSeenBytesAreThoseOfTheWire(t *testing.T) { // also of a payload that is written from where it is
	o := &seen{}
	s := dialScripted(t, o.watch)
	o.expect(t, "CONNECT MQTT 3.1.1 (15 bytes)", "CONNACK (4 bytes)")
	payload := bytes.Repeat([]byte("p"), 40_000)
	large, err := s.PublishNoCopy(s.ctx, mqtt.Message{Topic: "large", Payload: payload, QoS: 1}, nil)
	must(t, err)
	behind, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "small", QoS: 1, Retain: true}, nil)
	must(t, err)
	want := append(s.server.Packet(), s.server.Packet()...)
	s.server.Send("40 02 0001 40 02 0002")
	must(t, large.Wait(s.ctx))
	must(t, behind.Wait(s.ctx))
	if !bytes.Equal(o.out, want) {
		t.Errorf("%d bytes seen, %d written, or others", len(o.out), len(want))
	}
	o.expect(t, "PUBLISH qos 1 id 1 topic \"large\" (40013 bytes)\nPUBLISH qos 1 retain id 2 topic \"small\" (11 bytes)",
		"PUBACK id 1 (4 bytes)\nPUBACK id 2 (4 bytes)")
	s.closeWell()
}

func TestStreamedPacketsAreSeenOnce(t *testing.T) { // in whatever pieces they come, and what stands behind them, too
	synctest.Test(t, func(t *testing.T) {
		o := &seen{}
		s := dialPipe(t, func(cfg *mqtt.Config) {
			o.watch(cfg)
			cfg.Transport.MaxPacket = 1000
			cfg.OnLargeMessage = func(_ context.Context, _ *mqtt.Received, payload io.Reader) { _, _ = io.Copy(io.Discard, payload) }
		}, "")
		o.expect(t, "CONNECT MQTT 3.1.1 (15 bytes)", "CONNACK (4 bytes)")
		packet := frame(0x30, append([]byte("\x00\x01l"), make([]byte, 5000)...))
		for _, cut := range []int{1, 2, 3, 4, 5, 6, 7, 100, 1500, len(packet) - 1, len(packet)} {
			s.server.SendBytes(packet[:cut])
			synctest.Wait()
			s.server.SendBytes(append(bytes.Clone(packet[cut:]), 0x30, 3, 0, 1, 't'))
			s.expectEvent("message t=")
			line := `PUBLISH qos 0 topic "l"`
			if cut >= 3 && cut < 6 { // what has come of it has no topic
				line = "PUBLISH qos 0"
			}
			o.expect(t, "", fmt.Sprintf("%s (%d bytes)\nPUBLISH qos 0 topic \"t\" (5 bytes)", line, len(packet)))
		}
	})
}

func TestRefusedPacketIsSeen(t *testing.T) {
	o := &seen{}
	s := dialScripted(t, func(cfg *mqtt.Config) { o.watch(cfg); cfg.Transport.MaxPacket = 100 })
	o.expect(t, "CONNECT MQTT 3.1.1 (15 bytes)", "CONNACK (4 bytes)")
	s.server.SendBytes(frame(0x30, append([]byte("\x00\x01l"), make([]byte, 5000)...)))
	s.expectEvent("disconnect: ")
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.received) != 1 || !strings.HasSuffix(o.received[0], "(5006 bytes)") {
		t.Errorf("saw %q", o.received)
	}
}

func TestPanickingOnPacketIsContained(t *testing.T) {
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.OnPacket = func(p mqtt.TracedPacket) {
			if p.Type() == "PUBLISH" {
				panic("no")
			}
		}
	})
	s.server.Send("30 03 000174")
	s.expectEvent("error: a handler panicked: no")
	s.expectEvent("message t=")
	s.closeWell()
}

func TestTracedPacketIsOneLine(t *testing.T) {
	for want, p := range map[string]mqtt.TracedPacket{
		"received nothing (0 bytes)": {},
		"sent PINGREQ (2 bytes)":     {Sent: true, Bytes: []byte{0xC0, 0}, Size: 2},
		`received PUBLISH qos 2 dup retain id 258 topic "a\nb" (11 bytes)`:                        {Bytes: []byte("\x3D\x09\x00\x03a\nb\x01\x02xx"), Size: 11},
		`received PUBLISH qos 0 topic "` + strings.Repeat("l", 80) + `"... (90 bytes) (94 bytes)`: {Bytes: append([]byte{0x30, 92, 0, 90}, strings.Repeat("l", 90)...), Size: 94},
		"received SUBACK id 7 (5 bytes)":                                                          {Bytes: []byte{0x90, 3, 0, 7, 0}, Size: 5},
		"received PUBLISH qos 1 (9 bytes)":                                                        {Bytes: []byte{0x32}, Size: 9},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := fmt.Sprint(p); got != want {
			t.Errorf("printed as %s", got)
		}
	}
}

// secretAuth has secrets for data.
type secretAuth struct{ secret string }

func (secretAuth) Method() string                          { return "M" }
func (a secretAuth) Start(context.Context) ([]byte, error) { return []byte(a.secret + "start"), nil }

func (a secretAuth) Continue(context.Context, []byte) ([]byte, error) {
	return []byte(a.secret + "more"), nil
}
func (secretAuth) Finish(context.Context, []byte) error { return nil }

// secret is in all that must not be seen.
const secret = "S3CR3T"

// randomConfig draws a Config whose credentials have the secret in them.
func randomConfig(r *rand.Rand) mqtt.Config {
	maybe := func() bool { return r.IntN(2) == 0 }
	noise := func() string { return strings.Repeat("n", r.IntN(300)) }
	cfg := mqtt.Config{ClientID: "c" + noise(), Version: mqtt.Version(3 + r.IntN(3))}
	if cfg.Version == mqtt.V31 {
		cfg.ClientID = "c"
	}
	if maybe() {
		cfg.Username = noise() + secret + noise()
	}
	if maybe() && (cfg.Username != "" || cfg.Version == mqtt.V5) {
		cfg.Password = []byte(noise() + secret + noise())
	}
	if maybe() {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: "w" + noise(), Payload: []byte(noise()), QoS: mqtt.QoS(r.IntN(3)), Retain: maybe()}}
	}
	if cfg.Version < mqtt.V5 {
		return cfg
	}
	if maybe() {
		cfg.Auth = secretAuth{secret}
	}
	if maybe() {
		cfg.Properties.UserProperties = []mqtt.UserProperty{{Name: noise(), Value: noise()}}
	}
	if cfg.Will != nil && maybe() {
		cfg.Will.Delay = 5e9
		cfg.Will.Properties = &mqtt.Properties{ContentType: noise(), CorrelationData: []byte(noise())}
	}
	return cfg
}

// talk connects by cfg to a server that answers with answer, and returns all that
// OnPacket saw.
func talk(t *testing.T, cfg mqtt.Config, answer []byte) (o *seen) {
	t.Helper()
	o = &seen{}
	o.watch(&cfg)
	ours, theirs := net.Pipe()
	go func() {
		b := make([]byte, 4096)
		for n := 0; n < 3; {
			m, err := theirs.Read(b)
			if err != nil {
				return
			}
			n += m
		}
		_, _ = theirs.Write(answer)
		_ = theirs.Close()
	}()
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
	c, err := mqtt.Dial(ctxFor(t), "mqtt://x", cfg)
	if err == nil {
		_ = c.Close(t.Context())
	}
	return o
}

// expectSecretKept fails if the hook saw the secret.
func (o *seen) expectSecretKept(t *testing.T, what string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	all := append(append(bytes.Clone(o.out), o.in...), strings.Join(append(o.sent, o.received...), "\n")...)
	if at := bytes.Index(all, []byte(secret)); at >= 0 {
		t.Fatalf("%s: the secret was seen: %q", what, all[max(0, at-40):min(len(all), at+40)])
	}
	if len(o.out) == 0 {
		t.Fatalf("%s: nothing was seen", what)
	}
}

func TestCredentialsAreNeverSeen(t *testing.T) { // of random configurations in all versions
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		cfg := randomConfig(r)
		answer := []byte{0x20, 2, 0, 0}
		if cfg.Version == mqtt.V5 {
			answer = []byte{0x20, 3, 0, 0, 0}
		}
		if cfg.Auth != nil {
			data := wire.Properties(nil).AppendText(wire.AuthenticationMethod, "M").AppendBinary(wire.AuthenticationData, []byte(secret))
			answer = wire.AppendAuth(nil, wire.V5, &wire.Auth{Code: wire.ContinueAuthentication, Properties: data})
			answer = append(answer, frame(0x20, append([]byte{0, 0, byte(len(data))}, data...))...)
		}
		o := talk(t, cfg, answer)
		o.expectSecretKept(t, fmt.Sprintf("configuration %d", i))
	}
}

func TestOddServerDoesNotBringSecretsToLight(t *testing.T) { // data twice, cut off, or longer than the client takes
	method := wire.Properties(nil).AppendText(wire.AuthenticationMethod, "M")
	data := wire.Properties(nil).AppendBinary(wire.AuthenticationData, []byte(strings.Repeat(secret, 20)))
	props := func(all ...[]byte) []byte { return frame(0, bytes.Join(all, nil))[1:] }
	for name, answer := range map[string][]byte{
		"twice":             frame(0xF0, append([]byte{0x18}, props(method, data, data)...)),
		"twice in CONNACK":  frame(0x20, append([]byte{0, 0}, props(method, data, data)...)),
		"cut off":           frame(0xF0, append([]byte{0x18}, props(method, data)[:60]...)),
		"too large":         frame(0xF0, append([]byte{0x18}, props(method, bytes.Repeat(data, 20))...)),
		"too large CONNACK": frame(0x20, append([]byte{0, 0}, props(method, data[:3], bytes.Repeat(data, 20))...)),
		"unknown property":  frame(0xF0, append([]byte{0x18}, props(method, []byte{0x7F, 1}, data)...)),
	} {
		cfg := mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: secretAuth{secret}}
		cfg.Transport.MaxPacket = 600
		talk(t, cfg, answer).expectSecretKept(t, name)
	}
}

func TestOddPacketsAreSeenWithoutPanics(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	data := wire.Properties(nil).AppendText(wire.AuthenticationMethod, "M").AppendBinary(wire.AuthenticationData, []byte(secret))
	auth := wire.AppendAuth(nil, wire.V5, &wire.Auth{Code: wire.ContinueAuthentication, Properties: data})
	connAck := frame(0x20, append([]byte{0, 0, byte(len(data))}, data...))
	for range 2000 {
		answer := bytes.Clone([][]byte{auth, connAck}[r.IntN(2)])
		for range 1 + r.IntN(3) {
			answer[r.IntN(len(answer))] = byte(r.IntN(256))
		}
		cfg := mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: secretAuth{secret}}
		failed := make(chan error, 100)
		cfg.OnError = func(err error) { failed <- err }
		talk(t, cfg, answer[:1+r.IntN(len(answer))])
		var panicked *mqtt.PanicError
		for len(failed) > 0 {
			if err := <-failed; errors.As(err, &panicked) {
				t.Fatalf("% X: %v", answer, err)
			}
		}
	}
}

// TestTraceOfAMalformedPropertyLength has a server announce properties with a length that no
// int holds: OnPacket sees the packet, and the client refuses it.
func TestTraceOfAMalformedPropertyLength(t *testing.T) {
	for name, connAck := range map[string]string{
		"more than 32 bits": "20 08 00 00 FF FF FF FF FF 7F",
		"more than 64 bits": "20 0D 00 00 FF FF FF FF FF FF FF FF FF FF 7F",
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			var seen atomic.Int32
			cfg := mqtt.Config{ClientID: "c", Version: mqtt.V5, OnPacket: func(p mqtt.TracedPacket) {
				if !p.Sent && p.Size == len(p.Bytes) {
					seen.Add(1)
				}
			}}
			dialed := async(func() error { return errorOf(mqtt.Dial(ctxFor(t), server.URL(), cfg)) })
			conn := server.Accept()
			conn.Packet()
			conn.Send(connAck)
			conn.Packet() // DISCONNECT
			conn.Close()
			if err := <-dialed; err == nil {
				t.Error("the CONNACK was taken")
			}
			if seen.Load() != 1 {
				t.Errorf("OnPacket saw %d packets of the server", seen.Load())
			}
		})
	}
}
