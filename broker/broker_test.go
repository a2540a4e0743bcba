package broker_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"dunlin/broker"
	"dunlin/internal/testcert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	// CONNECT of MQTT 3.1.1 and of MQTT 5, clean session, 60 s, client id "x".
	connect311 = []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'x'}
	connect5   = []byte{0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 1, 'x'}
	connack311 = []byte{0x20, 2, 0, 0}
)

// start starts a broker that ends with the test.
func start(t *testing.T, cfg broker.Config) *broker.Broker {
	t.Helper()
	b, err := broker.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// run calls one of Mosquitto's clients against the address.
func run(t *testing.T, tool, addr string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, append([]string{"-h", host, "-p", port}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// roundTrip publishes a retained message and reads it back.
func roundTrip(t *testing.T, addr string, args ...string) {
	t.Helper()
	if out, err := run(t, "mosquitto_pub", addr, append(args, "-t", "a/b", "-m", "hello", "-q", "2", "-r")...); err != nil {
		t.Fatalf("publish: %v: %s", err, out)
	}
	out, err := run(t, "mosquitto_sub", addr, append(args, "-t", "a/#", "-q", "2", "-C", "1", "-W", "10")...)
	if err != nil || out != "hello" {
		t.Fatalf("subscribe: %v, got %q, want hello", err, out)
	}
}

func dial(t *testing.T, addr string, packets ...[]byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if _, err := conn.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func read(t *testing.T, r io.Reader, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatalf("read %d bytes: %v, got % x", n, err, b)
	}
	return b
}

func TestZeroConfig(t *testing.T) {
	b := start(t, broker.Config{})
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil || host != "127.0.0.1" || port == "0" {
		t.Fatalf("address %q", b.Addr())
	}
	if got := b.URLs(); len(got) != 1 || got[0] != "tcp://"+b.Addr() {
		t.Errorf("URLs %q", got)
	}
	for _, version := range []string{"mqttv31", "mqttv311", "mqttv5"} {
		roundTrip(t, b.Addr(), "-V", version)
	}
}

func TestTLS(t *testing.T) {
	ca := testcert.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.Server(t, testcert.Options{}).Certificate(t)}}
	for _, scheme := range []string{"tls", "ssl", "mqtts"} {
		b := start(t, broker.Config{Listeners: []broker.Listener{{URL: scheme + "://127.0.0.1:0"}}, TLS: config})
		if !strings.HasPrefix(b.URLs()[0], "tls://") {
			t.Errorf("URL %q", b.URLs()[0])
		}
		roundTrip(t, b.Addr(), "--cafile", ca.File(t))
		if _, err := run(t, "mosquitto_pub", b.Addr(), "-t", "a", "-m", "x", "--cafile", testcert.NewAuthority(t).File(t)); err == nil {
			t.Error("an unknown authority was trusted")
		}
	}
}

func TestUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	hashed := filepath.Join(t.TempDir(), "hashed")
	if out, err := exec.Command("mosquitto_passwd", "-c", "-b", hashed, "bob", "builder").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines, err := os.ReadFile(hashed)
	if err != nil {
		t.Fatal(err)
	}
	text := "# who may\n\nann:s3cret:with:colons\r\n" + string(lines)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	b := start(t, broker.Config{
		Users:     []broker.User{{Name: "carl", Password: "pw"}},
		UsersFile: file,
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
	})
	roundTrip(t, b.Addr(), "-u", "ann", "-P", "s3cret:with:colons")
	roundTrip(t, b.Addr(), "-u", "bob", "-P", "builder")
	roundTrip(t, b.Addr(), "-u", "carl", "-P", "pw")
	for _, args := range [][]string{{}, {"-u", "ann"}, {"-u", "ann", "-P", "wrong"}, {"-u", "bob", "-P", "Builder"}, {"-u", "eve", "-P", "pw"}} {
		if out, err := run(t, "mosquitto_pub", b.Addr(), append(args, "-t", "a", "-m", "x")...); err == nil {
			t.Errorf("%v was let in: %s", args, out)
		}
	}
	if !strings.Contains(log.String(), "user=eve") || strings.Contains(log.String(), "s3cret") {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestWebSocket(t *testing.T) {
	ca := testcert.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.Server(t, testcert.Options{}).Certificate(t)}}
	b := start(t, broker.Config{
		Listeners: []broker.Listener{{URL: "ws://127.0.0.1:0"}, {URL: "wss://127.0.0.1:0", TLS: config}},
	})
	for _, u := range b.URLs() {
		dialer := websocket.Dialer{Subprotocols: []string{"mqtt"}, TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}}
		conn, response, err := dialer.DialContext(t.Context(), u+"/mqtt", nil)
		if err != nil {
			t.Fatalf("%s: %v", u, err)
		}
		if got := response.Header.Get("Sec-WebSocket-Protocol"); got != "mqtt" {
			t.Errorf("%s: subprotocol %q, want mqtt", u, got)
		}
		// A packet may be cut anywhere into frames. [MQTT-6.0.0-2]
		for _, part := range [][]byte{connect311[:1], connect311[1:5], connect311[5:]} {
			if err := conn.WriteMessage(websocket.BinaryMessage, part); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		kind, answer, err := conn.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage || !bytes.Equal(answer, connack311) {
			t.Errorf("%s: %d % x, %v, want a binary CONNACK", u, kind, answer, err)
		}
		conn.Close()
	}
}

