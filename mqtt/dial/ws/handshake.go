package ws

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// maxHead is the longest answer taken, in bytes, from status line to empty line.
	maxHead = 64 << 10
	// maxInterim is how many answers such as 103 Early Hints may come first.
	maxInterim = 8
	// maxBody is how much of a refusal's body is read.
	maxBody = 1 << 10
)

// roundTripper makes one HTTP request over a connection that stands already.
// net/http's own transport would hide the connection: its deadlines, half-close
// and addresses, and keep two goroutines.
type roundTripper struct {
	conn net.Conn
	then *switched // set with 101
}

// RoundTrip is the whole of the HTTP that a WebSocket needs.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Write(t.conn); err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	head := &io.LimitedReader{R: t.conn, N: maxHead}
	in := bufio.NewReader(head)
	for range maxInterim {
		resp, err := http.ReadResponse(in, req)
		switch {
		case err != nil && head.N == 0:
			return nil, fmt.Errorf("the server's answer has more than %d bytes before its body", maxHead)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
			return nil, fmt.Errorf("the server hung up: %w; does it speak HTTP at this port? MQTT without WebSocket is mqtt, or mqtts", io.ErrUnexpectedEOF)
		case err != nil && strings.HasPrefix(err.Error(), "malformed"):
			// The error quotes the answer, which may be our request, with its secrets: an echo.
			return nil, errors.New("the answer is not HTTP; does the server speak HTTP at this port? MQTT without WebSocket is mqtt, or mqtts")
		case err != nil:
			return nil, fmt.Errorf("read answer: %w", err)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			t.then = &switched{Conn: t.conn, rest: in}
			resp.Body = t.then
			return resp, nil
		case resp.StatusCode >= 200:
			resp.Header.Del("Location") // not followed; net/http would quote one that it cannot read
			resp.Body = body{io.LimitReader(resp.Body, maxBody), t.conn}
			return resp, nil
		}
	}
	return nil, errors.New("the server sent interim answers without end")
}

// body is that of a refusal: closing it ends the connection, and does not read on.
type body struct {
	io.Reader
	io.Closer
}

// switched is the connection after 101, and what was read of it beyond.
type switched struct {
	net.Conn
	rest *bufio.Reader // nil when there is none; of the reader

	mu   sync.Mutex // held while writing
	shut bool       // the close frame went out; mu
}

// Read gives the rest first.
func (s *switched) Read(p []byte) (int, error) {
	if s.rest != nil {
		if s.rest.Buffered() > 0 {
			return s.rest.Read(p)
		}
		s.rest = nil
	}
	return s.Conn.Read(p)
}

// Write writes p, unless the close frame went out: the library, which does not
// know of that one, would answer the server's with a second.
func (s *switched) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// last writes the close frame.
func (s *switched) last(frame []byte, deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = true
	if err := s.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := s.Conn.Write(frame)
	return err
}
