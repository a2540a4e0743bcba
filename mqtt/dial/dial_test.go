package dial_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/testdns"
	"dunlin/mqtt/dial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open dials the URL.
func open(t *testing.T, url string, o dial.Options) (net.Conn, error) {
	t.Helper()
	a, err := dial.ParseAddress(url)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return dial.Open(ctx, a, o)
}

// listen returns a listener whose connections are closed at once, and its address.
func listen(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// TestUnixSocket shows TR-08: addresses of every transport [MQTT-4.2.0-1].
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.sock")
	listen(t, "unix", path)
	for _, scheme := range []string{"unix", "mqtt+unix"} {
		conn, err := open(t, scheme+"://"+path, dial.Options{})
		must(t, err)
		_ = conn.Close()
	}
}

// dns knows one name of both families: 127.0.0.1 and ::1.
func dns(t *testing.T) *net.Resolver {
	t.Helper()
	server := testdns.New()
	server.SetAddresses("broker.test", "127.0.0.1", "::1")
	return server.Resolver(t)
}

// TestBlackHoleOfIPv6: the other family is tried beside it.
func TestBlackHoleOfIPv6(t *testing.T) {
	_, port, err := net.SplitHostPort(listen(t, "tcp4", "127.0.0.1:0"))
	must(t, err)
	tried := make(chan string, 10)
	d := &net.Dialer{Resolver: dns(t), ControlContext: func(ctx context.Context, network, address string, _ syscall.RawConn) error {
		if network != "tcp6" {
			return nil
		}
		tried <- address
		<-ctx.Done() // as a packet filter that drops what it gets
		return ctx.Err()
	}}
	conn, err := open(t, "mqtt://broker.test:"+port, dial.Options{Dial: d.DialContext})
	must(t, err)
	_ = conn.Close()
	if got := <-tried; got != "[::1]:"+port {
		t.Errorf("first tried %s", got)
	}
}

// TestDefaultDialerTriesAllAddresses: a name has addresses of both families, and the server listens
// on IPv4 alone.
func TestDefaultDialerTriesAllAddresses(t *testing.T) {
	_, port, err := net.SplitHostPort(listen(t, "tcp4", "127.0.0.1:0"))
	must(t, err)
	was := net.DefaultResolver
	net.DefaultResolver = dns(t)
	defer func() { net.DefaultResolver = was }()
	conn, err := open(t, "mqtt://broker.test:"+port, dial.Options{})
	must(t, err)
	_ = conn.Close()
}

// TestStages shows TR-01: nobody listens at the address.
func TestStages(t *testing.T) {
	broken := errors.New("broken")
	fails := func(err error) dial.Func {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	nothing := func(context.Context, net.Conn, dial.Address) (net.Conn, error) { return nil, broken }
	pipe := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		return ours, theirs.Close()
	}
	for _, test := range []struct {
		url, stage, want string
		o                dial.Options
	}{
		{"mqtt://u:p@h", dial.StageDial, "dial mqtt://h:1883: broken", dial.Options{Dial: fails(broken)}},
		{"mqtt://h", dial.StageResolve, "resolve mqtt://h:1883: lookup h: no such host", dial.Options{Dial: fails(&net.OpError{
			Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true},
		})}},
		{"mqtt://h", dial.StageProxy, "proxy mqtt://h:1883: via socks5://p:1: broken", dial.Options{
			Dial: fails(&dial.Error{Stage: dial.StageProxy, Address: "socks5://p:1", Err: broken}),
		}},
		{"mqtts://h", dial.StageTLS, "TLS handshake mqtts://h:8883: io: read/write on closed pipe", dial.Options{Dial: pipe}},
		{"ws://h:99", dial.StageWebSocket, "WebSocket handshake ws://h:99/mqtt: broken", dial.Options{Dial: pipe, WebSocket: nothing}},
		{"ws://h", dial.StageDial, "dial ws://h:80/mqtt: " + syscall.ECONNREFUSED.Error() + "; brokers often serve WebSocket at port 8080, 8083, 9001 or 1882", dial.Options{Dial: fails(refused), WebSocket: nothing}},
		{"ws://h:81", dial.StageDial, "dial ws://h:81/mqtt: " + syscall.ECONNREFUSED.Error(), dial.Options{Dial: fails(refused), WebSocket: nothing}},
		{"wss://h", dial.StageWebSocket, `WebSocket handshake wss://h:443/mqtt: the program was built without WebSocket; import _ "dunlin/mqtt/dial/ws"`, dial.Options{Dial: fails(broken)}},
	} {
		_, err := open(t, test.url, test.o)
		var failed *dial.Error
		if !errors.As(err, &failed) || failed.Stage != test.stage || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.url, err, test.want)
		}
	}
}

func TestWebSocketIsRegistered(t *testing.T) {
	defer dial.RegisterWebSocket(nil)
	used := ""
	upgrade := func(name string) dial.Upgrade {
		return func(_ context.Context, conn net.Conn, _ dial.Address) (net.Conn, error) {
			used += name
			return conn, nil
		}
	}
	dial.RegisterWebSocket(upgrade("registered "))
	address := listen(t, "tcp", "127.0.0.1:0")
	for _, o := range []dial.Options{{}, {WebSocket: upgrade("own")}} {
		conn, err := open(t, "ws://"+address, o)
		must(t, err)
		_ = conn.Close()
	}
	if used != "registered own" {
		t.Errorf("used %q", used)
	}
}

// TestOneDeadline: one deadline bounds all stages, and the error names the stage that it ended. It
// shows TL-14: TLS handshake stalls.
func TestOneDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := dial.ParseAddress("wss://h")
		must(t, err)
		begin := time.Now()
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Minute, errors.New("too late"))
		defer cancel()
		ours, theirs := net.Pipe()
		defer theirs.Close()
		_, err = dial.Open(ctx, a, dial.Options{
			Dial: func(context.Context, string, string) (net.Conn, error) {
				<-time.After(50 * time.Second) // ten seconds are left for TLS
				return ours, nil
			},
			WebSocket: func(context.Context, net.Conn, dial.Address) (net.Conn, error) { return nil, nil },
		})
		if took := time.Since(begin); took != time.Minute || !strings.HasPrefix(fmt.Sprint(err), "TLS handshake wss://h:443/mqtt: too late") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
