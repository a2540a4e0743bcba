package tap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// lastWords is how long after the first end of a connection its last packets still belong to it in the log.
const lastWords = time.Second

// device is one connection of a device, and the one to the server that belongs to it.
type device struct {
	tap     *Tap
	log     *packets.Log
	id      int
	address string
	since   time.Time
	client  net.Conn
	done    chan struct{} // closed when both connections are
	ended   chan struct{} // closed with the first end of one of them

	mu       sync.Mutex
	server   net.Conn
	clientID string
	version  mqtt.Version
	gone     bool // done is closed
	end      *packets.Closed
	endTime  time.Time
	told     bool // the log has the end
}

func newDevice(t *Tap, id int, conn net.Conn) *device {
	return &device{
		tap: t, log: t.cfg.Log, id: id, address: conn.RemoteAddr().String(), since: time.Now(), client: conn,
		done: make(chan struct{}), ended: make(chan struct{}),
	}
}

// shown returns the device for the page.
func (d *device) shown() protocol.Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	return protocol.Device{ID: d.id, ClientID: d.clientID, Address: d.address, Since: d.since.UnixMilli()}
}

// named notes the client identifier and the version.
func (d *device) named(id string, version mqtt.Version) {
	d.mu.Lock()
	d.clientID, d.version = id, version
	d.mu.Unlock()
	d.tap.tellChange()
}

// speaks returns the version that the device's CONNECT names.
func (d *device) speaks() mqtt.Version {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.version
}

// run passes bytes both ways until both connections have ended.
func (d *device) run() {
	d.log.Opened(d.id, d.since, "device "+d.address)
	server, err := d.reach()
	if err != nil {
		d.tap.leave(d, d.tell(packets.Closed{By: d.blame(), Err: d.cause(err)}).Why)
		reset(d.client)
		return
	}
	up := newWay(d, true, d.client, server)
	down := newWay(d, false, server, d.client)
	var both sync.WaitGroup
	for _, loop := range []func(){up.readLoop, up.writeLoop, down.readLoop, down.writeLoop} {
		both.Go(loop)
	}
	over := make(chan struct{})
	go func() { // ends with the loops, which run waits for
		both.Wait()
		close(over)
	}()
	<-d.ended
	select {
	case <-over:
	case <-time.After(lastWords):
	}
	up.flush()
	down.flush()
	end := d.tell(*d.end)
	d.tap.leave(d, end.Why)
	<-over
	up.release()
	down.release()
	d.shut(false)
}

// reach connects to the server.
func (d *device) reach() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	d.tap.running.Go(func() {
		select {
		case <-d.done:
			cancel()
		case <-ctx.Done():
		}
	})
	server, err := dial.Open(ctx, d.tap.to, dial.Options{TLS: d.tap.cfg.TLS, Dial: d.tap.cfg.dial})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		server.Close()
		return nil, net.ErrClosed
	}
	d.server = server
	return server, nil
}

// blame says who is to blame when the server was not reached, and cause why.
func (d *device) blame() packets.Side {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil {
		return d.end.By
	}
	return packets.Server
}

func (d *device) cause(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil {
		return d.end.Err
	}
	return fmt.Errorf("the proxy did not reach the server: %w", err)
}

// tell tells the log why the connection ended; packets that come after it are no longer of this one.
func (d *device) tell(c packets.Closed) protocol.End {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.endTime
	if at.IsZero() {
		at = time.Now()
	}
	d.told = true
	return d.log.Closed(d.id, at, c)
}

// add gives the log a packet.
func (d *device) add(at time.Time, p packets.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.told {
		d.log.Add(d.id, at, p)
	}
}

// note keeps the first end of one of the two connections, which is why both end.
func (d *device) note(by packets.Side, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	d.end, d.endTime = &packets.Closed{By: by, Err: err}, time.Now()
	close(d.ended)
}

// cut ends both connections at once, on demand.
func (d *device) cut(err error) {
	d.note(packets.Proxy, err)
	d.shut(true)
}

// shut closes both connections; hard: as one that breaks.
func (d *device) shut(hard bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return
	}
	d.gone = true
	close(d.done)
	for _, conn := range []net.Conn{d.client, d.server} {
		switch {
		case conn == nil:
		case hard:
			reset(conn)
		default:
			conn.Close()
		}
	}
}

// reset closes a connection without order, where that is possible.
func reset(conn net.Conn) {
	if above, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = above.NetConn() // TLS would wait for its last words
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed in any case
	}
	conn.Close()
}
