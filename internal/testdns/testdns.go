// Package testdns is a DNS server for tests. It knows what the test tells it, which may change
// at any time, and the standard library's resolver asks it.
package testdns

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// SRV is one record of a service (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string // "." says that there is no such service
}

// Record returns the record of those fields.
func Record(priority, weight, port uint16, target string) SRV {
	return SRV{Priority: priority, Weight: weight, Port: port, Target: target}
}

// Server is a DNS server. Its methods may be called by many goroutines.
type Server struct {
	mu        sync.Mutex
	addresses map[string][]netip.Addr
	services  map[string][]SRV
	asked     map[string]int
	silent    bool
}

// New returns a server that knows no name.
func New() *Server {
	return &Server{addresses: map[string][]netip.Addr{}, services: map[string][]SRV{}, asked: map[string]int{}}
}

// SetAddresses says which addresses a name has from now on.
func (s *Server) SetAddresses(name string, addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses[whole(name)] = nil
	for _, a := range addresses {
		s.addresses[whole(name)] = append(s.addresses[whole(name)], netip.MustParseAddr(a))
	}
}

// SetSRV says which records a name such as "_mqtt._tcp.example.com" has from now on.
func (s *Server) SetSRV(name string, records ...SRV) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[whole(name)] = records
}

// SetSilent says whether questions are left without an answer from now on.
func (s *Server) SetSilent(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

func (s *Server) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

// Asked returns how many questions about a name there were.
func (s *Server) Asked(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[whole(name)]
}

// Resolver returns who asks the server over the loopback interface, until the test ends.
func (s *Server) Resolver(t testing.TB) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, from, err := socket.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := s.answer(b[:n]); !s.isSilent() {
				_, _ = socket.WriteTo(answer, from) // who asked asks again
			}
		}
	}()
	t.Cleanup(func() { _ = socket.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

// Piped returns who asks the server in memory: for fake time. It is called before that begins, for the
// resolver has a channel that all share, which must not belong to a bubble of package synctest.
func (s *Server) Piped() *net.Resolver {
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go s.servePipe(theirs)
		return ours, nil
	}}
	_, _ = r.LookupHost(context.Background(), "nobody.test") // makes the channel
	return r
}

// servePipe answers as over TCP, where each message has its length in front (RFC 1035 section 4.2.2).
func (s *Server) servePipe(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		answer := s.answer(question)
		if s.isSilent() {
			continue
		}
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := conn.Write(append(framed, answer...)); err != nil {
			return
		}
	}
}

// The types of records (RFC 1035, RFC 3596, RFC 2782).
const (
	typeA    = 1
	typeAAAA = 28
	typeSRV  = 33
)

// answer makes the answer to a message with one question (RFC 1035 section 4).
func (s *Server) answer(message []byte) []byte {
	name, end := "", 12
	for message[end] != 0 {
		length := int(message[end])
		name += strings.ToLower(string(message[end+1:end+1+length])) + "."
		end += 1 + length
	}
	end += 5 // the zero, type and class
	kind := binary.BigEndian.Uint16(message[end-4:])
	datas, known := s.records(name, kind)
	code := byte(0)
	if !known {
		code = 3 // no such name
	}
	out := append([]byte{}, message[:2]...)
	out = append(out, 0x81, 0x80|code, 0, 1, 0, byte(len(datas)), 0, 0, 0, 0)
	out = append(out, message[12:end]...)
	for _, data := range datas {
		out = append(out, 0xC0, 12) // the name of the question
		out = binary.BigEndian.AppendUint16(out, kind)
		out = append(out, 0, 1, 0, 0, 0, 0)
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, data...)
	}
	return out
}

// records returns the data of the records of that type, and whether there is such a name.
func (s *Server) records(name string, kind uint16) (datas [][]byte, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[name]++
	addresses, isHost := s.addresses[name]
	services, isService := s.services[name]
	for _, a := range addresses {
		if kind == typeA && a.Is4() || kind == typeAAAA && a.Is6() {
			datas = append(datas, a.AsSlice())
		}
	}
	for _, r := range services {
		if kind == typeSRV {
			datas = append(datas, r.data())
		}
	}
	return datas, isHost || isService
}

func (r SRV) data() []byte {
	data := binary.BigEndian.AppendUint16(nil, r.Priority)
	data = binary.BigEndian.AppendUint16(data, r.Weight)
	data = binary.BigEndian.AppendUint16(data, r.Port)
	for label := range strings.SplitSeq(strings.Trim(r.Target, "."), ".") {
		if label != "" {
			data = append(append(data, byte(len(label))), label...)
		}
	}
	return append(data, 0)
}

// whole returns the name as DNS has it.
func whole(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) + "." }
