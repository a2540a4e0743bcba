package ws_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"dunlin/broker"
	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/ws"
	"dunlin/mqtt/mqtttest"
)

func timeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestBroker: over ws and wss, with user and password of the URL. It shows TR-08: addresses of
// every transport [MQTT-4.2.0-1]; TR-11: WebSocket packets across frames [MQTT-6.0.0-2]; TL-01:
// trusted certificate.
func TestBroker(t *testing.T) {
	authority := testcert.NewAuthority(t)
	b, err := broker.Start(t.Context(), broker.Config{
		Listeners: []broker.Listener{{URL: "ws://127.0.0.1:0"}, {URL: "wss://127.0.0.1:0"}},
		TLS:       &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}},
		Users:     []broker.User{{Name: "joe", Password: "p@ss/word"}},
	})
	must(t, err)
	defer b.Close(context.Background())
	conf, err := dial.TLS{CA: authority.PEM()}.Config()
	must(t, err)
	for _, url := range b.URLs() {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			t.Run(strings.SplitN(url, ":", 2)[0]+" "+version.String(), func(t *testing.T) {
				ctx := timeout(t)
				login := strings.Replace(url, "://", "://joe:p%40ss%2Fword@", 1)
				c, err := mqtt.Dial(ctx, login, mqtt.Config{Version: version, Transport: mqtt.Transport{TLS: conf}})
				must(t, err)
				if c.Remote() != url+"/mqtt" || c.RemoteAddr().Network() != "tcp" {
					t.Errorf("connected to %s, %v", c.Remote(), c.RemoteAddr())
				}
				payloads := make(chan []byte, 10)
				_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "t", QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) { payloads <- m.Payload }})
				must(t, err)
				want := bytes.Repeat([]byte("0123456789abcdef"), 65_556/16+1)[:65_556]
				must(t, c.Publish(ctx, mqtt.Message{Topic: "t", Payload: want, QoS: 2}))
				if got := <-payloads; !bytes.Equal(got, want) {
					t.Errorf("got %d bytes", len(got))
				}
				must(t, c.Close(ctx))
			})
		}
		_, err := mqtt.Dial(timeout(t), url, mqtt.Config{Username: "joe", Transport: mqtt.Transport{TLS: conf}})
		var refused *mqtt.ConnectError
		if !errors.As(err, &refused) {
			t.Errorf("without a password: %v", err)
		}
	}
}

// TestOwnUserCounts: the login of the URL is for configurations without one.
func TestOwnUserCounts(t *testing.T) {
	for _, test := range []struct {
		cfg  mqtt.Config
		want string
	}{
		{mqtt.Config{}, "user password"},
		{mqtt.Config{Username: "me"}, "me "},
		{mqtt.Config{Username: "me", Password: []byte("mine")}, "me mine"},
	} {
		server := mqtttest.NewServer(t)
		done := make(chan error, 1)
		go func() {
			c, err := mqtt.Dial(timeout(t), "mqtt://user:password@"+server.Addr(), test.cfg)
			if err == nil {
				err = c.Close(context.Background())
			}
			done <- err
		}()
		conn := server.Accept()
		packet := conn.Accept()
		conn.Expect("E0 00")
		conn.Close()
		must(t, <-done)
		var want []byte
		for _, word := range strings.SplitN(test.want, " ", 2) {
			if word != "" {
				want = append(append(want, 0, byte(len(word))), word...)
			}
		}
		if !bytes.HasSuffix(packet, append([]byte{0, 60, 0, 0}, want...)) {
			t.Errorf("%+v: sent %q", test.cfg, packet)
		}
	}
}

// endpoint serves WebSockets with the library that this package uses, and hands
// each over with its connection.
func endpoint(t *testing.T, handle func(ctx context.Context, c *websocket.Conn)) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"mqtt"}, CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			return
		}
		defer c.CloseNow()
		handle(r.Context(), c)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1)
}

// TestPacketsAcrossFrames: each frame has one byte, or one frame has all packets. It shows TR-11:
// WebSocket packets across frames [MQTT-6.0.0-2].
func TestPacketsAcrossFrames(t *testing.T) {
	packets := []byte{0x20, 2, 0, 0, 0x30, 4, 0, 1, 't', 'a', 0x30, 4, 0, 1, 't', 'b'}
	for _, size := range []int{1, 3, len(packets)} {
		url := endpoint(t, func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx) // CONNECT
			for rest := packets; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				_ = c.Write(ctx, websocket.MessageBinary, rest[:min(size, len(rest))])
				_ = c.Write(ctx, websocket.MessageBinary, nil)
			}
			_, _, _ = c.Read(ctx) // DISCONNECT
			_, _, _ = c.Read(ctx) // the close frame
		})
		got := make(chan string, 10)
		c, err := mqtt.Dial(timeout(t), url, mqtt.Config{OnMessage: func(_ context.Context, m *mqtt.Received) { got <- string(m.Payload) }})
		must(t, err)
		if all := <-got + <-got; all != "ab" {
			t.Errorf("%d bytes a frame: got %q", size, all)
		}
		must(t, c.Close(timeout(t)))
	}
}

