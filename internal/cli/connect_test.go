package cli_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/internal/environ"
)

// peer is a server of one connection after the other that accepts every CONNECT and answers pings. It keeps
// what came first on each.
type peer struct {
	net.Listener
	first chan arrival
}

// arrival is a CONNECT, and from where it came.
type arrival struct {
	from    net.Addr
	connect []byte
	rest    []byte // what came after it
	tls     tls.ConnectionState
}

func startPeer(t *testing.T, network, address string) *peer {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return servePeer(t, l)
}

// servePeer is startPeer with a listener, which may be one of TLS.
func servePeer(t *testing.T, l net.Listener) *peer {
	t.Helper()
	p := &peer{Listener: l, first: make(chan arrival, 8)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return p
}

// serve speaks to one client until it says DISCONNECT or is gone.
func (p *peer) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	a := arrival{from: conn.RemoteAddr()}
	for {
		packet, err := readPacket(in)
		if err != nil {
			break
		}
		answer := ""
		switch packet[0] >> 4 {
		case 1:
			a.connect = packet
			answer = connAck(packet)
		case 12:
			answer = "d000"
		default:
			a.rest = append(a.rest, packet...)
		}
		text, _ := hex.DecodeString(answer)
		if _, err := conn.Write(text); err != nil {
			break
		}
	}
	if secure, ok := conn.(*tls.Conn); ok {
		a.tls = secure.ConnectionState()
	}
	p.first <- a
}

// connAck returns the acceptance of a CONNECT.
func connAck(connect []byte) string {
	if connect[8] != 5 {
		return "20020000"
	}
	properties := ""
	if id := 13 + int(connect[12]); connect[id+1] == 0 { // which the server chooses, then
		properties += "12000161"
	}
	if bytes.Contains(connect, []byte("\x15\x00\x01m")) { // the method of authentication
		properties += "1500016d"
	}
	return fmt.Sprintf("20%02x0000%02x%s", 3+len(properties)/2, len(properties)/2, properties)
}

// readPacket reads a packet whose length takes at most two bytes.
func readPacket(in *bufio.Reader) ([]byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	length := int(head[1] & 0x7f)
	if head[1] >= 0x80 {
		more, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		head, length = append(head, more), length+int(more)<<7
	}
	body := make([]byte, length)
	_, err := io.ReadFull(in, body)
	return append(head[:1:1], append([]byte{byte(length)}, body...)...), err
}

// next returns what came with the next connection.
func (p *peer) next(t *testing.T) arrival {
	t.Helper()
	select {
	case a := <-p.first:
		return a
	case <-time.After(time.Minute):
		t.Fatal("nobody came")
		return arrival{}
	}
}

// pingOf runs dunlin ping once, and wants its success.
func pingOf(t *testing.T, env []string, args ...string) {
	t.Helper()
	c := start(t, func(e *environ.Environment) { e.Env = env }, append([]string{"ping", "-C", "1"}, args...)...)
	if status := c.wait(t); status != 0 {
		t.Errorf("%v: status %d: %s", args, status, c.stderr.String())
	}
}

