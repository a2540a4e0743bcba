package ws_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"dunlin/mqtt"
	_ "dunlin/mqtt/dial/ws"
)

// busyClient is a client whose handler does not return before release is closed. One message
// fills its receive queue.
type busyClient struct {
	*mqtt.Client
	release chan struct{}
	got     atomic.Int32
}

func (b *busyClient) config(t *testing.T) mqtt.Config {
	b.release = make(chan struct{})
	return mqtt.Config{ClientID: "c", KeepAlive: -1, Limits: mqtt.Limits{ReceiveMessages: 1}, OnMessage: func(_ context.Context, m *mqtt.Received) {
		<-b.release
		if want := fmt.Sprintf("%03d", b.got.Add(1)-1); !strings.HasPrefix(string(m.Payload), want) {
			t.Errorf("got %.10q, want %s", m.Payload, want)
		}
	}}
}

// message is the PUBLISH that the handler expects as the nth, with a payload of 100 bytes.
func message(n int) string {
	return "\x30\x67\x00\x01t" + fmt.Sprintf("%03d", n) + strings.Repeat("x", 97)
}

// dialBusy connects a busy client in fake time to a server that writes and reads frames by hand.
func dialBusy(t *testing.T, change func(*mqtt.Config)) (b *busyClient, in *bufio.Reader, theirs net.Conn) {
	t.Helper()
	b = &busyClient{}
	cfg := b.config(t)
	change(&cfg)
	below, theirs := net.Pipe()
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) { return below, nil }
	dialed := make(chan error, 1)
	go func() (err error) {
		defer func() { dialed <- err }()
		b.Client, err = mqtt.Dial(context.Background(), "ws://h", cfg)
		return err
	}()
	in = switchTo(theirs, "")
	_, _, err := readFrame(in) // CONNECT
	must(t, err)
	_, err = io.WriteString(theirs, frame(0x82, "\x20\x02\x00\x00"))
	must(t, err)
	must(t, <-dialed)
	return b, in, theirs
}

// TestPingsAreAnsweredWhileAHandlerBlocks: though they stand behind messages that nobody takes, and
// the close frame that follows is heard, with its reason. All messages come, in order.
func TestPingsAreAnsweredWhileAHandlerBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, in, theirs := dialBusy(t, func(*mqtt.Config) {})
		for i := range 12 {
			all := message(i)
			for _, part := range []string{all[:i], all[i:]} { // packets across frames
				_, err := io.WriteString(theirs, frame(0x82, part))
				must(t, err)
			}
			begin, ping := time.Now(), fmt.Sprint("ping ", i)
			_, err := io.WriteString(theirs, frame(0x89, ping))
			must(t, err)
			if op, payload, err := readFrame(in); op != 0x8A || string(payload) != ping || err != nil {
				t.Fatalf("received %x %q, %v", op, payload, err)
			}
			if waited := time.Since(begin); waited > time.Second {
				t.Errorf("the answer to %s took %v", ping, waited)
			}
			<-time.After(time.Minute)
		}
		_, err := io.WriteString(theirs, frame(0x88, "\x03\xf0bad"))
		must(t, err)
		_, _, _ = readFrame(in) // the answer
		<-b.Done()
		if err := b.Err(); !strings.Contains(err.Error(), `the server closed with code 1008: "bad"`) {
			t.Errorf("ended with %v", err)
		}
		if n := b.got.Load(); n != 0 {
			t.Errorf("%d messages were handled", n)
		}
		close(b.release)
		synctest.Wait()
		if n := b.got.Load(); n != 12 {
			t.Errorf("%d messages were handled, want 12", n)
		}
		_ = theirs.Close()
	})
}

// TestPingBeyondTheBoundWaits: what is read ahead is bounded by Limits.ReceiveBytes here, and a
// ping that stands behind more is answered when handlers return.
func TestPingBeyondTheBoundWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sent = 60
		b, in, theirs := dialBusy(t, func(cfg *mqtt.Config) { cfg.Limits.ReceiveBytes = 2000 })
		written, pongs := new(atomic.Int32), make(chan string, 1)
		go func() {
			for i := range sent {
				_, _ = io.WriteString(theirs, frame(0x82, message(i))) // what is read tells
				written.Add(1)
			}
			_, _ = io.WriteString(theirs, frame(0x89, "?"))
		}()
		go func() {
			_, payload, _ := readFrame(in)
			pongs <- string(payload)
		}()
		<-time.After(time.Hour)
		// The library reads 4 KiB at a time.
		if n := written.Load(); n < 2000/105 || n > (2000+2*4096+1024)/105 || len(pongs) > 0 {
			t.Errorf("the server wrote %d messages, %d answers", n, len(pongs))
		}
		close(b.release)
		if pong := <-pongs; pong != "?" {
			t.Errorf("answered %q", pong)
		}
		synctest.Wait()
		if n := b.got.Load(); n != sent {
			t.Errorf("%d messages were handled, want %d", n, sent)
		}
		_ = theirs.Close()
		<-b.Done()
	})
}

// TestServerOfTheLibraryPings: coder/websocket's server, which waits for each answer.
func TestServerOfTheLibraryPings(t *testing.T) {
	b := &busyClient{}
	pinged := make(chan error, 1)
	url := endpoint(t, func(ctx context.Context, c *websocket.Conn) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, _, _ = c.Read(ctx) // CONNECT
		left := make(chan struct{})
		go func() { // answers come only while somebody reads
			defer close(left)
			_, _, _ = c.Read(ctx) // DISCONNECT
		}()
		_ = c.Write(ctx, websocket.MessageBinary, []byte("\x20\x02\x00\x00"))
		for i := range 12 {
			_ = c.Write(ctx, websocket.MessageBinary, []byte(message(i)))
		}
		pinged <- c.Ping(ctx)
		<-left
	})
	c, err := mqtt.Dial(timeout(t), url, b.config(t))
	must(t, err)
	if err := <-pinged; err != nil {
		t.Errorf("no answer to a ping: %v", err)
	}
	close(b.release)
	_ = c.Close(context.Background()) // the server has gone
}
