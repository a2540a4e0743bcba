package tap_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/tap"
	"dunlin/internal/ui/protocol"
)

// inMemory starts a proxy of connections in memory, for a test in fake time.
func inMemory(t *testing.T) (*tap.Tap, *packets.Log, *pipes) {
	t.Helper()
	p, log := newPipes(), packets.NewLog(0)
	cfg := tap.Config{To: "mqtt://localhost", Log: log}
	cfg.Within(p, p.dial)
	proxy, err := tap.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return proxy, log, p
}

// publish is a PUBLISH of QoS 0.
var publish = []byte{0x30, 4, 0, 1, 'a', 'x'}

// collector reads all that comes, with the times.
type collector struct {
	data  []byte
	times []time.Time
}

func collect(conn net.Conn) *collector {
	c := &collector{}
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			c.data = append(c.data, buf[:n]...)
			c.times = append(c.times, time.Now())
		}
	}()
	return c
}

// TestDelayKeepsTheOrder: each packet is late by the delay and at most the jitter, and none passes another.
func TestDelayKeepsTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, _, p := inMemory(t)
		defer proxy.Close()
		if err := proxy.SetFaults(protocol.Faults{Delay: 200, Jitter: 100, Way: "up"}); err != nil {
			t.Fatal(err)
		}
		device, server := p.connect()
		up, down := collect(server), collect(device)
		begun := time.Now()
		for i := range 20 {
			device.Write([]byte{0x30, 4, 0, 1, 'a', byte(i)})
			server.Write(publish)
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // fake time
		}
		synctest.Wait()
		if len(down.times) != 20 || down.times[0] != begun {
			t.Errorf("down: %d packets, the first after %v", len(down.times), down.times[0].Sub(begun))
		}
		time.Sleep(time.Second) //nolint:forbidigo // fake time
		synctest.Wait()
		if len(up.times) != 20 {
			t.Fatalf("up: %d packets", len(up.times))
		}
		for i := range 20 {
			late := up.times[i].Sub(begun.Add(time.Duration(i) * 10 * time.Millisecond))
			if up.data[i*6+5] != byte(i) || late < 200*time.Millisecond || late > 400*time.Millisecond {
				t.Errorf("packet %d is %d, %v late", i, up.data[i*6+5], late)
			}
		}
	})
}

// TestDropTakesPacketsOfTheTypesAlone also shows them in the log as what they are.
func TestDropTakesPacketsOfTheTypesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, log, p := inMemory(t)
		defer proxy.Close()
		if err := proxy.SetFaults(protocol.Faults{Drop: 100, Types: "PUBLISH", Way: "up"}); err != nil {
			t.Fatal(err)
		}
		device, server := p.connect()
		up, down := collect(server), collect(device)
		for _, b := range publish { // cut into bytes, and gone all the same
			device.Write([]byte{b})
		}
		device.Write([]byte{0xC0, 0})
		server.Write(publish)
		synctest.Wait()
		if string(up.data) != "\xC0\x00" || string(down.data) != string(publish) {
			t.Errorf("up % x, down % x", up.data, down.data)
		}
		if err := proxy.SetFaults(protocol.Faults{}); err != nil {
			t.Fatal(err)
		}
		device.Write(publish)
		synctest.Wait()
		if string(up.data) != "\xC0\x00"+string(publish) {
			t.Errorf("afterwards: up % x", up.data)
		}
		seen := log.Packets(protocol.Watch{Type: "PUBLISH", Count: 10}).Packets
		if len(seen) != 3 || !strings.Contains(seen[0].Summary, "not passed on") || strings.Contains(seen[2].Summary, "not passed on") {
			t.Errorf("%+v", seen)
		}
	})
}

// TestStallHoldsBytesBack, passes them on afterwards, and can be ended.
func TestStallHoldsBytesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, _, p := inMemory(t)
		defer proxy.Close()
		device, server := p.connect()
		up := collect(server)
		if err := proxy.SetFaults(protocol.Faults{Stall: true, Device: 1}); err != nil {
			t.Fatal(err)
		}
		device.Write(publish)
		time.Sleep(time.Hour) //nolint:forbidigo // fake time
		synctest.Wait()
		if len(up.data) != 0 {
			t.Errorf("% x came", up.data)
		}
		if err := proxy.SetFaults(protocol.Faults{Device: 1}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if string(up.data) != string(publish) {
			t.Errorf("afterwards: % x", up.data)
		}
		if err := proxy.SetFaults(protocol.Faults{Stall: true}); err != nil {
			t.Fatal(err)
		}
		device.Write(publish)
	})
}

