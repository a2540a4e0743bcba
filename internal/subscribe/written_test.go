package subscribe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"dunlin/internal/subscribe"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestWhatCountIsWrittenAndAcknowledgedAndNoMore(t *testing.T) {
	server := mqtttest.NewServer(t)
	var out bytes.Buffer
	done := run(t, server, subscribe.Options{Subscriptions: wants(1, "a"), Count: 2, Append: line, Out: &out})
	conn := server.Accept()
	subscribed(conn, "01")
	conn.SendBytes(atQoS1(5))
	conn.Expect("40 02 0001", "40 02 0002", "E0 00")
	conn.Close()
	if result := done(); result.err != nil || result.Messages != 2 {
		t.Errorf("%+v", result)
	}
	if got, want := out.String(), "a 1\na 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// gate is a writer that blocks until it is opened, and then fails with err unless that is nil.
type gate struct {
	mu      sync.Mutex
	got     bytes.Buffer
	reached chan struct{} // has a value once a write has begun
	open    chan struct{}
	err     error
}

func newGate(err error) *gate {
	return &gate{reached: make(chan struct{}, 1), open: make(chan struct{}), err: err}
}

func (g *gate) Write(p []byte) (int, error) {
	select {
	case g.reached <- struct{}{}:
	default:
	}
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	return g.got.Write(p)
}

func TestNothingIsAcknowledgedBeforeItIsWritten(t *testing.T) {
	server := mqtttest.NewServer(t)
	out := newGate(nil)
	done := run(t, server, subscribe.Options{Subscriptions: wants(1, "a"), Count: 2, Append: line, Out: out})
	conn := server.Accept()
	subscribed(conn, "01")
	conn.SendBytes(atQoS1(2))
	<-out.reached
	conn.ExpectNothing(50 * time.Millisecond)
	close(out.open)
	conn.Expect("40 02 0001", "40 02 0002", "E0 00")
	conn.Close()
	if result := done(); result.err != nil {
		t.Error(result.err)
	}
}

func TestWhatCannotBeWrittenIsNotAcknowledged(t *testing.T) {
	server := mqtttest.NewServer(t)
	out := newGate(io.ErrClosedPipe)
	close(out.open)
	done := run(t, server, subscribe.Options{Subscriptions: wants(1, "a"), Append: line, Out: out})
	conn := server.Accept()
	subscribed(conn, "01")
	conn.SendBytes(atQoS1(1))
	conn.Expect("E0 00")
	conn.Close()
	if result := done(); !errors.Is(result.err, io.ErrClosedPipe) {
		t.Errorf("%+v", result)
	}
}

// A reader that stands still has the client stop reading: no more than what fits on the way is taken, pings go
// on, and all of it is written when the reader goes on.
func TestASlowReaderSlowsTheServerAndLosesNothing(t *testing.T) {
	server := mqtttest.NewServer(t)
	out := newGate(nil)
	const messages = 200_000
	dial := dialTo(server.URL(), func(cfg *mqtt.Config) { cfg.KeepAlive = time.Second })
	done := runIn(t.Context(), t, dial, subscribe.Options{Subscriptions: wants(0, "a"), Count: messages, Append: line, Out: out})
	conn := server.Accept()
	subscribed(conn, "00")
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		payload := bytes.Repeat([]byte("x"), 97)
		_, _ = conn.Write(bytes.Repeat(append([]byte{0x30, 100, 0, 1, 'a'}, payload...), messages)) // the test finds what is missing
	}()
	<-out.reached
	conn.Expect("C0 00") // the whole of it cannot have been read
	select {
	case <-sent:
		t.Error("everything was read while nothing could be written")
	default:
	}
	close(out.open)
	<-sent
	if result := done(); result.err != nil {
		t.Error(result.err)
	}
	if n := bytes.Count(out.got.Bytes(), []byte("\n")); n != messages {
		t.Errorf("%d of %d messages were written", n, messages)
	}
}

func TestAnInterruptDoesNotWaitForAReaderThatStandsStill(t *testing.T) {
	server := mqtttest.NewServer(t)
	out := newGate(nil)
	ctx, interrupt := context.WithCancelCause(t.Context())
	done := runIn(ctx, t, dialTo(server.URL(), nil), subscribe.Options{Subscriptions: wants(0, "a"), Append: line, Out: out})
	conn := server.Accept()
	subscribed(conn, "00")
	conn.Send("30 04 0001 61 78")
	<-out.reached
	interrupt(errEnd)
	conn.Expect("E0 00")
	conn.Close()
	if result := done(); !errors.Is(result.err, errEnd) {
		t.Errorf("%+v", result)
	}
	close(out.open)
}

// All that came before the connection ended is written, also behind a reader that was slow.
func TestWhatCameBeforeTheEndOfTheConnectionIsWritten(t *testing.T) {
	server := mqtttest.NewServer(t)
	out := newGate(nil)
	const messages = 600 // more than fit into the text that waits, and less than may wait in front of it
	clients := make(chan *mqtt.Client, 1)
	dial := func(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error) {
		client, err := mqtt.Dial(ctx, server.URL(), cfg)
		clients <- client
		return client, err
	}
	done := runIn(t.Context(), t, dial, subscribe.Options{Subscriptions: wants(0, "a"), Append: line, Out: out})
	conn := server.Accept()
	subscribed(conn, "00")
	message := append([]byte{0x30, 0x83, 0x08, 0, 1, 'a'}, bytes.Repeat([]byte("x"), 1024)...)
	conn.SendBytes(message)
	<-out.reached
	conn.SendBytes(bytes.Repeat(message, messages-1))
	conn.Close()
	<-(<-clients).Done()
	close(out.open)
	if result := done(); !errors.Is(result.err, subscribe.ErrLost) || result.Messages != messages {
		t.Errorf("%+v", result)
	}
	if n := bytes.Count(out.got.Bytes(), []byte("\n")); n != messages {
		t.Errorf("%d of %d messages were written", n, messages)
	}
}
