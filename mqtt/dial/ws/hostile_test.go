package ws_test

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/ws"
)

// serve runs handle for each connection to a free port, and returns the address.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				handle(conn)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
	return l.Addr().String()
}

// acceptKey answers the key of a request.
func acceptKey(req *http.Request) string {
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 asks for it
	return base64.StdEncoding.EncodeToString(sum[:])
}

// switchTo shakes hands by hand and writes what follows in the same breath.
func switchTo(conn net.Conn, then string) *bufio.Reader {
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil {
		return in
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n%s", acceptKey(req), then)
	return in
}

// frame returns one frame of a server. The high bits of op are FIN and RSV.
func frame(op byte, payload string) string {
	if len(payload) < 126 {
		return string([]byte{op, byte(len(payload))}) + payload
	}
	return string([]byte{op, 126, byte(len(payload) >> 8), byte(len(payload))}) + payload
}

// readFrame reads one frame of a client.
func readFrame(in *bufio.Reader) (op byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, nil, err
	}
	size := int(head[1] & 0x7f)
	if size == 126 {
		more := make([]byte, 2)
		if _, err := io.ReadFull(in, more); err != nil {
			return 0, nil, err
		}
		size = int(more[0])<<8 | int(more[1])
	}
	rest := make([]byte, 4+size)
	if _, err := io.ReadFull(in, rest); err != nil {
		return 0, nil, err
	}
	for i := range size {
		rest[4+i] ^= rest[i%4]
	}
	return head[0], rest[4:], nil
}

// open dials a ws URL.
func open(t *testing.T, url string, o ws.Options) (net.Conn, error) {
	t.Helper()
	a, err := dial.ParseAddress(url)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return dial.Open(ctx, a, dial.Options{WebSocket: o.Upgrade})
}

// readAll returns what there is to read, and why it ended; io.EOF counts.
func readAll(conn net.Conn) (string, error) {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	var all []byte
	b := make([]byte, 8)
	for {
		n, err := conn.Read(b)
		all = append(all, b[:n]...)
		if err != nil {
			return string(all), err
		}
	}
}

// TestFrames shows TR-10: WebSocket binary frames [MQTT-6.0.0-1]; TR-11: WebSocket packets across
// frames [MQTT-6.0.0-2].
func TestFrames(t *testing.T) {
	const ( // FIN and opcode
		binary, text, closing, ping, pong = 0x82, 0x81, 0x88, 0x89, 0x8A
		firstPart, middlePart, lastPart   = 0x02, 0x00, 0x80
	)
	normal := frame(closing, "\x03\xe8")
	for _, test := range []struct {
		name, sent, want string
		end              string // of the error; empty: io.EOF
	}{
		{"packets across frames", frame(binary, "a") + frame(binary, "bc") + frame(binary, "d") + normal, "abcd", ""},
		{"parts of a message", frame(firstPart, "ab") + frame(middlePart, "c") + frame(ping, "x") + frame(lastPart, "d") + normal, "abcd", ""},
		{"empty frames", frame(binary, "") + frame(binary, "a") + frame(binary, "") + normal, "a", ""},
		{"a frame longer than the buffer", frame(binary, strings.Repeat("x", 5000)) + normal, strings.Repeat("x", 5000), ""},
		{"pong that nobody asked for", frame(pong, "") + frame(binary, "a") + normal, "a", ""},
		{"going away", frame(binary, "a") + frame(closing, "\x03\xe9bye"), "a", ""},
		{"close without a code", frame(closing, ""), "", ""},
		{"close for a fault", frame(binary, "a") + frame(closing, "\x03\xf0bad"), "a", `websocket: the server closed with code 1008: "bad"`},
		{"no close frame", frame(binary, "a"), "a", ws.ErrNoCloseFrame.Error()},
		{"cut in a frame", frame(binary, "abcd")[:4], "ab", ws.ErrNoCloseFrame.Error()},
		{"cut in a head", frame(binary, "a") + "\x82", "a", ws.ErrNoCloseFrame.Error()},
		{"cut between parts", frame(firstPart, "a"), "a", ""}, // of the error: below
		{"text", frame(binary, "a") + frame(text, "b") + frame(binary, "c"), "a", ws.ErrTextFrame.Error()},
		{"compressed", frame(0xC2, "a"), "", "rsv bits"},
		{"reserved opcode", frame(0x83, "a"), "", "unknown opcode"},
		{"long ping", frame(ping, strings.Repeat("x", 126)), "", "invalid length"},
		{"ping in parts", frame(0x09, "x"), "", "fragmented control frame"},
		{"part without a beginning", frame(lastPart, "x"), "", "continuation frame"},
		{"message within a message", frame(firstPart, "a") + frame(binary, "b"), "a", "without finishing"},
		{"close code that may not be sent", frame(closing, "\x03\xed"), "", "invalid status code"},
		{"close with half a code", frame(closing, "\x03"), "", "too small"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answers := make(chan string, 1)
			address := serve(t, func(conn net.Conn) {
				in := switchTo(conn, test.sent)
				_ = conn.(*net.TCPConn).CloseWrite()
				got := ""
				for {
					op, payload, err := readFrame(in)
					if err != nil {
						break
					}
					got += fmt.Sprintf("%x %q;", op, payload)
				}
				answers <- got
			})
			conn, err := open(t, "ws://"+address, ws.Options{})
			must(t, err)
			got, err := readAll(conn)
			if _, again := conn.Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
				t.Errorf("read on: %v, before %v", again, err)
			}
			_ = conn.Close()
			if test.name == "cut between parts" {
				if errors.Is(err, io.EOF) {
					t.Error("a message that was cut looks like an orderly end")
				}
			} else if test.end == "" != errors.Is(err, io.EOF) || !strings.Contains(err.Error(), test.end) {
				t.Errorf("ended with %v", err)
			}
			if got != test.want {
				t.Errorf("read %q", got)
			}
			answer := <-answers
			if strings.Contains(test.sent, frame(ping, "x")) && !strings.Contains(answer, `8a "x";`) {
				t.Errorf("the ping was answered with %s", answer)
			}
			if test.name == "text" && !strings.HasPrefix(answer, `88 "\x03\xeb`) {
				t.Errorf("the text frame was answered with %s", answer)
			}
		})
	}
}

