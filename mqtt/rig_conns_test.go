package mqtt_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// tlsServer accepts one connection with conf and scripts it; a handshake that
// fails is for the client to tell.
type tlsServer struct {
	*testing.T
	listener net.Listener
	hello    chan *tls.ClientHelloInfo
}

func (s *tlsServer) url(host string) string {
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	must(s.T, err)
	return "mqtts://" + net.JoinHostPort(host, port)
}

// accept returns the connection after its handshake.
func (s *tlsServer) accept() (*mqtttest.Conn, net.Conn) {
	s.Helper()
	conn, err := s.listener.Accept()
	must(s.T, err)
	if err := conn.(*tls.Conn).Handshake(); err != nil {
		s.Logf("handshake: %v", err)
	}
	return mqtttest.NewConn(s.T, conn), conn
}

func newTLSServer(t *testing.T, conf *tls.Config) *tlsServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &tlsServer{t, l, make(chan *tls.ClientHelloInfo, 1)}
	t.Cleanup(func() { _ = l.Close() })
	conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		s.hello <- h
		return nil, nil
	}
	s.listener = tls.NewListener(l, conf)
	return s
}

// dialTLS connects s to the server.
func (s *scripted) dialTLS(server *tlsServer, host string, conf *tls.Config) error {
	s.t.Helper()
	cfg := s.watch(mqtt.Config{ClientID: "c", Transport: mqtt.Transport{TLS: conf}})
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, server.url(host), cfg)
		return err
	})
	s.server, _ = server.accept()
	if p, err := s.server.TryPacket(); err == nil && p[0] == 0x10 {
		s.server.Send("20 02 0000")
	}
	return s.wait(dialed)
}

// pipeTLS makes pipes whose other end, after a handshake, comes out of peers.
func pipeTLS(t *testing.T, cfg *mqtt.Config) (peers chan net.Conn) {
	authority := testcert.NewAuthority(t)
	cert := authority.Server(t, testcert.Options{Names: []string{"pipe"}}).Certificate(t)
	peers = make(chan net.Conn, 1)
	cfg.Transport.TLS = &tls.Config{RootCAs: authority.Pool(), ServerName: "pipe"}
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			peer := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1", "x-amzn-mqtt-ca", "mqtt"}})
			if err := peer.Handshake(); err != nil {
				t.Errorf("handshake: %v", err)
			}
			peers <- peer
		}()
		return ours, nil
	}
	return peers
}

// dialPipeTLS connects over TLS over net.Pipe.
func dialPipeTLS(t *testing.T, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: context.Background(), events: make(chan string, 10)}
	cfg := s.watch(mqtt.Config{ClientID: "c"})
	change(&cfg)
	peers := pipeTLS(t, &cfg)
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, "mqtts://pipe", cfg)
		return err
	})
	s.server = mqtttest.NewConn(t, <-peers)
	s.server.SetPatience(100 * time.Hour)
	s.server.Accept()
	s.mustWait(dialed)
	s.expectEvent("connect")
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// rotating is a TLS server over sockets that asks clients for a certificate.
type rotating struct {
	net.Listener
	url string
}

// accept returns the next connection, and whose certificate came.
func (r *rotating) accept(t *testing.T) (*mqtttest.Conn, string, error) {
	t.Helper()
	conn, err := r.Accept()
	must(t, err)
	secure := conn.(*tls.Conn)
	if err := secure.Handshake(); err != nil {
		_ = conn.Close()
		return nil, "", err
	}
	whose := ""
	if peers := secure.ConnectionState().PeerCertificates; len(peers) > 0 {
		whose = peers[0].SerialNumber.String()
	}
	return mqtttest.NewConn(t, conn), whose, nil
}

func newRotating(t *testing.T, conf *tls.Config) *rotating {
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return &rotating{l, "mqtts://" + l.Addr().String()}
}

// loopConn is a server in one object: it acknowledges what is written and costs
// no allocation and no goroutine.
type loopConn struct {
	mu     sync.Mutex
	cond   *sync.Cond
	in     []byte // for the client to read
	out    []byte // the beginning of a packet; of the writer
	closed bool
}

