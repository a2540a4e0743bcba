// Package loadtest has what tests of loads share.
package loadtest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// proxy stands between clients and a server, and passes on what change makes of each PUBLISH: of the server, or of clients.
type proxy struct {
	listener net.Listener
	server   string
	mu       sync.Mutex
	number   map[bool]int
	// change gets the number of the PUBLISH of that direction, from 1 on. It returns the frames to pass on.
	change func(fromServer bool, number int, frame []byte) [][]byte
}

// StartProxy starts a proxy in front of a server, and returns its URL.
func StartProxy(t *testing.T, url string, change func(fromServer bool, number int, frame []byte) [][]byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, server, _ := strings.Cut(url, "://")
	p := &proxy{listener: l, server: server, change: change, number: map[bool]int{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return "mqtt://" + l.Addr().String()
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(client, server, false) })
	both.Go(func() { p.pass(server, client, true) })
	both.Wait()
}

// pass passes packets on until one side ends.
func (p *proxy) pass(from, to net.Conn, fromServer bool) {
	defer from.Close()
	defer to.Close()
	r := bufio.NewReader(from)
	for {
		frame, err := readFrame(r)
		if err != nil {
			return
		}
		frames := [][]byte{frame}
		if frame[0]>>4 == 3 {
			p.mu.Lock()
			p.number[fromServer]++
			number := p.number[fromServer]
			p.mu.Unlock()
			frames = p.change(fromServer, number, frame)
		}
		for _, f := range frames {
			if _, err := to.Write(f); err != nil {
				return
			}
		}
	}
}

// readFrame reads a packet with its fixed header.
func readFrame(r *bufio.Reader) ([]byte, error) {
	first, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	length, err := binary.ReadUvarint(r) // the same form as MQTT's
	if err != nil {
		return nil, err
	}
	frame := binary.AppendUvarint([]byte{first}, length)
	head := len(frame)
	frame = append(frame, make([]byte, length)...)
	_, err = io.ReadFull(r, frame[head:])
	return frame, err
}