// What the options of CONNECT say is in the packet, and is not there without them.
func TestOptionsOfConnectArrive(t *testing.T) {
	t.Parallel()
	p := startPeer(t, "tcp", "127.0.0.1:0")
	port := portOf(t, p.Addr().String())
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\r\nmore"), 0o600); err != nil {
		t.Fatal(err)
	}
	connect := func(env []string, args ...string) string {
		pingOf(t, env, append([]string{"-p", port}, args...)...)
		return string(p.next(t).connect)
	}
	pid := fmt.Sprint(os.Getpid())
	for _, c := range []struct{ args, env, want, base string }{
		{args: "-i lamp", want: "\x00\x04lamp"},
		{args: "--client-id lamp", want: "\x00\x04lamp"},
		{args: "-I pre-", want: "pre-" + pid},
		{args: "-V 5", want: "MQTT\x05", base: "-V 3.1.1"},
		{args: "-V mqttv311", want: "MQTT\x04"},
		{args: "-V 3.1 -i x", want: "MQIsdp\x03"},
		{args: "-k 7", want: "\x00\x07"},
		{args: "-k 0 -V 311", want: "MQTT\x04\x02\x00\x00", base: "-V 311"},
		{args: "-c -i x -V 311", want: "MQTT\x04\x00", base: "-i x -V 311"},
		{args: "--no-clean -i x -V 311", want: "MQTT\x04\x00", base: "-i x -V 311"},
		{args: "-c -i x -V 5", want: "\x11\xff\xff\xff\xff"},
		{args: "-x 9", want: "\x11\x00\x00\x00\x09"},
		{args: "-x -1", want: "\x11\xff\xff\xff\xff"},
		{args: "-x ∞", want: "\x11\xff\xff\xff\xff"},
		{args: "-u ann", want: "\x00\x03ann"},
		{args: "-u ann -P s3cret", want: "\x00\x03ann\x00\x06s3cret"},
		{args: "-u ann --password-file " + secret, want: "\x00\x03ann\x00\x06s3cret"},
		{env: "MQTT_USERNAME=ann MQTT_PASSWORD=s3cret", want: "\x00\x03ann\x00\x06s3cret"},
		{env: "MQTT_USERNAME=ann MQTT_PASSWORD_FILE=" + secret, want: "\x00\x03ann\x00\x06s3cret"},
		{args: "-u bob -P other", env: "MQTT_USERNAME=ann MQTT_PASSWORD=s3cret", want: "\x00\x03bob\x00\x05other"},
		{args: "--will-topic w --will-payload bye --will-qos 1 --will-retain -V 311", want: "MQTT\x04\x2e"},
		{args: "--will-topic w --will-message bye -V 311", want: "\x00\x01w\x00\x03bye"},
		{args: "-D connect receive-maximum 20", want: "\x21\x00\x14"},
		{args: "-D connect topic-alias-maximum 3", want: "\x22\x00\x03"},
		{args: "--property connect maximum-packet-size 300", want: "\x27\x00\x00\x01\x2c"},
		{args: "-D connect request-response-information 1", want: "\x19\x01"},
		{args: "-D connect request-problem-information 0", want: "\x17\x00"},
		{args: "-D connect session-expiry-interval 5", want: "\x11\x00\x00\x00\x05"},
		{args: "-D connect authentication-method m -D connect authentication-data d", want: "\x15\x00\x01m\x16\x00\x01d"},
		{args: "-D connect user-property a b -D connect user-property a b", want: "\x26\x00\x01a\x00\x01b\x26\x00\x01a\x00\x01b"},
		{args: "-D connect:user-property=a=b", want: "\x26\x00\x01a\x00\x01b"},
		{args: "--user-property a=b", want: "\x26\x00\x01a\x00\x01b"},
		{args: "--will-topic w -D will will-delay-interval 9", want: "\x18\x00\x00\x00\x09"},
		{args: "--will-topic w -D will content-type c", want: "\x03\x00\x01c"},
		{args: "--will-topic w -D will payload-format-indicator 1", want: "\x01\x01"},
		{args: "--will-topic w -D will message-expiry-interval 4", want: "\x02\x00\x00\x00\x04"},
		{args: "--will-topic w -D will response-topic r -D will correlation-data c", want: "\x08\x00\x01r\x09\x00\x01c"},
		{args: "--will-topic w -D will user-property a b", want: "\x26\x00\x01a\x00\x01b"},
	} {
		t.Run(c.args+c.env, func(t *testing.T) {
			if got := connect(strings.Fields(c.env), strings.Fields(c.args)...); !strings.Contains(got, c.want) {
				t.Errorf("the CONNECT is %q, without %q", got, c.want)
			}
			if got := connect(nil, strings.Fields(c.base)...); strings.Contains(got, c.want) {
				t.Errorf("the CONNECT has %q without the option: %q", c.want, got)
			}
		})
	}
	pingOf(t, nil, "-p", port, "-D", "disconnect", "reason-string", "bye")
	if got := p.next(t).rest; !bytes.Contains(got, []byte("\x1f\x00\x03bye")) {
		t.Errorf("the DISCONNECT is %q", got)
	}
}

// The URL has user and password, as option, first argument or in the environment.
func TestURLWaysIn(t *testing.T) {
	t.Parallel()
	p := startPeer(t, "tcp", "127.0.0.1:0")
	raw := "mqtt://ann:s3%20cret@" + p.Addr().String()
	for _, c := range []struct {
		env, args []string
		want      string
	}{
		{nil, []string{"-L", raw}, "\x00\x03ann\x00\x07s3 cret"},
		{nil, []string{raw}, "\x00\x03ann\x00\x07s3 cret"},
		{[]string{"MQTT_URL=" + raw}, nil, "\x00\x03ann\x00\x07s3 cret"},
		{[]string{"MQTT_PASSWORD=other"}, []string{raw}, "\x00\x03ann\x00\x07s3 cret"},
		{[]string{"MQTT_URL=" + raw, "MQTT_PASSWORD=other"}, nil, "\x00\x03ann\x00\x05other"},
		{nil, []string{raw, "-P", "other"}, "\x00\x03ann\x00\x05other"},
	} {
		pingOf(t, c.env, c.args...)
		if got := p.next(t).connect; !bytes.Contains(got, []byte(c.want)) {
			t.Errorf("%v %v: the CONNECT is %q, without %q", c.env, c.args, got, c.want)
		}
	}
}

