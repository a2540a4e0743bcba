package mqtttest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// ends returns a faulty connection and the other end of it.
func ends(t *testing.T, f mqtttest.Faults) (*mqtttest.Faulty, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	faulty := mqtttest.NewFaulty(ours, f)
	t.Cleanup(func() {
		_ = faulty.Close()
		_ = theirs.Close()
	})
	return faulty, theirs
}

func TestFaultsOfReading(t *testing.T) {
	for fault, want := range map[mqtttest.Fault]error{
		mqtttest.Cut: io.EOF, mqtttest.Break: syscall.ECONNRESET, mqtttest.Stall: os.ErrDeadlineExceeded,
	} {
		faulty, peer := ends(t, mqtttest.Faults{MaxRead: 2, OnRead: fault, ReadBytes: 3})
		go func() { _, _ = peer.Write([]byte("12345")) }() // the reads tell
		b := make([]byte, 10)
		if n, err := faulty.Read(b); n != 2 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if n, err := faulty.Read(b); n != 1 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		_ = faulty.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) // the read tells
		if n, err := faulty.Read(b); n != 0 || !errors.Is(err, want) {
			t.Errorf("fault %d: %d bytes, %v, want %v", fault, n, err, want)
		}
	}
}

func TestFaultsOfWriting(t *testing.T) {
	for fault, want := range map[mqtttest.Fault]error{
		mqtttest.Cut: syscall.EPIPE, mqtttest.Break: syscall.ECONNRESET, mqtttest.Stall: os.ErrDeadlineExceeded,
	} {
		synctest.Test(t, func(t *testing.T) { // the deadline is for the fault alone
			faulty, peer := ends(t, mqtttest.Faults{MaxWrite: 2, OnWrite: fault, WriteBytes: 3})
			heard := make(chan []byte, 1)
			go func() {
				b := make([]byte, 3)
				n, _ := io.ReadFull(peer, b) // the number tells
				heard <- b[:n]
			}()
			_ = faulty.SetDeadline(time.Now().Add(10 * time.Millisecond)) // the write tells
			if n, err := faulty.Write([]byte("12345")); n != 3 || !errors.Is(err, want) {
				t.Errorf("fault %d: %d bytes, %v, want %v", fault, n, err, want)
			}
			if b := <-heard; string(b) != "123" {
				t.Errorf("fault %d: the peer read %q", fault, b)
			}
		})
	}
}

func TestStallEndsWithClose(t *testing.T) {
	faulty, _ := ends(t, mqtttest.Faults{OnWrite: mqtttest.Stall})
	written := make(chan error, 1)
	go func() {
		_, err := faulty.Write([]byte("1"))
		written <- err
	}()
	_ = faulty.Close() // the write tells
	if err := <-written; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestPipeIsAServer(t *testing.T) {
	dial, server := mqtttest.Pipe(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Dial: dial}}
	dialed := make(chan error, 1)
	var c *mqtt.Client
	go func() {
		var err error
		c, err = mqtt.Dial(ctx, "mqtt://pipe", cfg)
		dialed <- err
	}()
	server.Expect("10 0D 00044D5154540402003C000163")
	server.Send("20 02 0000")
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- c.Close(ctx) }()
	server.Expect("E0 00")
	server.Close()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := mqtt.Dial(ctx, "mqtt://pipe", cfg); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a second connection: %v", err)
	}
}