// TestGiantFrame: memory grows with what came, not with the length that is announced.
func TestGiantFrame(t *testing.T) {
	address := serve(t, func(conn net.Conn) {
		in := switchTo(conn, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc")
		_, _ = in.ReadByte() // until the client has gone
	})
	conn, err := open(t, "ws://"+address, ws.Options{})
	must(t, err)
	b := make([]byte, 3)
	_, err = io.ReadFull(conn, b)
	if err != nil || string(b) != "abc" {
		t.Errorf("read %q, %v", b, err)
	}
	must(t, conn.Close())
}

// TestWriteAndHalfClose: binary frames leave, then a close frame, and reading goes on. It shows
// TR-10: WebSocket binary frames [MQTT-6.0.0-1]; TR-11: WebSocket packets across frames
// [MQTT-6.0.0-2].
func TestWriteAndHalfClose(t *testing.T) {
	long := strings.Repeat("0123456789", 7000)
	received := make(chan string, 1)
	address := serve(t, func(conn net.Conn) {
		in := switchTo(conn, "")
		var all []byte
		for {
			op, payload, err := readFrame(in)
			if op == 0x88 {
				_, _ = io.WriteString(conn, frame(0x82, "late")+frame(0x88, string(payload)))
				received <- string(all)
				if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
					t.Errorf("after the close frame: %v", err)
				}
				return
			}
			if err != nil || op != 0x82 {
				received <- fmt.Sprintf("%x %q %v", op, payload, err)
				return
			}
			all = append(all, payload...)
		}
	})
	conn, err := open(t, "ws://"+address, ws.Options{})
	must(t, err)
	defer conn.Close()
	n, err := io.WriteString(conn, long)
	if n != len(long) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	must(t, conn.(interface{ CloseWrite() error }).CloseWrite())
	if _, err := io.WriteString(conn, "x"); err == nil {
		t.Error("wrote after the close frame")
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err == nil {
		t.Error("sent two close frames")
	}
	if got := <-received; got != long {
		t.Errorf("the server received %.100q", got)
	}
	if got, err := readAll(conn); got != "late" || !errors.Is(err, io.EOF) {
		t.Errorf("then read %q, %v", got, err)
	}
}

// TestDeadlines: the other side neither writes nor reads.
func TestDeadlines(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	address := serve(t, func(conn net.Conn) {
		switchTo(conn, frame(0x82, "a"))
		<-release // silent, and unread
	})
	conn, err := open(t, "ws://"+address, ws.Options{})
	must(t, err)
	b := make([]byte, 10)
	if n, err := conn.Read(b); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	must(t, conn.SetReadDeadline(time.Now().Add(30*time.Millisecond)))
	if _, err := conn.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("silent peer: %v", err)
	}
	must(t, conn.SetWriteDeadline(time.Now().Add(30*time.Millisecond)))
	for err == nil {
		_, err = conn.Write(make([]byte, 1<<20))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("stuck peer: %v", err)
	}
	must(t, conn.Close())
}

