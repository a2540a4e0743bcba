package ws

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// frameSize is the most that goes into one frame: an answer to a ping waits
	// for the end of a frame, and not longer than five seconds.
	frameSize = 16 << 10
	// farewell bounds the wait for a running write before a close frame, and the
	// writing of that where no deadline is set.
	farewell = time.Second
)

var (
	// ErrTextFrame means that the server sent a text frame [MQTT-6.0.0-1].
	ErrTextFrame = errors.New("websocket: the server sent a text frame, MQTT is binary [MQTT-6.0.0-1]")
	// ErrNoCloseFrame means that the connection ended without a close frame.
	ErrNoCloseFrame = errors.New("websocket: the connection ended without a close frame")
)

// CloseError is a close frame of the server that tells of a failure.
type CloseError struct {
	Code   int    // as RFC 6455 section 7.4 defines
	Reason string // the server's words, up to 123 bytes
}

// Error returns code and reason.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("websocket: the server closed with code %d", e.Code)
	}
	return fmt.Sprintf("websocket: the server closed with code %d: %q", e.Code, e.Reason)
}

// stream is a WebSocket as a net.Conn. One goroutine may read, one write, and any
// close.
type stream struct {
	net.Conn // below the WebSocket: TCP or TLS
	under    *switched
	socket   *websocket.Conn

	message io.Reader // that is being read, or nil
	failed  error     // of reading, for good

	busy chan struct{} // holds one token while frames of ours are written

	mu       sync.Mutex
	deadline time.Time // of writing; mu
	writing  bool      // mu
	shut     bool      // our close frame went out; mu
}

func newStream(conn *switched, socket *websocket.Conn) *stream {
	socket.SetReadLimit(-1) // a message is no packet; the reader has its limit for those
	return &stream{Conn: conn.Conn, under: conn, socket: socket, busy: make(chan struct{}, 1)}
}

// Read gives what is in binary frames, without their bounds [MQTT-6.0.0-2].
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for s.failed == nil {
		n, err := s.read(p)
		if err != nil {
			s.failed = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, s.failed
}

func (s *stream) read(p []byte) (int, error) {
	if s.message == nil {
		kind, message, err := s.socket.Reader(context.Background())
		if err != nil {
			return 0, s.ending(err)
		}
		if kind != websocket.MessageBinary {
			_ = s.sendClose(websocket.StatusUnsupportedData) // out of courtesy
			return 0, ErrTextFrame
		}
		s.message = message
	}
	n, err := s.message.Read(p)
	if errors.Is(err, io.EOF) {
		s.message, err = nil, nil
	}
	if err != nil {
		err = s.ending(err)
	}
	return n, err
}

// ending says in our words why reading ended.
func (s *stream) ending(err error) error {
	var frame websocket.CloseError
	switch {
	case errors.As(err, &frame):
		switch frame.Code {
		case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
			return io.EOF
		}
		return &CloseError{int(frame.Code), frame.Reason}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrNoCloseFrame
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	}
	return fmt.Errorf("websocket: %w", err)
}

// Write sends p in binary frames [MQTT-6.0.0-1].
func (s *stream) Write(p []byte) (n int, err error) {
	s.busy <- struct{}{}
	defer func() { <-s.busy }()
	if err := s.begin(); err != nil {
		return 0, err
	}
	defer s.finish()
	for n < len(p) {
		end := min(n+frameSize, len(p))
		if err := s.socket.Write(context.Background(), websocket.MessageBinary, p[n:end]); err != nil {
			return n, fmt.Errorf("websocket: %w", err)
		}
		n = end
	}
	return n, nil
}

// begin puts the deadline of writing in force. Between writes there is none: the
// answer to a ping would strike on one that has passed.
func (s *stream) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return errors.New("websocket: write after the close frame")
	}
	s.writing = true
	return s.Conn.SetWriteDeadline(s.deadline)
}

func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = false
	_ = s.Conn.SetWriteDeadline(time.Time{}) // fails only when the connection has ended
}

// SetWriteDeadline bounds the write that runs and those that follow.
func (s *stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if !s.writing {
		return nil
	}
	return s.Conn.SetWriteDeadline(t)
}

// SetDeadline bounds reading and writing.
func (s *stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// CloseWrite sends a close frame that means a normal end. It does not wait for the server's; Read
// returns io.EOF when that has come.
func (s *stream) CloseWrite() error { return s.sendClose(websocket.StatusNormalClosure) }

// sendClose sends a close frame, unless a write goes on and on, into whose frame
// it would fall. The library's own way would read as well, and throw away what a
// reader of ours waits for.
func (s *stream) sendClose(code websocket.StatusCode) error {
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-timer.C:
		return errors.New("websocket: no close frame, for a write is under way")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return errors.New("websocket: the close frame was sent before")
	}
	s.shut = true
	deadline := s.deadline
	if deadline.IsZero() {
		deadline = time.Now().Add(farewell)
	}
	frame := []byte{0x88, 0x80 | 2, 0, 0, 0, 0, byte(code >> 8), byte(code)} // FIN and close; masked, two bytes
	_, _ = rand.Read(frame[2:6])                                             // never fails
	frame[6] ^= frame[2]
	frame[7] ^= frame[3]
	return s.under.last(frame, deadline)
}

// Close ends the connection at once, without a close frame.
func (s *stream) Close() error {
	err := s.Conn.Close()   // first, for it frees what waits for the network
	_ = s.socket.CloseNow() // waits for its own goroutines
	return err
}

// NetConn returns the connection below WebSocket and TLS.
func (s *stream) NetConn() net.Conn { return bottom(s.Conn) }

// bottom returns the lowest connection, which closes without a word.
func bottom(conn net.Conn) net.Conn {
	for {
		above, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = above.NetConn()
	}
}
