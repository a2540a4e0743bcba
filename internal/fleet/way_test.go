package fleet_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"dunlin/internal/mosquitto"
)

// way is what becomes of the packets of one connection. One of which a function says false is left out; nil passes all on.
type way struct{ up, down func(packet []byte) bool }

// behind returns the address of a way to the server. Each connection is as open says of its first packet, which waits until then; cut cuts it.
func behind(t *testing.T, server *mosquitto.Broker, open func(connect []byte, cut func()) way) string {
	t.Helper()
	return accepting(t, func(client net.Conn) { passWay(client, strings.TrimPrefix(server.URL(), "mqtt://"), open) })
}

// accepting returns the address of a listener whose connections are served one beside the other.
func accepting(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return "mqtt://" + listener.Addr().String()
}

func passWay(client net.Conn, address string, open func(connect []byte, cut func()) way) {
	defer client.Close()
	connect, err := readPacket(client)
	if err != nil {
		return
	}
	w := open(connect, func() { _ = client.Close() })
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		passPackets(client, server, w.down)
	}()
	if _, err := server.Write(connect); err == nil {
		passPackets(server, client, w.up)
	}
}

func passPackets(to io.Writer, from io.Reader, pass func(packet []byte) bool) {
	for {
		packet, err := readPacket(from)
		if err != nil {
			return
		}
		if pass != nil && !pass(packet) {
			continue
		}
		if _, err := to.Write(packet); err != nil {
			return
		}
	}
}
