package interop

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
)

// raw is a connection of MQTT 5 on which a case sends what the client never does.
// Packets are shorter than 128 bytes.
type raw struct {
	r    *rig
	conn net.Conn
	in   *bufio.Reader
}

// dialRaw connects; the case closes the connection.
func (r *rig) dialRaw() *raw {
	conn, err := new(net.Dialer).DialContext(r.ctx, "tcp", strings.TrimPrefix(r.url, "mqtt://"))
	r.must("connect", err)
	if deadline, ok := r.ctx.Deadline(); ok {
		r.must("set the deadline", conn.SetDeadline(deadline))
	}
	w := &raw{r: r, conn: conn, in: bufio.NewReader(conn)}
	w.send(0x10, field("MQTT"), []byte{5, 2, 0, 60, 0}, field(r.id()))
	w.receive(0x20)
	return w
}

// field is a UTF-8 string as packets hold it.
func field(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func (w *raw) send(first byte, parts ...[]byte) {
	packet := []byte{first, 0}
	for _, p := range parts {
		packet = append(packet, p...)
	}
	packet[1] = byte(len(packet) - 2)
	_, err := w.conn.Write(packet)
	w.r.must("write", err)
}

// receive returns what follows the fixed header of the next packet, which is one of
// that kind.
func (w *raw) receive(first byte) []byte {
	head := make([]byte, 2)
	_, err := io.ReadFull(w.in, head)
	w.r.must("read", err)
	same(w.r, "packet", head[0], first)
	body := make([]byte, head[1])
	_, err = io.ReadFull(w.in, body)
	w.r.must("read", err)
	return body
}
