package capture_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The control packets that the tests look at.
const (
	publish    = "3"
	puback     = "4"
	disconnect = "14"
)

// packet is an MQTT packet that was seen on the wire.
type packet struct {
	at     time.Duration // since 1970
	stream string        // of TCP
	toward int           // port that it went to
	kind   string
	id     string // packet identifier; empty without
	body   string // payload of a PUBLISH, in hexadecimal
}

// startLimit bounds what starts a process, and limit a run. Generous: machines of CI are slow.
const (
	startLimit = 30 * time.Second
	limit      = 60 * time.Second
)

// tshark captures what goes from and to a port of the loopback, and calls each for every MQTT packet, in the order of the wire. It
// returns when packets are being captured. The function that it returns ends the capture once that many clients have sent
// DISCONNECT, behind which nothing comes.
func tshark(t *testing.T, port int) func(clients int) []packet {
	t.Helper()
	c := startTshark(t, port, "-d", fmt.Sprintf("tcp.port==%d,mqtt", port),
		"-Y", "mqtt or tcp.flags.syn == 1", "-T", "fields", "-e", "frame.time_epoch", "-e", "tcp.stream", "-e", "tcp.dstport", "-e", "mqtt.msgtype", "-e", "mqtt.msgid", "-e", "mqtt.msg")
	return func(clients int) []packet {
		var all []packet
		for left := clients; left > 0; {
			line, ok := <-c.lines
			if !ok {
				t.Fatalf("the capture ended with %d packets, before all clients had sent DISCONNECT: %s", len(all), &c.complaint)
			}
			for _, p := range parse(t, line) {
				all = append(all, p)
				if p.kind == disconnect && p.toward == port {
					left--
				}
			}
		}
		return all
	}
}

// running is a tshark that captures, with what it prints.
type running struct {
	lines     chan string
	complaint bytes.Buffer // its standard error
	end       func()       // may be called again
}

// startTshark captures what goes from and to a port of the loopback, and returns when packets are being captured.
func startTshark(t *testing.T, port int, options ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit+limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "tshark", append([]string{"-l", "-n", "-i", loopback, "-f", fmt.Sprintf("tcp port %d", port)}, options...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // killed, it would leave the process behind that captures for it
	cmd.WaitDelay = startLimit
	c := &running{lines: make(chan string, 1<<16)}
	cmd.Stderr = &c.complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("tshark, which make test installs: %v", err)
	}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	c.end = sync.OnceFunc(func() {
		cancel()
		for range c.lines {
			continue
		}
		_ = cmd.Wait() // ended by cancel
	})
	t.Cleanup(c.end)
	knock(ctx, t, port, c.lines, &c.complaint)
	return c
}

// knock connects to the port until the capture shows it: only then no packet is missed.
func knock(ctx context.Context, t *testing.T, port int, lines <-chan string, complaint fmt.Stringer) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			conn.Close()
		}
		select {
		case _, ok := <-lines:
			if !ok {
				t.Fatalf("tshark ended: %s", complaint)
			}
			return
		case <-ctx.Done():
			t.Fatalf("tshark shows no packet: %s", complaint)
		case <-again.C:
		}
	}
}

// parse reads a line of tshark: a segment of TCP, which may have several packets of MQTT. Identifiers are fewer than packets when some
// have none; tests use segments where all have one or none has.
func parse(t *testing.T, line string) []packet {
	t.Helper()
	fields := strings.Split(line, "\t")
	if len(fields) != 6 {
		t.Fatalf("tshark wrote %q", line)
	}
	if fields[3] == "" { // a connection's first segments
		return nil
	}
	seconds, fraction, _ := strings.Cut(fields[0], ".")
	s, err1 := strconv.ParseInt(seconds, 10, 64)
	ns, err2 := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	port, err3 := strconv.Atoi(fields[2])
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatalf("tshark wrote %q", line)
	}
	var packets []packet
	ids, bodies := strings.Split(fields[4], ","), strings.Split(fields[5], ",")
	for i, kind := range strings.Split(fields[3], ",") {
		p := packet{at: time.Duration(s)*time.Second + time.Duration(ns), stream: fields[1], toward: port, kind: kind}
		if i < len(ids) {
			p.id = ids[i]
		}
		if kind == publish && len(bodies) > 0 {
			p.body, bodies = bodies[0], bodies[1:]
		}
		packets = append(packets, p)
	}
	return packets
}

// exchange is a PUBLISH and its PUBACK as they passed.
type exchange struct {
	body               string
	sent, acknowledged time.Duration // since 1970
}

// exchanges returns each PUBLISH to the port that was acknowledged.
func exchanges(packets []packet, port int) []exchange {
	type key struct{ stream, id string }
	open := map[key]packet{}
	var all []exchange
	for _, p := range packets {
		k := key{p.stream, p.id}
		switch {
		case p.id == "":
		case p.kind == publish && p.toward == port:
			open[k] = p
		case p.kind == puback && p.toward != port:
			if sent, ok := open[k]; ok {
				all = append(all, exchange{sent.body, sent.at, p.at})
				delete(open, k)
			}
		}
	}
	return all
}

// acknowledged returns how long each PUBLISH to the port took to its PUBACK.
func acknowledged(packets []packet, port int) []time.Duration {
	var took []time.Duration
	for _, e := range exchanges(packets, port) {
		took = append(took, e.acknowledged-e.sent)
	}
	return took
}

// answered returns how long each PUBLISH to the port took until its payload came back on the same connection.
func answered(packets []packet, port int) []time.Duration {
	type key struct{ stream, body string }
	open := map[key]time.Duration{}
	var took []time.Duration
	for _, p := range packets {
		k := key{p.stream, p.body}
		switch {
		case p.kind != publish:
		case p.toward == port:
			open[k] = p.at
		default:
			if since, ok := open[k]; ok {
				took = append(took, p.at-since)
				delete(open, k)
			}
		}
	}
	return took
}

// distant stands between clients and a server like a long way: bytes from the server arrive later by times that differ from one
// moment to the next, in order. It returns its port.
func distant(t *testing.T, server string) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go join(client, server)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// join leads a connection to the server and back.
func join(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		defer upstream.Close()
		_, _ = io.Copy(upstream, client) // ends with either of them
	}()
	type parcel struct {
		due  time.Time
		data []byte
	}
	way := make(chan parcel, 1<<12)
	go func() {
		defer close(way)
		for i := 0; ; i++ {
			buf := make([]byte, 4096)
			n, err := upstream.Read(buf)
			if err != nil {
				return
			}
			way <- parcel{time.Now().Add(length(i)), buf[:n]}
		}
	}()
	for p := range way {
		<-time.After(time.Until(p.due))
		if _, err := client.Write(p.data); err != nil {
			return
		}
	}
}

// length is how long piece i is on its way: mostly from 150 to 270 ms, one in 50 takes 900 ms and holds up those behind it. It is long so
// that what a busy machine takes to wake a program is little beside it.
func length(i int) time.Duration {
	if i%50 == 49 {
		return 900 * time.Millisecond
	}
	return time.Duration(150+i*21%120) * time.Millisecond
}
