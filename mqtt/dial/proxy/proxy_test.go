package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/broker"
	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/proxy"
	_ "dunlin/mqtt/dial/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// relay is a proxy of the test's own: names end in .test and are known to it alone.
type relay struct {
	addr, login string            // login: user:password that it wants, or empty
	names       map[string]string // what each host:port leads to
	mu          sync.Mutex
	asked       []string // mu
}

// start serves the protocol that speak does, under TLS where conf is not nil.
func start(t *testing.T, r *relay, conf *tls.Config, speak func(*relay, net.Conn) (net.Conn, error)) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.addr = l.Addr().String()
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if conf != nil {
				conn = tls.Server(conn, conf)
			}
			done.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				if far, err := speak(r, conn); err == nil {
					splice(conn, far)
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
	return r
}

func splice(a, b net.Conn) {
	defer b.Close()
	var done sync.WaitGroup
	done.Go(func() { _, _ = io.Copy(a, b); _ = a.Close() })
	_, _ = io.Copy(b, a)
	_ = b.Close()
	done.Wait()
}

// lead connects to what a name leads to.
func (r *relay) lead(address string) (net.Conn, error) {
	r.mu.Lock()
	r.asked = append(r.asked, address)
	r.mu.Unlock()
	to, known := r.names[address]
	if !known {
		return nil, errors.New("not known")
	}
	return net.Dial("tcp", to)
}

func (r *relay) requests() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.asked, " ")
}

// read reads n bytes, or panics; the proxies below are for good clients.
func read(conn io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(conn, b); err != nil {
		return make([]byte, n)
	}
	return b
}

// speakSOCKS serves one client of SOCKS5.
func speakSOCKS(r *relay, conn net.Conn) (net.Conn, error) {
	methods := read(conn, int(read(conn, 2)[1]))
	switch {
	case r.login == "":
		_, _ = conn.Write([]byte{5, 0})
	case !strings.Contains(string(methods), "\x02"):
		_, _ = conn.Write([]byte{5, 0xff})
		return nil, errors.New("no login")
	default:
		_, _ = conn.Write([]byte{5, 2})
		user := read(conn, int(read(conn, 2)[1]))
		password := read(conn, int(read(conn, 1)[0]))
		if string(user)+":"+string(password) != r.login {
			_, _ = conn.Write([]byte{1, 1})
			return nil, errors.New("wrong login")
		}
		_, _ = conn.Write([]byte{1, 0})
	}
	host := ""
	switch head := read(conn, 4); head[3] {
	case 1:
		host = net.IP(read(conn, 4)).String()
	case 3:
		host = string(read(conn, int(read(conn, 1)[0])))
	case 4:
		host = net.IP(read(conn, 16)).String()
	}
	port := binary.BigEndian.Uint16(read(conn, 2))
	far, err := r.lead(net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		_, _ = conn.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0})
		return nil, err
	}
	_, _ = conn.Write([]byte{5, 0, 0, 3, 4, 'h', 'o', 's', 't', 0, 9}) // a name as the bound address
	return far, nil
}

// speakHTTP serves one CONNECT.
func speakHTTP(r *relay, conn net.Conn) (net.Conn, error) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return nil, err
	}
	want := ""
	if r.login != "" {
		want = "Basic " + base64.StdEncoding.EncodeToString([]byte(r.login))
	}
	if req.Header.Get("Proxy-Authorization") != want {
		_, _ = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
		return nil, errors.New("no login")
	}
	far, err := r.lead(req.RequestURI)
	if err != nil || req.Method != http.MethodConnect || req.Host != req.RequestURI {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.Host, err)
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
	return far, nil
}

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// exchange connects to the broker, and gets back what it publishes.
func exchange(t *testing.T, url string, transport mqtt.Transport) error {
	t.Helper()
	ctx := withTimeout(t)
	c, err := mqtt.Dial(ctx, url, mqtt.Config{Transport: transport})
	if err != nil {
		return err
	}
	got := make(chan string, 1)
	_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "t", QoS: 1, Handler: func(_ context.Context, m *mqtt.Received) { got <- string(m.Payload) }})
	must(t, err)
	must(t, c.Publish(ctx, mqtt.Message{Topic: "t", Payload: []byte("x"), QoS: 1}))
	if payload := <-got; payload != "x" {
		t.Errorf("got %q", payload)
	}
	return c.Close(ctx)
}

