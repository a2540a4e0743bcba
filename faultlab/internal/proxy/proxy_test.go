package proxy

import (
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo serves connections and returns where.
func echo(t *testing.T) net.Listener {
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
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return l
}

func start(t *testing.T, target string, life time.Duration) *Proxy {
	p, err := Listen(target, 1, func(*rand.Rand) time.Duration { return life })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *Proxy) net.Conn {
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

func TestForwards(t *testing.T) {
	p := start(t, echo(t).Addr().String(), time.Minute)
	conn := dial(t, p)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	p.Close()
	if _, err := conn.Read(b); err == nil {
		t.Error("the link outlived the proxy")
	}
	if p.Drops() != 0 {
		t.Errorf("%d drops", p.Drops())
	}
}

func TestEndsLinks(t *testing.T) {
	p := start(t, echo(t).Addr().String(), 5*time.Millisecond)
	for range 10 {
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			continue // the end was faster
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("it read something")
		}
		conn.Close()
	}
	if p.Drops() != 10 {
		t.Errorf("%d drops", p.Drops())
	}
}

func TestServerIsAway(t *testing.T) {
	l := echo(t)
	p := start(t, l.Addr().String(), time.Minute)
	l.Close()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return // it was faster
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("it read something")
	}
}
