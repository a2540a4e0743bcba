package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
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
	f.begun()
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
		if f.qos > 0 {
			if _, err := io.ReadFull(conn, acks[:4*n]); err != nil {
				return err
			}
		}
	}
	_, _ = io.Copy(io.Discard, conn)
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

func (f *flood) run(b *testing.B, listener string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = f.serve(conn)
		}
		served <- err
	}()
	rt, err := jsre.New(jsre.Options{Stdout: b.Output(), Stderr: b.Output(), Modules: []engine.Module{module.Module(module.Options{})}})
	if err != nil {
		b.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	err = rt.RunString(context.Background(), "bench.js", fmt.Sprintf(`
const size = %d, n = %d;
let got = 0;
const c = require('mqtt').open({addr: '%s', port: %s});
const done = () => c.close();
c.on('message', %s);
c.connect({client: 'c'}, () => c.subscribe('t', {qos: %d}));`, f.size, f.count, host, port, listener, f.qos))
	if err != nil {
		b.Fatal(err)
	}
	if err := <-served; err != nil {
		b.Fatal(err)
	}
	_ = l.Close()
}
