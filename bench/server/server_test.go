package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"strings"
	"testing"
	"time"

	"dunlin/bench/frame"
	"dunlin/bench/ws"
	"dunlin/mqtt/mqtttest/packet"
)

// connect returns a connection that has its CONNACK.
func connect(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.Addresses["tcp"], "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	exchange(t, c, packet.AppendConnect(nil, &packet.Connect{Version: packet.V311, ClientID: "test", CleanStart: true}), []byte{0x20, 2, 0, 0})
	return c
}

func exchange(t *testing.T, c net.Conn, out, want []byte) {
	t.Helper()
	if _, err := c.Write(out); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("sent % x, got % x, want % x; %v", out, got, want, err)
	}
}

func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func publish(topic string, qos byte, id uint16) []byte {
	return packet.AppendPublish(nil, packet.V311, &packet.Publish{Topic: topic, Payload: []byte("hello"), QoS: qos, PacketID: id})
}

func subscribe(id uint16, filter string, qos byte) []byte {
	return packet.AppendSubscribe(nil, packet.V311, &packet.Subscribe{PacketID: id, Filters: []packet.Filter{{Topic: filter, Options: qos}}})
}

func TestCountsAndAnswers(t *testing.T) {
	s := start(t)
	c := connect(t, s)
	exchange(t, c, append(publish("a", 0, 0), publish("a", 1, 7)...), []byte{0x40, 2, 0, 7})
	exchange(t, c, publish("a", 2, 8), []byte{0x50, 2, 0, 8})
	if n := s.Counts().Published[2]; n != 0 {
		t.Errorf("%d QoS 2 messages before PUBREL", n)
	}
	exchange(t, c, []byte{0x62, 2, 0, 8}, []byte{0x70, 2, 0, 8})
	exchange(t, c, []byte{0xC0, 0}, []byte{0xD0, 0})
	if got := s.Counts().Published; got != [3]int64{1, 1, 1} {
		t.Errorf("counted %v", got)
	}
	exchange(t, c, subscribe(9, "echo", 0), []byte{0x90, 3, 0, 9, 0})
	exchange(t, c, publish("echo", 0, 0), publish("echo", 0, 0))
}

// TestFloods reads one flood at each QoS and acknowledges each packet as it comes.
func TestFloods(t *testing.T) {
	const n = 3*ring + 5
	for qos := range byte(3) {
		s := start(t)
		c := connect(t, s)
		topic := fmt.Sprintf("flood/%d/10/%d/x", qos, n)
		exchange(t, c, subscribe(1, topic, qos), []byte{0x90, 3, 0, 1, qos})
		messages, r := 0, bufio.NewReader(c)
		for completed := 0; completed < n; {
			head, err := r.Peek(2)
			if err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 2+int(head[1]))
			if _, err := io.ReadFull(r, b); err != nil {
				t.Fatal(err)
			}
			kind, id := packet.PUBCOMP, frame.ID(b[2:])
			if packet.Type(b[0]>>4) == packet.PUBLISH {
				m := packet.Publish{Topic: topic, Payload: make([]byte, 10), QoS: qos}
				if qos > 0 {
					m.PacketID = uint16(messages%ring + 1)
				}
				if !bytes.Equal(b, packet.AppendPublish(nil, packet.V311, &m)) {
					t.Fatalf("message %d is % x", messages, b)
				}
				messages++
				kind, id = []packet.Type{0, packet.PUBACK, packet.PUBREC}[qos], m.PacketID
			}
			if kind != packet.PUBREC {
				completed++
			}
			if kind != 0 {
				exchange(t, c, frame.AppendAck(nil, kind, id), nil)
			}
		}
		exchange(t, c, []byte{0xC0, 0}, []byte{0xD0, 0})
		counts := s.Counts()
		if messages != n || counts.Sent[qos] != n || qos > 0 && counts.Completed[qos] != n {
			t.Errorf("QoS %d: %d messages; %+v", qos, messages, counts)
		}
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	}
}

// TestHeld keeps acknowledgements back.
func TestHeld(t *testing.T) {
	s := start(t)
	c := connect(t, s)
	for id := range uint16(3) {
		exchange(t, c, publish("lag/4", 1, id+1), nil)
	}
	exchange(t, c, []byte{0xC0, 0}, []byte{0xD0, 0}) // nothing before it
	exchange(t, c, publish("lag/4", 1, 4), []byte{0x40, 2, 0, 1, 0x40, 2, 0, 2})
	exchange(t, c, publish("fence", 1, 5), []byte{0x40, 2, 0, 3, 0x40, 2, 0, 4, 0x40, 2, 0, 5})
	if got := s.Counts().Published; got != [3]int64{0, 4, 0} {
		t.Errorf("counted %v, of which the fence is none", got)
	}
}

func TestBlames(t *testing.T) {
	s := start(t)
	c := connect(t, s)
	exchange(t, c, frame.AppendAck(nil, packet.PUBACK, 3), nil)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "identifier 3") {
		t.Errorf("the fault is %v", err)
	}
}

// TestWebSocket sends pieces of any size both ways.
func TestWebSocket(t *testing.T) {
	a, b := net.Pipe()
	want := make([]byte, 200<<10)
	rand.New(rand.NewSource(1)).Read(want)
	failed := make(chan error, 1)
	go func() {
		w, err := ws.Accept(b)
		for rest := want; err == nil && len(rest) > 0; {
			n := min(len(rest), rand.Intn(70<<10))
			_, err = w.Write(rest[:n])
			rest = rest[n:]
		}
		if err == nil {
			_, err = io.CopyN(w, w, int64(len(want)))
		}
		failed <- err
	}()
	w, err := ws.Dial(a)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(w, got); err != nil || !bytes.Equal(got, want) {
		t.Fatal("differs", err)
	}
	back := make(chan error, 1)
	go func() {
		_, err := w.Write(want)
		back <- err
	}()
	clear(got)
	if _, err := io.ReadFull(w, got); err != nil || !bytes.Equal(got, want) {
		t.Fatal("differs on the way back", err)
	}
	for _, c := range []chan error{back, failed} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
}
