// Package tap is a proxy between MQTT devices and their server. Bytes go through it as they are; it shows the packets to a log, and
// does on demand what networks do at times: it delays, drops, stalls and cuts.
package tap

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

const (
	// mostDevices is how many devices are connected at once.
	mostDevices = 1000
	// keptDevices is how many Devices returns.
	keptDevices = 200
	// dialTime bounds the way to the server.
	dialTime = 10 * time.Second
)

// Config says where a Tap stands.
type Config struct {
	Listen string       // the TCP address for devices, such as :1884
	To     string       // the server's URL, such as mqtt://host:1883 or mqtts://host; HOST:PORT is mqtt
	TLS    *tls.Config  // for the server; nil: the system's authorities
	Log    *packets.Log // gets the packets of all devices

	// OnMessage gets each PUBLISH of at most 16 MiB that goes through, where no more than 64 MiB are under way at once, from the devices (sent) and to them, with its topic where an
	// alias stands for it. It is called on the goroutine that passes the bytes on: it must return soon. The message is its to keep.
	OnMessage func(device int, sent bool, m *mqtt.Received, at time.Time)
	// OnChange is told that devices came or went. It must return soon; nil: nobody is.
	OnChange func()

	// listener takes the place of Listen, and dial that of the server, in tests.
	listener net.Listener
	dial     dial.Func
}

// Tap is a proxy that runs.
type Tap struct {
	cfg      Config
	to       dial.Address
	listener net.Listener
	done     chan struct{} // closed by Close
	running  sync.WaitGroup
	held     packets.Room // the room for packets under way

	mu      sync.Mutex
	closed  bool
	last    int               // device
	live    map[int]*device   // that the page sees as connected
	open    map[*device]bool  // these, and those of which one connection has ended and what they sent still waits for the other side
	gone    []protocol.Device // the latest last
	faults  protocol.Faults
	special map[int]protocol.Faults // of one device
	changed chan struct{}           // closed when faults change
}

// Start listens. ctx bounds the start alone; Close ends the proxy.
func Start(ctx context.Context, cfg Config) (*Tap, error) {
	to, err := dial.ParseAddress(cfg.To)
	if err != nil {
		return nil, err
	}
	if to.User != nil {
		return nil, errors.New("the server's URL of a proxy has a user name: devices log in by themselves; leave it out")
	}
	cfg.Log = cmp.Or(cfg.Log, packets.NewLog(0))
	listener := cfg.listener
	if listener == nil {
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen); err != nil {
			return nil, fmt.Errorf("the proxy cannot listen: %w; choose another address", err)
		}
	}
	t := &Tap{
		cfg: cfg, to: to, listener: listener, done: make(chan struct{}), live: map[int]*device{}, open: map[*device]bool{}, special: map[int]protocol.Faults{},
		changed: make(chan struct{}),
	}
	t.held.Give(mostHeld)
	t.running.Go(t.acceptLoop)
	return t, nil
}

// Addr is where devices connect to.
func (t *Tap) Addr() net.Addr { return t.listener.Addr() }

// acceptLoop takes devices until Close.
func (t *Tap) acceptLoop() {
	const pause = 50 * time.Millisecond
	for {
		conn, err := t.listener.Accept()
		switch {
		case err == nil:
			t.accept(conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		}
		select { // such as too many open files
		case <-t.done:
			return
		case <-time.After(pause):
		}
	}
}

// accept has a device served, unless that is not wanted.
func (t *Tap) accept(conn net.Conn) {
	defer t.tellChange()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		conn.Close()
		return
	}
	t.last++
	d := newDevice(t, t.last, conn)
	why := ""
	switch {
	case t.faults.Refuse:
		why = "connections are refused, as it was asked for"
	case len(t.open) >= mostDevices:
		why = fmt.Sprintf("it serves %d devices already, which is the most", mostDevices)
	}
	if why != "" {
		reset(conn)
		d.log.Opened(d.id, time.Now(), d.address)
		end := d.log.Closed(d.id, time.Now(), packets.Closed{By: packets.Proxy, Err: errors.New(why)})
		t.departed(d, end.Why)
		return
	}
	t.live[d.id], t.open[d] = d, true
	t.running.Go(func() {
		defer t.release(d)
		d.run()
	})
}

// tellChange tells of devices that came or went. The caller has no lock.
func (t *Tap) tellChange() {
	if t.cfg.OnChange != nil {
		t.cfg.OnChange()
	}
}

// leave takes a device off the list of those that are connected.
func (t *Tap) leave(d *device, why string) {
	defer t.tellChange()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, d.id)
	delete(t.special, d.id)
	t.departed(d, why)
}

// release gives the place of a device back, of which both connections have ended.
func (t *Tap) release(d *device) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, d)
}

// departed remembers a device that is gone. The caller has the lock.
func (t *Tap) departed(d *device, why string) {
	shown := d.shown()
	shown.Ended, shown.Why = time.Now().UnixMilli(), why
	t.gone = append(t.gone, shown)
	if len(t.gone) > keptDevices {
		t.gone = slices.Delete(t.gone, 0, 1)
	}
}

// Devices returns those that are connected, and the latest that were: at most 200 of these, the latest last.
func (t *Tap) Devices() []protocol.Device {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Clone(t.gone)
	for _, d := range t.live {
		all = append(all, d.shown())
	}
	slices.SortFunc(all, func(a, b protocol.Device) int { return a.ID - b.ID })
	return all
}

// Close ends all connections and the listening, and waits for that.
func (t *Tap) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		t.running.Wait()
		return nil
	}
	t.closed = true
	close(t.done)
	err := t.listener.Close()
	for d := range t.open {
		d.cut(errors.New("the proxy itself was ended"))
	}
	t.mu.Unlock()
	t.running.Wait()
	return err
}