// pipe returns both ends of a WebSocket in memory, for fake time: the server's as
// what it reads, and what it writes to.
func pipe(t *testing.T) (ours net.Conn, in *bufio.Reader, theirs net.Conn) {
	t.Helper()
	below, theirs := net.Pipe()
	switched := make(chan *bufio.Reader, 1)
	go func() { switched <- switchTo(theirs, "") }()
	a, err := dial.ParseAddress("ws://h")
	must(t, err)
	ours, err = ws.Options{}.Upgrade(t.Context(), below, a)
	must(t, err)
	return ours, <-switched, theirs
}

// TestDeadlineOfRunningWrite: a deadline is set while a write is stuck.
func TestDeadlineOfRunningWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, _, theirs := pipe(t)
		stuck := make(chan error)
		go func() {
			_, err := io.WriteString(conn, "x")
			stuck <- err
		}()
		synctest.Wait()
		begin := time.Now()
		must(t, conn.SetWriteDeadline(begin.Add(time.Second)))
		if err := <-stuck; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_, _ = conn.Close(), theirs.Close()
	})
}

// TestPastDeadlineSparesPongs: a write deadline that has passed is for the caller's writes alone.
func TestPastDeadlineSparesPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in, theirs := pipe(t)
		must(t, conn.SetWriteDeadline(time.Now().Add(time.Second)))
		go func() { _, _ = io.WriteString(conn, "x") }()
		if _, payload, err := readFrame(in); string(payload) != "x" || err != nil {
			t.Errorf("received %q, %v", payload, err)
		}
		<-time.After(time.Minute)
		must(t, conn.SetWriteDeadline(time.Now().Add(-time.Second)))
		read := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			read <- err
		}()
		_, _ = io.WriteString(theirs, frame(0x89, "?"))
		if op, payload, err := readFrame(in); op != 0x8A || string(payload) != "?" || err != nil {
			t.Errorf("received %x %q, %v", op, payload, err)
		}
		_, _ = io.WriteString(theirs, frame(0x82, "a"))
		must(t, <-read)
		if _, err := io.WriteString(conn, "y"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote after the deadline: %v", err)
		}
		_, _ = conn.Close(), theirs.Close()
	})
}

// TestCloseFrameWaitsForTheWrite: it would otherwise fall into the middle of a frame.
func TestCloseFrameWaitsForTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, in, theirs := pipe(t)
		go func() { _, _ = io.WriteString(conn, "x") }()
		synctest.Wait() // the write is stuck
		half := conn.(interface{ CloseWrite() error })
		begin := time.Now()
		if err := half.CloseWrite(); err == nil || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		closed := make(chan error, 1)
		go func() { closed <- half.CloseWrite() }()
		for _, want := range []string{"x", "\x03\xe8"} {
			if _, payload, err := readFrame(in); string(payload) != want || err != nil {
				t.Errorf("received %q, %v", payload, err)
			}
		}
		must(t, <-closed)
		_, _ = conn.Close(), theirs.Close()
	})
}

func TestCloseFreesReadAndWrite(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(conn net.Conn) {
		switchTo(conn, "")
		<-release
	})
	defer close(release)
	conn, err := open(t, "ws://"+address, ws.Options{})
	must(t, err)
	ended := make(chan error, 2)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	go func() {
		var err error
		for err == nil {
			_, err = conn.Write(make([]byte, 1<<20))
		}
		ended <- err
	}()
	begin := time.Now()
	_ = conn.Close() // the end counts, not what it says
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("Close took %v", took)
	}
}