// push gives the client b to read.
func (c *loopConn) push(b ...byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = append(c.in, b...)
	c.cond.Signal()
}

func (c *loopConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.in) == 0 {
		if c.closed {
			return 0, io.EOF
		}
		c.cond.Wait()
	}
	n := copy(b, c.in)
	c.in = c.in[:copy(c.in, c.in[n:])]
	return n, nil
}

// Write takes packets shorter than 128 bytes.
func (c *loopConn) Write(b []byte) (int, error) {
	c.out = append(c.out, b...)
	rest := c.out
	for ; len(rest) > 1 && len(rest) >= 2+int(rest[1]); rest = rest[2+rest[1]:] {
		switch rest[0] {
		case 0x10:
			if version := rest[8]; version == 5 {
				c.push(0x20, 3, 0, 0, 0)
			} else {
				c.push(0x20, 2, 0, 0)
			}
		case 0x32:
			id := rest[4+rest[3]:]
			c.push(0x40, 2, id[0], id[1])
		case 0xC0:
			c.push(0xD0, 0)
		case 0xE0:
			_ = c.Close()
		}
	}
	c.out = c.out[:copy(c.out, rest)]
	return len(b), nil
}

func (c *loopConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.cond.Broadcast()
	return nil
}

func (*loopConn) LocalAddr() net.Addr              { return nil }
func (*loopConn) RemoteAddr() net.Addr             { return nil }
func (*loopConn) SetDeadline(time.Time) error      { return nil }
func (*loopConn) SetReadDeadline(time.Time) error  { return nil }
func (*loopConn) SetWriteDeadline(time.Time) error { return nil }

func (c *loopConn) unread() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.in)
}

// trim lets go of the server's own buffer.
func (c *loopConn) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = nil
}

func newLoopConn() *loopConn {
	c := &loopConn{}
	c.cond = sync.NewCond(&c.mu)
	return c
}

func dialLoop(t *testing.T, handler func(context.Context, *mqtt.Received)) (*mqtt.Client, *loopConn) {
	t.Helper()
	return dialLoopOf(t, mqtt.V311, handler)
}

// dialLoopOf is dialLoop for a version.
func dialLoopOf(t *testing.T, v mqtt.Version, handler func(context.Context, *mqtt.Received)) (*mqtt.Client, *loopConn) {
	t.Helper()
	conn := newLoopConn()
	dial := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	c, err := mqtt.Dial(ctxFor(t), "mqtt://loop", mqtt.Config{ClientID: "c", Version: v, Transport: mqtt.Transport{Dial: dial}, OnMessage: handler})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close(context.Background())) })
	return c, conn
}

// halfClosed is a connection that the server may go on to write to after the last packet.
type halfClosed struct{ net.Conn }

func (halfClosed) CloseWrite() error { return nil }

// patient returns a Transport.Dial for such connections.
func patient(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return halfClosed{conn}, err
	}
}

// byteByByte is a connection that gives and takes one byte at a time.
type byteByByte struct{ net.Conn }

func (c byteByByte) Read(b []byte) (int, error)  { return c.Conn.Read(b[:min(len(b), 1)]) }
func (c byteByByte) Write(b []byte) (int, error) { return c.Conn.Write(b[:min(len(b), 1)]) }

// endedConn is a connection that the server closed at once.
type endedConn struct{ net.Conn }

func (endedConn) Read([]byte) (int, error) { return 0, io.EOF }

// cancelConn ends a context when the CONNACK comes in.
type cancelConn struct {
	net.Conn
	cancel context.CancelFunc
}

func (c cancelConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && b[0] == 0x20 {
		c.cancel()
	}
	return n, err
}

// lateWriter is a connection whose writes return late.
type lateWriter struct {
	net.Conn
	hold chan chan struct{} // a write of a PUBLISH that finds one returns when it is closed
}

func (c lateWriter) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if b[0]>>4 != 3 { // the write of CONNECT may return late by itself
		return n, err
	}
	select {
	case release := <-c.hold:
		<-release
	default:
	}
	return n, err
}

// countedWrites is a connection that counts them.
type countedWrites struct {
	net.Conn
	n *atomic.Int32
}

func (c countedWrites) Write(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(b)
}