// TestEnds: a close frame, a protocol fault, and a lost connection.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(ctx context.Context, c *websocket.Conn)
		want string
	}{
		{"normal", func(_ context.Context, c *websocket.Conn) { _ = c.Close(websocket.StatusNormalClosure, "") }, "disconnect: the server closed the connection"},
		{"going away", func(_ context.Context, c *websocket.Conn) { _ = c.Close(websocket.StatusGoingAway, "") }, "disconnect: the server closed the connection"},
		{"within a packet", func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageBinary, []byte{0x30, 9})
			_ = c.Close(websocket.StatusNormalClosure, "")
		}, "disconnect: the server closed the connection in the middle of a packet"},
		{"fault", func(_ context.Context, c *websocket.Conn) { _ = c.Close(websocket.StatusInternalError, "disk full") }, `disconnect: read: websocket: the server closed with code 1011: "disk full"`},
		{"lost", func(_ context.Context, c *websocket.Conn) { _ = c.CloseNow() }, "disconnect: read: " + ws.ErrNoCloseFrame.Error()},
		{"text", func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte{0x30, 4, 0, 1, 't', 'a'})
			_, _, err := c.Read(ctx)
			if websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
				t.Errorf("the text frame was answered with %v", err)
			}
		}, "disconnect: read: " + ws.ErrTextFrame.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := endpoint(t, func(ctx context.Context, c *websocket.Conn) {
				_, _, _ = c.Read(ctx)
				_ = c.Write(ctx, websocket.MessageBinary, []byte{0x20, 2, 0, 0})
				test.end(ctx, c)
			})
			events, ended := "", make(chan struct{})
			_, err := mqtt.Dial(timeout(t), url, mqtt.Config{
				OnMessage:    func(_ context.Context, m *mqtt.Received) { events += "message " + m.Topic },
				OnDisconnect: func(err error) { events += "disconnect: " + err.Error(); close(ended) },
			})
			must(t, err)
			if <-ended; events != test.want {
				t.Errorf("got %s", events)
			}
		})
	}
}

// TestCloseIsOrderly: DISCONNECT comes first, then a close frame, and only then the end.
func TestCloseIsOrderly(t *testing.T) {
	seen := make(chan string, 1)
	url := endpoint(t, func(ctx context.Context, c *websocket.Conn) {
		_, _, _ = c.Read(ctx)
		_ = c.Write(ctx, websocket.MessageBinary, []byte{0x20, 2, 0, 0})
		_, last, _ := c.Read(ctx)
		_, _, err := c.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			last = append(last, "normal"...)
		}
		seen <- string(last)
	})
	c, err := mqtt.Dial(timeout(t), url, mqtt.Config{})
	must(t, err)
	must(t, c.Close(timeout(t)))
	if got := <-seen; got != "\xe0\x00normal" {
		t.Errorf("the server saw %q", got)
	}
}

// TestDialsThroughOwnOptions: the header comes from a callback. It shows TR-09: WebSocket
// subprotocol [MQTT-6.0.0-3].
func TestDialsThroughOwnOptions(t *testing.T) {
	tokens := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization") + " " + r.URL.Path
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer server.Close()
	o := ws.Options{NewHeader: func(context.Context) (http.Header, error) {
		return http.Header{"Authorization": {"Bearer x"}}, nil
	}}
	url := strings.Replace(server.URL, "http", "ws", 1) + "/mine"
	_, err := mqtt.Dial(timeout(t), url, mqtt.Config{Transport: mqtt.Transport{WebSocket: o.Upgrade}})
	var refused *ws.HandshakeError
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden {
		t.Errorf("got %v", err)
	}
	if got := <-tokens; got != "Bearer x /mine" {
		t.Errorf("the server got %s", got)
	}
}

// TestOneTimeLimitForAll: the time that dialing takes is taken off that for CONNACK. It shows
// TL-14: TLS handshake stalls.
func TestOneTimeLimitForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, theirs) }() // mute
		begin := time.Now()
		_, err := mqtt.Dial(context.Background(), "mqtt://h", mqtt.Config{Transport: mqtt.Transport{
			ConnectTimeout: 30 * time.Second,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				<-time.After(20 * time.Second)
				return ours, nil
			},
		}})
		if err == nil || !strings.Contains(err.Error(), "no CONNACK within 30s") || time.Since(begin) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_ = theirs.Close()
	})
}