// TestThroughProxies: the proxy resolves the name; TLS and WebSocket go through it. It shows TR-12:
// SOCKS5.
func TestThroughProxies(t *testing.T) {
	authority := testcert.NewAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{Names: []string{"broker.test", "localhost"}}).Certificate(t)}}
	b, err := broker.Start(t.Context(), broker.Config{
		Listeners: []broker.Listener{{URL: "tls://127.0.0.1:0"}, {URL: "wss://127.0.0.1:0"}}, TLS: server,
	})
	must(t, err)
	defer b.Close(context.Background())
	names := map[string]string{
		"broker.test:1883": mosquitto.Start(t, mosquitto.Options{}).Addr(),
		"broker.test:8883": strings.TrimPrefix(b.URLs()[0], "tls://"),
		"broker.test:443":  strings.TrimPrefix(b.URLs()[1], "wss://"),
	}
	for _, test := range []struct {
		scheme, login string
		speak         func(*relay, net.Conn) (net.Conn, error)
		conf          *tls.Config
	}{
		{"socks5", "", speakSOCKS, nil},
		{"socks5h", "joe:s3c:ret", speakSOCKS, nil},
		{"http", "", speakHTTP, nil},
		{"http", "joe:s3c:ret", speakHTTP, nil},
		{"https", "joe:s3c:ret", speakHTTP, server},
	} {
		t.Run(test.scheme+" "+test.login, func(t *testing.T) {
			r := start(t, &relay{login: test.login, names: names}, test.conf, test.speak)
			_, port, _ := net.SplitHostPort(r.addr)
			login := ""
			if test.login != "" {
				login = "joe:s3c%3Aret@"
			}
			d, err := proxy.New(test.scheme + "://" + login + "localhost:" + port)
			must(t, err)
			d.TLS = &tls.Config{RootCAs: authority.Pool()}
			transport := mqtt.Transport{Dial: d.DialContext, TLS: &tls.Config{RootCAs: authority.Pool()}}
			for _, url := range []string{"mqtt://broker.test", "mqtts://broker.test", "wss://broker.test"} {
				must(t, exchange(t, url, transport))
			}
			if got := r.requests(); got != "broker.test:1883 broker.test:8883 broker.test:443" {
				t.Errorf("asked for %s", got)
			}
			_, err = mqtt.Dial(withTimeout(t), "mqtt://nobody.test", mqtt.Config{Transport: transport})
			checkError(t, err, "proxy mqtt://nobody.test:1883: via "+test.scheme+"://localhost:"+port+": ", map[string]int{"s": 4, "h": 502}[test.scheme[:1]])
		})
	}
}

// checkError checks a refusal: its beginning, its code, and that no password shows.
func checkError(t *testing.T, err error, begin string, code int) {
	t.Helper()
	var staged *dial.Error
	var refused *proxy.Error
	if !errors.As(err, &staged) || staged.Stage != dial.StageProxy || !strings.HasPrefix(err.Error(), begin) ||
		strings.Contains(err.Error(), "s3c") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want %s...", err, begin)
	}
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %#v in %v", refused, err)
	}
}

// TestLogins: proxies that ask for a login, with 407 and similar answers. It shows TR-12: SOCKS5.
func TestLogins(t *testing.T) {
	socks := start(t, &relay{login: "joe:right"}, nil, speakSOCKS)
	web := start(t, &relay{login: "joe:right"}, nil, speakHTTP)
	for _, test := range []struct {
		url, want string
		code      int
	}{
		{"socks5://joe:s3cret@" + socks.addr, "does not take this user name and password", 0},
		{"socks5://" + socks.addr, "the proxy wants a login; put user name and password into its URL", 0},
		{"http://joe:s3cret@" + web.addr, "the proxy answered 407; it does not take", 407},
		{"http://" + web.addr, "407 Proxy Authentication Required; put user name and password into the proxy's URL", 407},
	} {
		d, err := proxy.New(test.url)
		must(t, err)
		_, err = d.DialContext(withTimeout(t), "tcp", "broker.test:1883")
		checkError(t, err, "proxy ", test.code)
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.url, err)
		}
	}
}

