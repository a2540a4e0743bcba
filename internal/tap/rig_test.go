package tap_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"go.uber.org/goleak"

	"dunlin/internal/packets"
	"dunlin/internal/tap"
	"dunlin/internal/testcert"
	"dunlin/internal/ui/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a proxy with its log, and word of its changes.
type rig struct {
	t       testing.TB
	tap     *tap.Tap
	log     *packets.Log
	changes chan struct{}
}

// start starts a proxy in front of the server at the URL.
func start(t testing.TB, cfg tap.Config) *rig {
	t.Helper()
	r := &rig{t: t, log: packets.NewLog(0), changes: make(chan struct{}, 1)}
	cfg.Listen, cfg.Log = "127.0.0.1:0", r.log
	cfg.OnChange = func() {
		select {
		case r.changes <- struct{}{}:
		default:
		}
	}
	var err error
	if r.tap, err = tap.Start(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.tap.Close() })
	return r
}

// url is where devices connect to.
func (r *rig) url() string { return "mqtt://" + r.tap.Addr().String() }

// until waits for changes until a device is as wanted, and returns it.
func (r *rig) until(what string, wanted func(d protocol.Device) bool) protocol.Device {
	r.t.Helper()
	for {
		for _, d := range r.tap.Devices() {
			if wanted(d) {
				return d
			}
		}
		select {
		case <-r.changes:
		case <-r.t.Context().Done():
			r.t.Fatal("no device " + what)
		}
	}
}

// end waits until device id is gone, and returns why.
func (r *rig) end(id int) protocol.End {
	r.t.Helper()
	d := r.until("is gone", func(d protocol.Device) bool { return d.ID == id && d.Ended != 0 })
	all := r.log.Packets(protocol.Watch{Device: id, Count: 500}).Ends
	if len(all) == 0 {
		r.t.Fatalf("the log has no end of device %+v", d)
	}
	return all[len(all)-1]
}

// types are the types of the packets of a device.
func (r *rig) types(id int) (names []string) {
	for _, p := range r.log.Packets(protocol.Watch{Device: id, Count: 500}).Packets {
		arrow := "<"
		if p.Sent {
			arrow = ">"
		}
		if p.Type == "opened" || p.Type == "closed" {
			arrow = ""
		}
		names = append(names, arrow+p.Type)
	}
	return names
}

// listen is a server of a test, which takes connections by itself.
func listen(t testing.TB) (url string, accept func() *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "mqtt://" + l.Addr().String(), func() *net.TCPConn {
		t.Helper()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn.(*net.TCPConn)
	}
}

// connect connects a device.
func (r *rig) connect() *net.TCPConn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.tap.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// pipes is a listener and a dialer of connections in memory, for tests in fake time.
type pipes struct {
	devices chan net.Conn
	servers chan net.Conn
	done    chan struct{}
}

func newPipes() *pipes {
	return &pipes{devices: make(chan net.Conn), servers: make(chan net.Conn, 1), done: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.devices:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.servers <- there
	return here, nil
}

// connect connects a device, and returns both ends.
func (p *pipes) connect() (device, server net.Conn) {
	here, there := net.Pipe()
	p.devices <- there
	return here, <-p.servers
}

// turnedAway connects a device and sees its connection reset, perhaps before it is one.
func (r *rig) turnedAway() {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.tap.Addr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil {
		r.t.Error("the device saw an end in order")
	}
}

// tlsConfig trusts an authority of the test.
func tlsConfig(ca *testcert.Authority) *tls.Config {
	return &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
}
