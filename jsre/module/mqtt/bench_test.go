package mqtt_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"

	"dunlin/jsre"
	"dunlin/jsre/engine"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// flood is a server that sends count messages to whoever subscribes, as fast as they are
// taken; at QoS 1 no more than window ahead of the acknowledgements.
type flood struct {
	qos    byte
	size   int
	count  int
	window int
	begun  func()
}

// serve answers one client until it leaves.
func (f *flood) serve(conn net.Conn) error {
	defer func() { _ = conn.Close() }()
	if err := f.greet(conn); err != nil {
		return err
	}
	f.begun()
	err := f.send(conn)
	_, _ = io.Copy(io.Discard, conn)
	return err
}

// greet answers CONNECT and SUBSCRIBE.
func (f *flood) greet(conn net.Conn) error {
	for _, answer := range []string{"\x20\x02\x00\x00", "\x90\x03\x00\x00\x00"} { // CONNACK, SUBACK
		var id [2]byte
		if err := readPacket(conn, &id); err != nil {
			return err
		}
		b := []byte(answer)
		if b[0] == 0x90 {
			copy(b[2:], id[:])
			b[4] = f.qos
		}
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// send sends the messages.
func (f *flood) send(conn net.Conn) error {
	m := packet.Publish{Topic: "bench/topic", Payload: append([]byte(`{"t":21.5}`), bytes.Repeat([]byte(" "), f.size-10)...), QoS: f.qos}
	series := max(1, min(256<<10/(f.size+20), f.count))
	if f.qos > 0 {
		series = f.window
	}
	var b []byte
	for id := range series {
		if f.qos > 0 {
			m.PacketID = uint16(id + 1)
		}
		b = packet.AppendPublish(b, packet.V311, &m)
	}
	each := len(b) / series
	acks := make([]byte, 4*f.window)
	for left := f.count; left > 0; left -= series {
		n := min(left, series)
		if _, err := conn.Write(b[:n*each]); err != nil {
			return err
		}
		if f.qos > 0 && left > n { // a client that closes itself at the last message need not acknowledge it
			if _, err := io.ReadFull(conn, acks[:4*n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// readPacket reads a short packet; id is what its body begins with.
func readPacket(r io.Reader, id *[2]byte) error {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	body := make([]byte, head[1])
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	copy(id[:], body)
	return nil
}

// BenchmarkReceive is what an arriving message costs, from the socket to the listener.
func BenchmarkReceive(b *testing.B) {
	for name, listener := range map[string]string{
		"length":       "({message}) => { if (message.length === size && ++got === n) done(); }",
		"topic+length": "m => { if (m.topic.length > 1 && m.message.length === size && ++got === n) done(); }",
		"text":         "m => { if (m.message.toString() && ++got === n) done(); }",
		"json":         "m => { if (JSON.parse(m.message).t === 21.5 && ++got === n) done(); }",
		"index":        "m => { if (m.message[0] === 123 && ++got === n) done(); }",
		"nothing":      "() => { if (++got === n) done(); }",
	} {
		for _, f := range []flood{{qos: 0, size: 64}, {qos: 1, size: 64, window: 100}, {qos: 0, size: 64 << 10}} {
			b.Run(fmt.Sprintf("%s/qos%d-%d", name, f.qos, f.size), func(b *testing.B) {
				f.count = b.N
				f.begun = b.ResetTimer
				b.ReportAllocs()
				f.run(b, listener)
			})
		}
	}
}

// run runs a script with a client whose messages go to the listener.
func (f *flood) run(b testing.TB, listener string) {
	runAgainst(b, f.serve, fmt.Sprintf(`
const size = %d, n = %d;
let got = 0;
const c = require('mqtt').open(server);
const done = () => c.close();
c.on('message', %s);
c.connect({client: 'c'}, () => c.subscribe('t', {qos: %d}));`, f.size, f.count, listener, f.qos))
}

// TestBudgetOfAMessage keeps the allocations of an arriving message in check, those of the library
// included.
func TestBudgetOfAMessage(t *testing.T) {
	for _, tc := range []struct {
		listener string
		most     float64
	}{
		{"m => { if (++got === n) done(); }", 2.5},
		{"m => { if (m.topic.length > 1 && m.message.length === size && ++got === n) done(); }", 3.5},
		{"m => { if (m.message.toString() && ++got === n) done(); }", 5.5},
	} {
		for qos := range byte(2) {
			var before, after runtime.MemStats
			f := flood{qos: qos, size: 64, count: 20000, window: 100, begun: func() { runtime.ReadMemStats(&before) }}
			f.run(t, tc.listener)
			runtime.ReadMemStats(&after)
			if each := float64(after.Mallocs-before.Mallocs) / float64(f.count); each > tc.most {
				t.Errorf("QoS %d, %s: %.2f allocations a message, at most %v allowed", qos, tc.listener, each, tc.most)
			}
		}
	}
}

// BenchmarkPublish is what a message costs that a script publishes, 64 bytes; at QoS 1 with 100 in
// flight.
func BenchmarkPublish(b *testing.B) {
	for qos, publish := range []string{
		"(function some() { for (let k = 0; k < 1000 && i < n; k++, i++) c.publish('bench/topic', payload, i === n - 1 ? done : undefined); if (i < n) setImmediate(some); })()",
		"(function one() { const next = () => { if (++got === n) done(); else if (i < n) one(); }; do { i++; c.publish('bench/topic', payload, {qos: 1}, next); } while (i < 100 && i < n); })()",
	} {
		b.Run(fmt.Sprintf("qos%d", qos), func(b *testing.B) {
			b.ReportAllocs()
			serve := func(conn net.Conn) error {
				defer func() { _ = conn.Close() }()
				return acknowledge(conn)
			}
			runAgainst(b, serve, fmt.Sprintf(`
const n = %d, payload = Buffer.alloc(64);
let i = 0, got = 0;
const c = require('mqtt').open(server);
const done = () => c.close();
c.connect({client: 'c'}, () => { %s; });`, b.N, publish))
		})
	}
}

// acknowledge answers a client that publishes at QoS 0 or 1 until it leaves.
func acknowledge(conn net.Conn) error {
	in := bufio.NewReader(conn)
	var out []byte
	for {
		head, err := in.Peek(2)
		if err != nil {
			return nil // it has left
		}
		kind, size := head[0], int(head[1])
		body, err := in.Peek(2 + size)
		if err != nil {
			return err
		}
		switch {
		case kind == 0x10:
			out = append(out, "\x20\x02\x00\x00"...)
		case kind&0xf6 == 0x32:
			id := 4 + int(binary.BigEndian.Uint16(body[2:]))
			out = append(out, 0x40, 2, body[id], body[id+1])
		}
		_, _ = in.Discard(2 + size)
		if in.Buffered() == 0 {
			if _, err := conn.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
}

// runAgainst runs a script that finds its server as the constant server.
func runAgainst(b testing.TB, serve func(net.Conn) error, src string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = serve(conn)
		}
		served <- err
	}()
	rt, err := jsre.New(jsre.Options{Stdout: b.Output(), Stderr: b.Output(), Modules: []engine.Module{module.Module(module.Options{})}})
	if err != nil {
		b.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	prelude := fmt.Sprintf("const server = {addr: '%s', port: %s};", host, port)
	err = rt.RunString(context.Background(), "bench.js", prelude+src)
	if err != nil {
		b.Fatal(err)
	}
	if err := <-served; err != nil {
		b.Fatal(err)
	}
	_ = l.Close()
}
