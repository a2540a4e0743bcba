package mqtt_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestIdleAgainAfterABurst: what a client needs to send and receive 500 messages of all qualities of service, on
// many topics, goes within a couple of seconds.
func TestIdleAgainAfterABurst(t *testing.T) {
	const n, messages = 60, 500
	ctx := ctxFor(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go sendBack(conn)
		}
	}()
	came := make(chan struct{}, n*messages)
	clients := make([]*mqtt.Client, n)
	dial := func(i int) {
		clients[i], err = mqtt.Dial(ctx, "mqtt://"+listener.Addr().String(), mqtt.Config{
			ClientID: "c", OnMessage: func(context.Context, *mqtt.Received) { came <- struct{}{} },
		})
		must(t, err)
	}
	burst := func(c *mqtt.Client) {
		for i := range messages {
			m := mqtt.Message{Topic: fmt.Sprint("t/", i%20), Payload: make([]byte, 100), QoS: mqtt.QoS(i % 3)}
			_, err := c.PublishAsync(ctx, m, nil)
			must(t, err)
		}
		for range messages {
			<-came
		}
	}
	dial(0) // what the process needs, and the pools that all clients share, do not count
	burst(clients[0])
	empty := heapInUse()
	for i := range n - 1 {
		dial(i + 1)
	}
	idle := (heapInUse() - empty) / (n - 1)
	for _, c := range clients[1:] {
		burst(c)
	}
	after := func() int64 { return (heapInUse() - empty) / (n - 1) }
	const more = 600 // bytes: small buffers, a timer
	for late := time.After(time.Minute); after() > idle+more; {
		select {
		case <-late:
			t.Fatalf("an idle client had %d bytes of heap, and has %d after a burst", idle, after())
		case <-time.After(100 * time.Millisecond):
		}
	}
	must(t, listener.Close())
	for _, c := range clients {
		must(t, c.Close(ctx))
	}
}

// sendBack is a server that sends each message back to who sent it. Its packets are short ones.
func sendBack(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	var id uint16
	for {
		head, err := r.ReadByte()
		if err != nil {
			return
		}
		n, _ := binary.ReadUvarint(r)
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var answer []byte
		switch head >> 4 {
		case 1: // CONNECT
			answer = []byte{0x20, 2, 0, 0}
		case 3: // PUBLISH
			if qos := head >> 1 & 3; qos > 0 {
				at := 2 + binary.BigEndian.Uint16(body)
				answer = append([]byte{0x30 + qos<<4, 2}, body[at:at+2]...) // PUBACK, PUBREC
				id++
				binary.BigEndian.PutUint16(body[at:], id)
			}
			answer = append(binary.AppendUvarint(append(answer, head), n), body...)
		case 5: // PUBREC
			answer = append([]byte{0x62, 2}, body...)
		case 6: // PUBREL
			answer = append([]byte{0x70, 2}, body...)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
