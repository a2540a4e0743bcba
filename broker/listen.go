package broker

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// ErrNoCertificate is why Start cannot serve TLS, to be asked for with errors.Is.
var ErrNoCertificate = errors.New("needs a TLS configuration with a certificate")

// listener is one bound address. The wrapped broker's own listeners bind after
// Start would have returned (WebSocket), hide the port that was taken, and leave
// connections alone that have not sent CONNECT yet; this one does none of that.
type listener struct {
	id        string
	scheme    string // tcp, tls, ws or wss
	tls       *tls.Config
	logger    *slog.Logger
	sessions  *sessions
	faults    *faults // nil: none
	inner     net.Listener
	establish listeners.EstablishFn
	serving   sync.WaitGroup // added to under mu, while not closing
	closed    chan struct{}  // closed with closing

	mu      sync.Mutex
	conns   map[*trackedConn]struct{}
	closing bool
	limit   time.Time // with closing: the deadline of all further reads and writes
}

// schemes gives each scheme its canonical name and its port where the URL has none.
var schemes = map[string]struct {
	name, port string
}{
	"tcp": {"tcp", "1883"}, "mqtt": {"tcp", "1883"},
	"tls": {"tls", "8883"}, "ssl": {"tls", "8883"}, "mqtts": {"tls", "8883"},
	"ws": {"ws", "80"}, "wss": {"wss", "443"},
}

// listen binds the address.
func listen(ctx context.Context, address Listener, fallback *tls.Config) (*listener, error) {
	u, err := url.Parse(address.URL)
	switch {
	case err != nil && strings.Contains(address.URL, "@"): // it may hold a password
		return nil, errors.New("broker: a listener is not a URL; write it as tcp://127.0.0.1:1883, without a user")
	case err != nil || u.Host == "" && u.User == nil:
		return nil, fmt.Errorf("broker: listener %q is not a URL; write it as tcp://127.0.0.1:1883", address.URL)
	case u.User != nil:
		return nil, fmt.Errorf("broker: listener %s://%s has a user; those who may connect are in Config.Users", u.Scheme, u.Host)
	}
	scheme, ok := schemes[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("broker: listener %q: unknown scheme %q; use tcp, tls, ws or wss", address.URL, u.Scheme)
	}
	l := &listener{scheme: scheme.name, conns: make(map[*trackedConn]struct{}), closed: make(chan struct{})}
	if scheme.name == "tls" || scheme.name == "wss" {
		if l.tls = address.TLS; l.tls == nil {
			l.tls = fallback
		}
		if l.tls == nil {
			return nil, fmt.Errorf("broker: listener %q %w", address.URL, ErrNoCertificate)
		}
	}
	port := cmp.Or(u.Port(), scheme.port)
	var lc net.ListenConfig
	l.inner, err = lc.Listen(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("broker: listen on %s: %w", address.URL, err)
	}
	l.id = l.url()
	return l, nil
}

// url returns the address that was really bound.
func (l *listener) url() string { return l.scheme + "://" + l.inner.Addr().String() }

// Serve hands every connection to the broker until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	if !l.begin() {
		return
	}
	defer l.serving.Done()
	l.establish = establish
	if l.scheme == "ws" || l.scheme == "wss" {
		l.serveWebSocket()
		return
	}
	l.acceptLoop()
}

// acceptLoop serves plain MQTT, under TLS where there is a configuration.
func (l *listener) acceptLoop() {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer l.serving.Done() // Accept has added it
			defer conn.Close()
			served := conn
			if l.tls != nil {
				// The handshake happens with the first read, within the time for CONNECT.
				served = tls.Server(conn, l.tls)
			}
			l.converse(served, func() { _ = conn.Close() })
		}()
	}
}

// serveWebSocket serves MQTT in binary frames, over HTTP or HTTPS.
func (l *listener) serveWebSocket() {
	server := &http.Server{
		Handler:           http.HandlerFunc(l.upgrade),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				l.serving.Done() // Accept has added it
			}
		},
	}
	var source net.Listener = l
	if l.tls != nil {
		config := l.tls.Clone()
		config.NextProtos = []string{"http/1.1"} // HTTP/2 has no upgrade
		source = tls.NewListener(l, config)
	}
	// It returns when the listener closes.
	_ = server.Serve(source)
}

// upgrade serves one WebSocket connection. [MQTT-6.0.0-1] [MQTT-6.0.0-3] [MQTT-6.0.0-4]
func (l *listener) upgrade(w http.ResponseWriter, r *http.Request) {
	if !l.begin() {
		return
	}
	defer l.serving.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:   []string{"mqtt", "mqttv3.1"},
		OriginPatterns: []string{"*"}, // pages under development come from anywhere
	})
	if err != nil {
		l.logger.Warn("websocket handshake refused", "remote", r.RemoteAddr, "error", err)
		return
	}
	ws.SetReadLimit(-1) // a frame carries any number of packets; the broker limits those
	conn := websocket.NetConn(r.Context(), ws, websocket.MessageBinary)
	defer conn.Close()
	l.converse(conn, func() { _ = ws.CloseNow() })
}

// converse has the broker serve a connection to its end, which cut brings about at once.
func (l *listener) converse(conn net.Conn, cut func()) {
	conn, settled := l.faults.wrap(conn, cut, l.closed)
	defer settled()
	served, ended := l.sessions.began(conn)
	defer ended()
	if err := l.establish(l.id, served); err != nil {
		l.logger.Info("connection ended", "listener", l.scheme, "remote", conn.RemoteAddr().String(), "error", err)
	}
}

// begin counts one more goroutine that Close has to wait for. It is false when
// the listener is closing.
func (l *listener) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return false
	}
	l.serving.Add(1)
	return true
}

// refuse takes no more connections and lets those that stand read and write until
// limit only, whatever deadline they are given from now on.
func (l *listener) refuse(limit time.Time) {
	_ = l.inner.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closing {
		close(l.closed)
	}
	l.closing, l.limit = true, limit
	for conn := range l.conns {
		_ = conn.Conn.SetDeadline(limit)
	}
}

// end closes the listener and waits until every connection has ended: no read or
// write of theirs succeeds any more.
func (l *listener) end() {
	l.refuse(time.Now())
	l.serving.Wait()
}