// A page or a health check may ask the port without the upgrade.
func TestWebSocketListenerRefusesPlainHTTP(t *testing.T) {
	b := start(t, broker.Config{Listeners: []broker.Listener{{URL: "ws://127.0.0.1:0"}}})
	conn := dial(t, b.Addr(), []byte("GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n"))
	if got := string(read(t, conn, 12)); got != "HTTP/1.1 426" {
		t.Errorf("answer %q, want status 426", got)
	}
}

func TestManyListenersShareTheMessages(t *testing.T) {
	b := start(t, broker.Config{Listeners: []broker.Listener{{URL: "mqtt://127.0.0.1:0"}, {URL: "tcp://127.0.0.1:0"}}})
	urls := b.URLs()
	if len(urls) != 2 || urls[0] == urls[1] {
		t.Fatalf("URLs %q", urls)
	}
	first, second := host(t, urls[0]), host(t, urls[1])
	if out, err := run(t, "mosquitto_pub", first, "-t", "x", "-m", "over", "-r"); err != nil {
		t.Fatal(out, err)
	}
	if out, err := run(t, "mosquitto_sub", second, "-t", "x", "-C", "1", "-W", "10"); err != nil || out != "over" {
		t.Fatal(out, err)
	}
}

func host(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestCloseEndsEveryKindOfClient(t *testing.T) {
	b, err := broker.Start(t.Context(), broker.Config{
		Listeners: []broker.Listener{{URL: "tcp://127.0.0.1:0"}, {URL: "ws://127.0.0.1:0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	silent := dial(t, b.Addr())
	silentHTTP := dial(t, host(t, b.URLs()[1]))
	old := dial(t, b.Addr(), connect311)
	if got := read(t, old, 4); !bytes.Equal(got, connack311) {
		t.Fatalf("CONNACK % x", got)
	}
	five := dial(t, b.Addr(), bytes.Replace(connect5, []byte("x"), []byte("y"), 1))
	head := read(t, five, 2)
	read(t, five, int(head[1]))
	if err := b.Close(t.Context()); err != nil {
		t.Fatalf("close: %v", err)
	}
	for name, conn := range map[string]net.Conn{"silent": silent, "silent HTTP": silentHTTP, "3.1.1": old} {
		if rest, err := io.ReadAll(conn); len(rest) > 0 || (err != nil && os.IsTimeout(err)) {
			t.Errorf("%s: got % x, %v, want the end and nothing before it", name, rest, err)
		}
	}
	// DISCONNECT with 0x8B, Server shutting down. [MQTT-3.14.0-1]
	if rest, _ := io.ReadAll(five); len(rest) < 3 || rest[0] != 0xE0 || rest[2] != 0x8B {
		t.Errorf("MQTT 5: got % x, want DISCONNECT 0x8B", rest)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("second close: %v", err)
	}
	if conn, err := net.Dial("tcp", b.Addr()); err == nil {
		conn.Close()
		t.Error("the broker still accepts")
	}
}

// A client that does not read must not hold up the end.
func TestCloseDoesNotWaitForClientsThatDoNotRead(t *testing.T) {
	b := start(t, broker.Config{})
	stuck := dial(t, b.Addr(), connect5)
	head := read(t, stuck, 2)
	read(t, stuck, int(head[1]))
	if _, err := stuck.Write([]byte{0x82, 7, 0, 1, 0, 0, 1, '#', 0}); err != nil {
		t.Fatal(err)
	}
	read(t, stuck, 2)
	for i := range 8 {
		payload := strings.Repeat("x", 1<<20)
		if out, err := runInput(t, b.Addr(), payload, "-t", fmt.Sprint("t/", i), "-s"); err != nil {
			t.Fatal(out, err)
		}
	}
	begin := time.Now()
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("close took %v", took)
	}
}

func runInput(t *testing.T, addr, input string, args ...string) (string, error) {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.CommandContext(t.Context(), "mosquitto_pub", append([]string{"-h", host, "-p", port}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCloseWithEndedContext(t *testing.T) {
	b := start(t, broker.Config{})
	five := dial(t, b.Addr(), connect5)
	head := read(t, five, 2)
	read(t, five, int(head[1]))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(five); err != nil && os.IsTimeout(err) {
		t.Error("the connection is still open")
	}
}

func TestRefusesHugePacket(t *testing.T) {
	b := start(t, broker.Config{})
	conn := dial(t, b.Addr(), []byte{0x10, 0xff, 0xff, 0xff, 0x7f})
	if rest, err := io.ReadAll(conn); len(rest) > 0 || (err != nil && os.IsTimeout(err)) {
		t.Errorf("got % x, %v, want the end of the connection", rest, err)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
