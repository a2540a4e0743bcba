package mosquittocli_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"testing"
)

// reply is what a scripted server does when a packet of a type comes: it sends bytes, and perhaps
// closes the connection. The packet identifier of what came takes the place of "ID" in them.
type reply struct {
	to    byte   // the packet's type, as 1 for CONNECT
	send  string // bytes, or "" for nothing
	close bool
}

// servePeer serves connections by a script, each from its beginning, and returns the port.
func servePeer(t testing.TB, script []reply) string {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for _, step := range script {
			id, err := await(in, step.to)
			if err != nil {
				return
			}
			if _, err := io.WriteString(conn, withID(step.send, id)); err != nil || step.close {
				return
			}
		}
		_, _ = io.Copy(io.Discard, in)
	})
}

// withID puts a packet identifier where "ID" stands.
func withID(packet string, id []byte) string {
	for i := 0; i+1 < len(packet); i++ {
		if packet[i:i+2] == "ID" {
			return packet[:i] + string(id) + packet[i+2:]
		}
	}
	return packet
}

// await reads packets up to one of a type and returns the first two bytes of its body, which are the
// packet identifier with those that are answered.
func await(in *bufio.Reader, packetType byte) (id []byte, err error) {
	for {
		first, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		length, err := binary.ReadUvarint(in)
		if err != nil {
			return nil, err
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil, err
		}
		if first>>4 == packetType {
			return append(body, 0, 0)[:2], nil
		}
	}
}

// listen accepts connections until the test ends, and returns the port.
func listen(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// serveProxy serves as a SOCKS5 proxy (RFC 1928) that takes everybody, and alice only with the password
// secret (RFC 1929), and returns the port.
func serveProxy(t testing.TB) string {
	t.Helper()
	return listen(t, func(client net.Conn) {
		if !greet(client) {
			return
		}
		address, ok := target(client)
		if !ok {
			return
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			_, _ = client.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // connection refused
			return
		}
		defer server.Close()
		_, _ = client.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
		go func() {
			_, _ = io.Copy(server, client)
			server.Close()
		}()
		_, _ = io.Copy(client, server)
	})
}

// greet agrees on a method: with user and password where the client offers it.
func greet(c net.Conn) bool {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		return false
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(c, methods); err != nil {
		return false
	}
	for _, m := range methods {
		if m == 2 {
			_, _ = c.Write([]byte{5, 2})
			return checkUser(c)
		}
	}
	_, err := c.Write([]byte{5, 0})
	return err == nil
}

func checkUser(c net.Conn) bool {
	var fields [2]string
	head := make([]byte, 1)
	if _, err := io.ReadFull(c, head); err != nil {
		return false
	}
	for i := range fields {
		if _, err := io.ReadFull(c, head); err != nil {
			return false
		}
		field := make([]byte, head[0])
		if _, err := io.ReadFull(c, field); err != nil {
			return false
		}
		fields[i] = string(field)
	}
	if fields != [2]string{"alice", "secret"} {
		_, _ = c.Write([]byte{1, 1})
		return false
	}
	_, err := c.Write([]byte{1, 0})
	return err == nil
}

// target reads the address that the client asks for.
func target(c net.Conn) (string, bool) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return "", false
	}
	size := int(head[4])
	switch head[3] {
	case 1:
		size = 3 // one byte of the address is read already
	case 4:
		size = 15
	}
	rest := make([]byte, size+2)
	if _, err := io.ReadFull(c, rest); err != nil {
		return "", false
	}
	host := string(rest[:size])
	if head[3] != 3 {
		host = net.IP(append(head[4:5:5], rest[:size]...)).String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(rest[size:])))), true
}