// TestCutEndsTheConnections of one device, or of all.
func TestCutEndsTheConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, log, p := inMemory(t)
		defer proxy.Close()
		first, firstServer := p.connect()
		second, _ := p.connect()
		if err := proxy.SetFaults(protocol.Faults{Cut: true, Device: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Read(make([]byte, 1)); err == nil {
			t.Error("device 1 is not cut")
		}
		if _, err := firstServer.Read(make([]byte, 1)); err == nil {
			t.Error("the server of device 1 is not cut")
		}
		synctest.Wait()
		if d := proxy.Devices(); len(d) != 2 || d[0].Ended == 0 || d[1].Ended != 0 {
			t.Errorf("%+v", d)
		}
		if err := proxy.SetFaults(protocol.Faults{Cut: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Read(make([]byte, 1)); err == nil {
			t.Error("device 2 is not cut")
		}
		synctest.Wait()
		for _, e := range log.Packets(protocol.Watch{}).Ends {
			if e.Who != "proxy" || e.Why != "The proxy ended the connection: it was cut, as it was asked for." {
				t.Errorf("%+v", e)
			}
		}
		if f := proxy.Faults(); f.Cut {
			t.Error("a cut goes on")
		}
	})
}

// TestRefusedConnectionsAreClosed and told.
func TestRefusedConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	url, _ := listen(t)
	r := start(t, tap.Config{To: url})
	if err := r.tap.SetFaults(protocol.Faults{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	r.turnedAway()
	if end := r.end(1); end.Who != "proxy" {
		t.Errorf("%+v", end)
	}
}

// TestSlowSideIsFelt: bytes do not pile up in the proxy when one side does not read.
func TestSlowSideIsFelt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, _, p := inMemory(t)
		device, server := p.connect()
		written := 0
		go func() {
			for range 100 {
				n, err := device.Write(make([]byte, 10000))
				written += n
				if err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if most := tap.MostQueued + 100000; written < tap.MostQueued/2 || written > most {
			t.Errorf("%d bytes were taken, want at most %d", written, most)
		}
		up := collect(server)
		synctest.Wait()
		if written != 1000000 || len(up.data) != written {
			t.Errorf("once the side reads, %d bytes are taken and %d come", written, len(up.data))
		}
		proxy.Close()
	})
}

// TestCloseEndsAll whatever is under way: waiting for the server, stalled, idle.
func TestCloseEndsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy, _, p := inMemory(t)
		device, _ := p.connect()
		if err := proxy.SetFaults(protocol.Faults{Stall: true, Delay: 1000}); err != nil {
			t.Fatal(err)
		}
		device.Write(publish)
		begun := time.Now()
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
		if why := proxy.Devices()[0].Why; why != "The proxy ended the connection: the proxy itself was ended." {
			t.Error(why)
		}
	})
}

// TestDeviceThatLeftWithBytesBehindIsEnded: a device has gone, and what it sent waits for a stalled way, or for a server that does not
// read. To cut, or to close the proxy, ends that as well.
func TestDeviceThatLeftWithBytesBehindIsEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(proxy *tap.Tap) error{
		"cut":   func(proxy *tap.Tap) error { return proxy.SetFaults(protocol.Faults{Stall: true, Cut: true}) },
		"close": (*tap.Tap).Close,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				proxy, _, p := inMemory(t)
				defer proxy.Close()
				if err := proxy.SetFaults(protocol.Faults{Stall: true}); err != nil {
					t.Fatal(err)
				}
				device, server := p.connect()
				device.Write(publish)
				device.Close()
				time.Sleep(time.Minute) //nolint:forbidigo // fake time
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_, _ = server.Read(make([]byte, 1)) // the end is what counts
				}()
				if err := end(proxy); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				select {
				case <-ended:
				default:
					t.Error("the server's connection goes on")
				}
			})
		})
	}
}
