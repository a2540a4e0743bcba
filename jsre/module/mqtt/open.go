package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

const (
	defaultTimeout = 10 * time.Second
	maxTimeout     = 1<<31 - 1 // ms, as timers have it
	defaultBufSize = 2048
	minBufSize     = 512
	maxBufSize     = 4096
)

// target is what open was asked for.
type target struct {
	host, port string
	to         string      // host:port that the connection really goes to
	tls        *tls.Config // nil: plain
	handshake  time.Duration
	timeout    time.Duration
	bufSize    int
}

// openClient is mqtt.open, in both forms.
func (m *module) openClient(call goja.FunctionCall) goja.Value {
	a := m.vm.Args("open", call.Arguments)
	t := m.readTarget(a)
	done, sync := m.vm.ToFunc(a.Value(2))
	sync = !sync
	switch {
	case sync && a.Given(2):
		t.timeout = time.Duration(a.Int(2, "timeout (or callback)", 0, maxTimeout)) * time.Millisecond
	case !sync && a.Given(3):
		t.bufSize = int(a.Int(3, "bufSize", minBufSize, maxBufSize))
	}
	if m.mode() == mqtt.ModeOff {
		m.vm.Throw("EPERM", "open: MQTT is switched off (mode off)")
	}
	m.lead(&t)
	m.vm.CheckNet(t.to)
	c := m.newClient()
	if sync {
		return c.openNow(t)
	}
	c.openLater(t, done)
	return c.obj
}

// readTarget takes saddr and tlsOpt.
func (m *module) readTarget(a engine.Args) target {
	saddr := a.Object(0, "saddr")
	t := target{timeout: defaultTimeout, bufSize: defaultBufSize}
	t.host = m.vm.CheckString("open: saddr.addr", m.vm.Field(saddr, "addr"))
	if t.host == "" {
		m.vm.ThrowRange("open: saddr.addr must not be empty")
	}
	t.port = strconv.FormatInt(m.vm.CheckInt("open: saddr.port", m.vm.Field(saddr, "port"), 1, 65535), 10)
	if a.Given(1) {
		t.tls, t.handshake = m.readTLS(a.Object(1, "tlsOpt"), t.host)
	}
	return t
}

// dial makes the connection. It runs on any goroutine.
func (c *client) dial(t target) (*mqtt.Client, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, t.timeout, timeoutError(t.timeout))
	defer cancel()
	scheme := "mqtt"
	if t.tls != nil {
		scheme = "mqtts"
	}
	cfg := c.callbacks()
	cfg.Transport = mqtt.Transport{
		TLS:        t.tls,
		TLSTimeout: t.handshake,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, t.to)
		},
		ConnectTimeout: mqtt.DefaultConnectTimeout,
		ReadBuffer:     t.bufSize,
	}
	return mqtt.Open(ctx, scheme+"://"+net.JoinHostPort(t.host, t.port), cfg)
}

// lead has the host's rules lead the connection elsewhere, perhaps without TLS, whatever the script wants.
func (m *module) lead(t *target) {
	t.to = net.JoinHostPort(t.host, t.port)
	if m.options.Redirect == nil {
		return
	}
	var plain bool
	if t.to, plain = m.options.Redirect(t.to); plain {
		t.tls = nil
	}
}

type timeoutError time.Duration

func (e timeoutError) Error() string { return "no connection within " + time.Duration(e).String() }
func (e timeoutError) Unwrap() error { return context.DeadlineExceeded }

// callbacks bring what happens on the connection to the loop. A script makes a client anew
// when one is gone, so what has ended one connection of it is thrown away on the next.
func (c *client) callbacks() mqtt.Config {
	poison := mqtt.PoisonEnds
	if c.poisoned.Load() {
		poison = mqtt.PoisonDropped
	}
	return mqtt.Config{
		Poison:    poison,
		OnConnect: func(*mqtt.Client) { c.push(event{kind: connected}) },
		OnMessage: func(_ context.Context, m *mqtt.Received) { c.push(event{kind: message, message: m}) },
		ManualAck: true,
		OnDisconnect: func(reason error) {
			var broken *mqtt.PacketError
			if errors.As(reason, &broken) {
				c.poisoned.Store(true)
			}
			var left *mqtt.DisconnectError
			if errors.Is(reason, mqtt.ErrServerClosed) || errors.As(reason, &left) {
				c.push(event{kind: leaving, err: reason})
			}
			c.push(event{kind: disconnected, err: reason})
		},
		OnError: func(err error) { c.push(event{kind: failed, err: err}) },
	}
}

// openNow blocks the script until the connection stands.
func (c *client) openNow(t target) goja.Value {
	conn, err := c.dial(t)
	c.vm.CheckStop()
	if err != nil {
		c.openFailed(err)
		c.release()
		return goja.Undefined()
	}
	c.ready = c.adopt(conn)
	return c.obj
}

// openLater calls done once the connection stands or cannot be made.
func (c *client) openLater(t target, done *engine.Func) {
	complete := c.vm.Loop().Reserve()
	c.background.Go(func() {
		conn, err := c.dial(t)
		if err == nil && !c.adopt(conn) {
			shut(conn)
			err = errors.New("open: the client was closed meanwhile")
		}
		complete(func() {
			if err != nil {
				c.openFailed(err)
				done.Call(goja.Undefined(), c.obj, goja.Undefined())
				return
			}
			c.ready = true
			done.Call(goja.Undefined(), c.obj, c.addressObject(conn.RemoteAddr()))
		})
	})
}

// addressObject is a network address as socket.sockaddr makes it.
func (c *client) addressObject(a net.Addr) goja.Value {
	domain, host, port := 2, a.String(), 0 // AF_INET
	if tcp, ok := a.(*net.TCPAddr); ok {
		host, port = tcp.IP.String(), tcp.Port
		if tcp.IP.To4() == nil {
			domain = 10 // AF_INET6
		}
	}
	return c.vm.NewObject("domain", domain, "addr", host, "port", port)
}

// openFailed ends a client that got no connection.
func (c *client) openFailed(err error) {
	c.last = c.errorObject(fmt.Errorf("open: %w", err))
	c.closed = true
	c.beginClose()
}
