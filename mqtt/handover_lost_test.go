package mqtt_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
)

// TestConnectionIsLostInAHandlerThatAcknowledges, in the middle of a batch, once the next connection
// stands: of QoS 1 that counts no more and the message comes again, of QoS 2 it does. In the end each
// message is acknowledged, and one of QoS 2 was handled once.
func TestConnectionIsLostInAHandlerThatAcknowledges(t *testing.T) {
	manual := func(h *handling, cfg *mqtt.Config) {
		cfg.Reconnect, cfg.KeepSession, cfg.ManualAck = &mqtt.Reconnect{}, true, true
		if h.server.away = time.Second; cfg.Version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
	}
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			eachHandling(t, manual, func(h *handling) { loseInABatch(h, qos) })
		})
	}
}

func loseInABatch(h *handling, qos byte) {
	const n, at = 10, 3
	var late error
	h.act = func(i int, m *mqtt.Received) {
		if i != at || h.server.accepted() > 1 {
			must(h.t, m.Ack())
			return
		}
		<-time.After(slack) // what was acknowledged before has left
		h.server.cut()
		synctest.Wait()
		must(h.t, h.AwaitConnected(h.ctx))
		late = m.Ack()
	}
	h.server.say(h.some(qos, 0, n))
	for h.server.accepted() < 2 {
		<-time.After(time.Second)
	}
	synctest.Wait()
	if qos == 1 {
		checkError(h.t, late, mqtt.ErrNotConnected)
	} else {
		checkError(h.t, late)
	}
	var ids []int
	for _, a := range h.server.acknowledged() {
		ids = append(ids, a.id-1)
	}
	if !slices.Equal(ids, upTo(at)) {
		h.t.Errorf("acknowledged %v before the server has sent anything again", ids)
	}
	again := h.some(qos, at, n)
	for i := 0; i < len(again); i += len(again) / (n - at) {
		again[i] |= 8 // DUP
	}
	h.server.say(again)
	h.rest()
	want := upTo(n)
	if qos == 1 {
		want = slices.Insert(want, at, at)
	}
	if got := h.order(); !slices.Equal(got, want) || len(h.server.acknowledged()) != n {
		h.t.Errorf("handled %v, acknowledged %v", got, h.server.acknowledged())
	}
}

// TestConnectionIsLostBesideASlowHandler that returns before the next one: nothing is acknowledged on a
// connection on which it did not come, and everything is in the end.
func TestConnectionIsLostBesideASlowHandler(t *testing.T) {
	kept := func(h *handling, cfg *mqtt.Config) {
		cfg.Reconnect, cfg.KeepSession, h.server.away = &mqtt.Reconnect{}, true, 7*time.Millisecond
		if cfg.Version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
	}
	eachHandling(t, kept, func(h *handling) {
		const n = 40
		h.takes(always(3 * time.Millisecond))
		open := upTo(n)
		for conns := 1; len(open) > 0 && conns < 200; conns++ {
			for h.server.accepted() < conns {
				<-time.After(time.Millisecond)
			}
			before := len(h.server.acknowledged())
			var words []byte
			for _, i := range open {
				words = append(words, h.some(1, i, i+1)...)
			}
			h.server.say(words)
			<-time.After(20 * time.Millisecond)
			h.server.cut()
			synctest.Wait()
			for _, a := range h.server.acknowledged()[before:] {
				if open[0] != a.id-1 {
					h.t.Fatalf("%d is acknowledged, want %d", a.id-1, open[0])
				}
				open = open[1:]
			}
		}
		if len(open) > 0 {
			h.t.Errorf("%v are not acknowledged", open)
		}
	})
}

// eachTransport runs f with the address of a server on each kind of connection. What it says at once
// comes with few reads, or with one.
func eachTransport(t *testing.T, f func(t *testing.T, h *handling, url string, conf *tls.Config)) {
	t.Helper()
	authority := testcert.NewAuthority(t)
	secure := &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}}
	client := &tls.Config{RootCAs: authority.Pool()}
	for _, kind := range []string{"mqtt", "mqtts", "unix", "ws"} {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			t.Run(kind+" "+version.String(), func(t *testing.T) {
				h := &handling{t: t, ctx: ctxFor(t), server: &opposite{t: t}}
				if kind == "ws" {
					f(t, h, h.server.webSocket(), nil)
					return
				}
				network, address := "tcp", "127.0.0.1:0"
				if kind == "unix" {
					network, address = "unix", filepath.Join(t.TempDir(), "s")
				}
				l, err := net.Listen(network, address)
				must(t, err)
				url := kind + "://" + l.Addr().String()
				if kind == "mqtts" {
					l = tls.NewListener(l, secure)
				}
				h.server.listen(l)
				f(t, h, url, client)
			})
		}
	}
}

// listen serves what l accepts until the test ends.
func (o *opposite) listen(l net.Listener) {
	accepting := make(chan struct{})
	o.t.Cleanup(func() { _ = l.Close(); <-accepting })
	go func() {
		defer close(accepting)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			o.wg.Go(func() { o.serve(conn) })
		}
	}()
}

// webSocket serves WebSockets until the test ends.
func (o *opposite) webSocket() (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"mqtt"}})
		if err != nil {
			o.t.Error(err)
			return
		}
		o.serve(websocket.NetConn(r.Context(), c, websocket.MessageBinary))
	}))
	o.t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1)
}

// TestHandlersWaitOnEveryTransport: many of a batch publish, subscribe, ping and wait, one fails, the
// last one closes the client.
func TestHandlersWaitOnEveryTransport(t *testing.T) {
	const n = 400
	eachTransport(t, func(t *testing.T, h *handling, url string, conf *tls.Config) {
		version := mqtt.V311
		if strings.HasSuffix(t.Name(), "5") {
			version = mqtt.V5
		}
		closed := make(chan error, 1)
		calls := waitings(version == mqtt.V5)
		h.act = func(i int, _ *mqtt.Received) {
			switch {
			case i == n-1:
				closed <- h.Close(h.ctx)
			case i == 100:
				panic("no")
			case i%20 == 0:
				must(t, calls[i/20%len(calls)].call(h.ctx, h.Client))
			case i%50 == 1:
				must(t, <-async(func() error { return publishing(2)(h.ctx, h.Client) }))
			}
		}
		h.open(url, mqtt.Config{
			ClientID: "c", Version: version, OnMessage: h.handle, OnError: h.tell,
			Transport: mqtt.Transport{TLS: conf, ReadBuffer: 64 << 10},
		})
		h.server.say(h.some(1, 0, n/2))
		for len(h.order()) < n/2 {
			<-time.After(time.Millisecond)
			if h.ctx.Err() != nil {
				t.Fatalf("handled %s", short(h.order()))
			}
		}
		h.checkHandled(n/2, func(i int) bool { return i == 100 })
		h.server.say(h.some(1, n/2, n))
		select {
		case err := <-closed:
			must(t, err)
		case <-h.ctx.Done():
			t.Fatal(errors.Join(h.Err(), h.ctx.Err()))
		}
		h.gone()
		h.checkFailures(1)
	})
}
