package cli_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"dunlin/broker"
)

// connects is a server that takes every MQTT 3.1.1 client, and remembers what came.
type connects struct {
	url  string
	mu   sync.Mutex
	all  []string // CONNECT packets
	from []string // addresses
}

// listenForConnects starts one.
func listenForConnects(t *testing.T) *connects {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &connects{url: "mqtt://" + l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return s
}

func (s *connects) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	_, _ = r.ReadByte()
	size, err := binary.ReadUvarint(r) // as MQTT has it
	if err != nil {
		return
	}
	packet := make([]byte, size)
	if _, err := io.ReadFull(r, packet); err != nil {
		return
	}
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	s.mu.Lock()
	s.all, s.from = append(s.all, string(packet)), append(s.from, host)
	s.mu.Unlock()
	_, _ = conn.Write([]byte{0x20, 2, 0, 0})
	_, _ = io.Copy(io.Discard, r) // until the client leaves
}

// TestBenchClientsHaveNamesAndWillsOfTheirOwn: templates of the user name and the will are filled in for each client.
func TestBenchClientsHaveNamesAndWillsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := listenForConnects(t)
	c := start(t, nil, "bench", "conn", "-L", s.url, "-V", "3.1.1", "-c", "3", "--duration", "10ms", "-u", "device-%i",
		"--will-topic", "gone/%u", "--will-payload", "number {{.Client}}", "--will-qos", "1", "--will-retain")
	if status := c.wait(t); status != 0 {
		t.Fatalf("status %d: %s", status, c.stderr.String())
	}
	slices.Sort(s.all)
	if len(s.all) != 3 {
		t.Fatalf("%d clients", len(s.all))
	}
	for _, want := range []string{"1", "2", "3"} {
		fields := "\x00\x0dgone/device-" + want + "\x00\x08number " + want + "\x00\x08device-" + want
		if !slices.ContainsFunc(s.all, func(packet string) bool { return strings.HasSuffix(packet, fields) }) {
			t.Errorf("no CONNECT ends in %q: %q", fields, s.all)
		}
	}
	const willOfQoS1Retained = 0b10101110 // with a user name and a clean session
	if flags := s.all[0][7]; flags != willOfQoS1Retained {
		t.Errorf("flags %08b", flags)
	}
}

// TestBenchSpreadsOverBrokers: each of 40 clients draws one of two, and on a busy machine may come again.
func TestBenchSpreadsOverBrokers(t *testing.T) {
	t.Parallel()
	one, two := listenForConnects(t), listenForConnects(t)
	c := start(t, nil, "bench", "conn", "-L", one.url, "--server", two.url, "-V", "3.1.1", "-c", "40", "--duration", "10ms")
	if status := c.wait(t); status != 0 {
		t.Fatalf("status %d: %s", status, c.stderr.String())
	}
	if len(one.all)+len(two.all) < 40 || len(one.all) == 0 || len(two.all) == 0 {
		t.Errorf("%d and %d clients", len(one.all), len(two.all))
	}
	if out := c.stdout.String(); !strings.Contains(out, one.url+" and 1 more") {
		t.Errorf("the brokers are not named:\n%s", out)
	}
}

// TestBenchLogsInByTemplate: a broker knows each of the clients, and nobody else.
func TestBenchLogsInByTemplate(t *testing.T) {
	t.Parallel()
	b, err := broker.Start(t.Context(), broker.Config{Users: []broker.User{{Name: "d1", Password: "s3cret"}, {Name: "d2", Password: "s3cret"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(t.Context()) })
	for user, want := range map[string]int{"d{{.Client}}": 0, "d%i": 0, "d%u": 2, "d{{.N}}": 2, "d": 4} {
		c := start(t, nil, "bench", "conn", "-L", b.URLs()[0], "-c", "2", "--duration", "10ms", "-u", user, "-P", "s3cret")
		if status := c.wait(t); status != want {
			t.Errorf("-u %s: status %d, want %d: %s", user, status, want, c.stderr.String())
		}
	}
}