func TestBindAddressIsWhereItComesFrom(t *testing.T) {
	t.Parallel()
	p := startPeer(t, "tcp", "127.0.0.1:0")
	for _, args := range [][]string{{"-A", "127.0.0.9"}, {"--bind-address", "127.0.0.9"}, nil} {
		pingOf(t, nil, append([]string{"mqtt://" + p.Addr().String()}, args...)...)
		from := p.next(t).from.(*net.TCPAddr).IP.String()
		if (from == "127.0.0.9") != (args != nil) {
			t.Errorf("%v: it comes from %s", args, from)
		}
	}
}

func TestSocketOfThisMachine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "broker socket")
	p := startPeer(t, "unix", path)
	for _, args := range [][]string{{"--unix", path, "-A", "127.0.0.9"}, {"-L", "unix://" + strings.ReplaceAll(path, " ", "%20")}} {
		pingOf(t, []string{"ALL_PROXY=socks5h://127.0.0.1:1"}, args...)
		if got := p.next(t).connect; len(got) == 0 {
			t.Errorf("%v: no CONNECT", args)
		}
	}
}

// httpHead serves one connection after the other: it reads the head of a request, sends it to heads, and
// hangs up.
func httpHead(t *testing.T) (address string, heads chan *http.Request) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heads = make(chan *http.Request, 4)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				heads <- r
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String(), heads
}

// nextHead returns what the next connection asked for.
func nextHead(t *testing.T, heads chan *http.Request) *http.Request {
	t.Helper()
	select {
	case r := <-heads:
		return r
	case <-time.After(time.Minute):
		t.Fatal("nobody asked")
		return nil
	}
}

func TestWebSocketOptionsArrive(t *testing.T) {
	t.Parallel()
	address, heads := httpHead(t)
	for _, c := range []struct{ args, path, field string }{
		{"--ws -p " + portOf(t, address), "/mqtt", ""},
		{"--ws --ws-path other?a=b -p " + portOf(t, address), "/other?a=b", ""},
		{"--ws --ws-header Authorization:Bearer -p " + portOf(t, address), "/mqtt", "Bearer"},
		{"-L ws://" + address + "/x --ws-header Authorization:Bearer", "/x", "Bearer"},
	} {
		call := start(t, nil, append([]string{"ping"}, strings.Fields(c.args)...)...)
		if status := call.wait(t); status != 3 {
			t.Errorf("%s: status %d", c.args, status)
		}
		r := nextHead(t, heads)
		if r.RequestURI != c.path || r.Header.Get("Authorization") != c.field || r.Header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: asked for %s with %v", c.args, r.RequestURI, r.Header)
		}
	}
}

// A proxy is asked for the host by its name, and one that is not wanted is not.
func TestProxyIsAsked(t *testing.T) {
	t.Parallel()
	address, heads := httpHead(t)
	for _, c := range []struct{ args, env string }{
		{"--proxy http://" + address + " -h broker.invalid", ""},
		{"-h broker.invalid", "ALL_PROXY=http://" + address},
		{"-h broker.invalid", "all_proxy=http://" + address},
		{"--proxy http://" + address + " -h broker.invalid", "NO_PROXY=broker.invalid ALL_PROXY=http://127.0.0.1:1"},
	} {
		call := start(t, func(e *environ.Environment) { e.Env = strings.Fields(c.env) }, append([]string{"ping"}, strings.Fields(c.args)...)...)
		if status := call.wait(t); status != 3 || !strings.Contains(call.stderr.String(), "$ALL_PROXY") {
			t.Errorf("%s %s: status %d: %s", c.args, c.env, status, call.stderr.String())
		}
		if r := nextHead(t, heads); r.Method != http.MethodConnect || r.RequestURI != "broker.invalid:1883" {
			t.Errorf("%s %s: the proxy was asked to %s %s", c.args, c.env, r.Method, r.RequestURI)
		}
	}
	call := start(t, func(e *environ.Environment) {
		e.Env = []string{"ALL_PROXY=http://" + address, "NO_PROXY=.invalid"}
	}, "ping", "-h", "broker.invalid")
	if status := call.wait(t); status != 3 || len(heads) > 0 || !strings.Contains(call.stderr.String(), "resolve ") {
		t.Errorf("status %d, %d requests to the proxy: %s", status, len(heads), call.stderr.String())
	}
}

// A server that says nothing is waited for as long as --connect-timeout says.
func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	call := start(t, nil, "ping", "mqtt://"+l.Addr().String(), "--connect-timeout", "50ms")
	if status := call.wait(t); status != 3 { // which waits for less than the default
		t.Errorf("status %d: %s", status, call.stderr.String())
	}
	oneLine(t, call.stderr.String())
}

// Ctrl-C while nobody answers ends with its status.
func TestPingEndsOnInterrupt(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	call := start(t, nil, "ping", "mqtt://"+l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	call.stop(environ.Interrupt{Signal: 15})
	if status := call.wait(t); status != 143 {
		t.Errorf("status %d: %s", status, call.stderr.String())
	}
}
