package ws_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestHandshakeRequest shows TR-09: WebSocket subprotocol [MQTT-6.0.0-3].
func TestHandshakeRequest(t *testing.T) {
	requests := make(chan *http.Request, 1)
	address := serve(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqttv3.1\r\n\r\n", acceptKey(req))
		requests <- req
		_, _ = in.ReadByte()
	})
	attempt := 0
	o := ws.Options{
		Header:      http.Header{"X-One": {"1"}, "Host": {"virtual.test"}, "Authorization": {"old"}},
		Subprotocol: "mqttv3.1",
		NewHeader: func(context.Context) (http.Header, error) {
			attempt++
			return http.Header{"authorization": {fmt.Sprintf("Bearer %d", attempt)}}, nil
		},
	}
	for _, token := range []string{"Bearer 1", "Bearer 2"} {
		conn, err := open(t, "ws://joe:pw@"+address+"/a%20path?x=1&y=%2F", o)
		must(t, err)
		_ = conn.Close()
		req := <-requests
		if req.RequestURI != "/a%20path?x=1&y=%2F" || req.Host != "virtual.test" || req.Method != http.MethodGet {
			t.Errorf("got %s %s at %s", req.Method, req.RequestURI, req.Host)
		}
		if h := req.Header; h.Get("Sec-WebSocket-Protocol") != "mqttv3.1" || h.Get("Sec-WebSocket-Version") != "13" ||
			h.Get("X-One") != "1" || h.Get("Authorization") != token || h.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("got %v", h)
		}
	}
	if o.Header.Get("Authorization") != "old" {
		t.Error("the options were changed")
	}
}

func TestHostOfDefaultPorts(t *testing.T) {
	for url, want := range map[string]string{"ws://h": "h", "wss://[::1]": "[::1]", "ws://h:443": "h:443", "wss://h:80": "h:80"} {
		a, err := dial.ParseAddress(url)
		must(t, err)
		ours, theirs := net.Pipe()
		go func() {
			_, _ = ws.Options{}.Upgrade(t.Context(), ours, a) // the request is what this is about
			_ = ours.Close()
		}()
		req, err := http.ReadRequest(bufio.NewReader(theirs))
		must(t, err)
		_ = theirs.Close()
		if req.Host != want || req.RequestURI != "/mqtt" || req.Header.Get("Sec-WebSocket-Protocol") != "mqtt" {
			t.Errorf("%s: Host %s, %s, %v", url, req.Host, req.RequestURI, req.Header)
		}
	}
}

// TestRefusedHandshakes shows TR-09: WebSocket subprotocol [MQTT-6.0.0-3], [MQTT-6.0.0-4].
func TestRefusedHandshakes(t *testing.T) {
	switching := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	for _, test := range []struct {
		answer, want string
		status       int
	}{
		{switching + "\r\n", `did not agree to the subprotocol "mqtt" at the path /mqtt: brokers often have MQTT at /mqtt`, 101},
		{switching + "Sec-WebSocket-Protocol: chat\r\n\r\n", `unexpected Sec-WebSocket-Protocol from server: "chat"`, 101},
		{switching + "Sec-WebSocket-Protocol: MQTT\r\n\r\n", `did not agree to the subprotocol "mqtt"`, 101},
		{switching + "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "unsupported extensions", 101},
		{strings.Replace(switching, "%s", "x%.0s", 1) + "Sec-WebSocket-Protocol: mqtt\r\n\r\n", "invalid Sec-WebSocket-Accept", 101},
		{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n%.0s", "401 Unauthorized; it wants credentials of HTTP", 401},
		{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n%.0s", "407 Proxy Authentication Required; it wants credentials", 407},
		{"HTTP/1.1 404 Not Found\r\n\r\nfor ever and ever%.0s", "404 Not Found for the path /mqtt: brokers often have MQTT at /mqtt (EMQX, HiveMQ, NATS), /ws (RabbitMQ) or / (Mosquitto), at port 8080", 404},
		{"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n%.0s", "redirects are not followed", 302},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nx%.0s", "no WebSocket for MQTT", 200},
		{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n%.0s", "answered 503 Service Unavailable", 503},
		{"\x20\x02\x00\x00%.0s", "does the server speak HTTP at this port? MQTT without WebSocket is mqtt, or mqtts", 0},
		{"%.0s", "the server hung up", 0},
		{"SSH-2.0-OpenSSH\r\n%.0s", "the answer is not HTTP", 0},
		{"GET /mqtt?token=s3cret HTTP/1.1\r\n\r\n%.0s", "the answer is not HTTP", 0}, // an echo
		{"HTTP/1.1 200 OK\r\nno header, but token=s3cret\r\n\r\n%.0s", "the answer is not HTTP", 0},
		{"HTTP/1.1 302 Found\r\nLocation: http://h:x/?token=s3cret\r\nContent-Length: 0\r\n\r\n%.0s", "redirects are not followed", 302},
		{strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + "%.0s", "without end", 0},
		{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70_000) + "%.0s", "more than 65536 bytes", 0},
	} {
		address := serve(t, func(conn net.Conn) {
			if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = fmt.Fprintf(conn, test.answer, acceptKey(req))
			}
		})
		_, err := open(t, "ws://joe:s3cret@"+address+"?token=s3cret", ws.Options{})
		var failed *dial.Error
		if !errors.As(err, &failed) || failed.Stage != dial.StageWebSocket || !strings.Contains(err.Error(), test.want) ||
			strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%.60q: got %v, want %s", test.answer, err, test.want)
		}
		var refused *ws.HandshakeError
		if errors.As(err, &refused) != (test.status != 0) || refused != nil && refused.StatusCode != test.status {
			t.Errorf("%.60q: got %#v", test.answer, refused)
		}
	}
}

// TestResetHandshake: a server of MQTT without WebSocket, such as Mosquitto, resets the connection at what it takes for a broken packet.
func TestResetHandshake(t *testing.T) {
	address := serve(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	_, err := open(t, "ws://"+address, ws.Options{})
	if err == nil || !strings.Contains(err.Error(), "the server hung up") || !strings.Contains(err.Error(), "MQTT without WebSocket is mqtt, or mqtts") {
		t.Errorf("got %v", err)
	}
}

// TestBadHeaders: nothing is smuggled into the request.
func TestBadHeaders(t *testing.T) {
	sent := make(chan string, 10)
	address := serve(t, func(conn net.Conn) {
		b, _ := io.ReadAll(conn)
		sent <- string(b)
	})
	broken := errors.New("no token")
	for want, o := range map[string]ws.Options{
		"X: its value contains a control character": {Header: http.Header{"X": {"a\r\nY: b"}}},
		`"A b": not a valid name`:                   {Header: http.Header{"A b": {""}}},
		`"": not a valid name`:                      {NewHeader: func(context.Context) (http.Header, error) { return http.Header{"": nil}, nil }},
		"Options.NewHeader: no token":               {NewHeader: func(context.Context) (http.Header, error) { return nil, broken }},
	} {
		_, err := open(t, "ws://"+address, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if got := <-sent; got != "" {
			t.Errorf("%s, but sent %q", want, got)
		}
	}
}

// TestHandshakeStalls shows TL-14: TLS handshake stalls; TR-06: context ends at any stage.
func TestHandshakeStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := dial.ParseAddress("ws://h")
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		begin := time.Now()
		_, err = dial.Open(ctx, a, dial.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return ours, nil }})
		var failed *dial.Error
		if !errors.As(err, &failed) || failed.Stage != dial.StageWebSocket || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_ = theirs.Close()
	})
}