// TestHostileProxies: an answer of any kind ends in an error, soon. It shows TR-12: SOCKS5.
func TestHostileProxies(t *testing.T) {
	for _, test := range []struct{ scheme, answer, want string }{
		{"socks5", "\x04\x00", "version 4; is it a SOCKS5 proxy?"},
		{"socks5", "HTTP/1.1 400 Bad Request\r\n\r\n", "is it a SOCKS5 proxy?"},
		{"socks5", "\x05\x02\x01\x00", "a kind that is not supported"}, // a login that was not offered
		{"socks5", "\x05\x01", "a kind that is not supported"},
		{"socks5", "\x05", "unexpected EOF"},
		{"socks5", "\x05\x00\x05\x05\x00\x01", "answered 5, connection refused"},
		{"socks5", "\x05\x00\x05\xee\x00\x01", "answered 238, unknown reason"},
		{"socks5", "\x05\x00\x05\x00\x00\x09", "unknown address type 9"},
		{"socks5", "\x05\x00\x05\x00\x00\x04abc", "unexpected EOF"},
		{"http", "\x05\x00", "unexpected EOF"},
		{"http", "SSH-2.0\r\n\r\n", "the answer is not HTTP"},
		{"http", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20_000), "more than 16384 bytes"},
		{"http", "HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", "answered 301 Moved Permanently"},
		{"https", "HTTP/1.1 400 Bad Request\r\n\r\n", "first record does not look like a TLS handshake"},
	} {
		r := start(t, new(relay), nil, func(_ *relay, conn net.Conn) (net.Conn, error) {
			_, _ = io.WriteString(conn, test.answer)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			return nil, io.EOF
		})
		d, err := proxy.New(test.scheme + "://" + r.addr)
		must(t, err)
		conn, err := d.DialContext(withTimeout(t), "tcp", "broker.test:1883")
		if err == nil {
			_ = conn.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%s %.30q: got %v", test.scheme, test.answer, err)
		}
	}
}

// TestNothingOfTheBrokerIsLost: the server's first bytes come in one segment with the proxy's
// answer.
func TestNothingOfTheBrokerIsLost(t *testing.T) {
	for scheme, answer := range map[string]string{
		"socks5": "\x05\x00\x05\x00\x00\x04" + strings.Repeat("b", 16) + "pp",
		"http":   "HTTP/1.0 200 OK\r\n\r\n",
	} {
		r := start(t, new(relay), nil, func(_ *relay, conn net.Conn) (net.Conn, error) {
			_, _ = io.WriteString(conn, answer+"first words")
			_, _ = io.Copy(io.Discard, conn)
			return nil, io.EOF
		})
		d, err := proxy.New(scheme + "://" + r.addr)
		must(t, err)
		conn, err := d.DialContext(withTimeout(t), "tcp", "[2001:db8::1]:1883")
		must(t, err)
		if got := read(conn, 11); string(got) != "first words" {
			t.Errorf("%s: got %q", scheme, got)
		}
		if _, can := conn.(interface{ CloseWrite() error }); !can {
			t.Errorf("%s: a %T cannot be closed on one side", scheme, conn)
		}
		_ = conn.Close()
	}
}

// TestAddressesForSOCKS: addresses are sent as addresses, names as names. It shows TR-12: SOCKS5.
func TestAddressesForSOCKS(t *testing.T) {
	r := start(t, new(relay), nil, speakSOCKS)
	d, err := proxy.New("socks5://" + r.addr)
	must(t, err)
	for _, address := range []string{"192.0.2.7:1", "[2001:db8::7]:2", "a.test:65535"} {
		_, err := d.DialContext(withTimeout(t), "tcp", address)
		checkError(t, err, "proxy ", 4)
	}
	if got := r.requests(); got != "192.0.2.7:1 [2001:db8::7]:2 a.test:65535" {
		t.Errorf("asked for %s", got)
	}
	for _, address := range []string{"a", "a:0", "a:65536", ":1", "a b:1", "a\r\nb:1", strings.Repeat("a", 256) + ":1"} {
		if _, err := d.DialContext(withTimeout(t), "tcp", address); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
	long, err := proxy.New("socks5://" + strings.Repeat("u", 256) + ":p@" + start(t, &relay{login: "x"}, nil, speakSOCKS).addr)
	must(t, err)
	if _, err := long.DialContext(withTimeout(t), "tcp", "a:1"); err == nil || !strings.Contains(err.Error(), "longer than 255") {
		t.Errorf("got %v", err)
	}
}
