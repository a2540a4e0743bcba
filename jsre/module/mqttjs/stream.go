package mqttjs

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

const (
	maxInbox   = 1 << 20   // bytes of packets that may wait for the script before reading stops
	highWater  = 64 << 10  // bytes that may wait to be written before callbacks wait too
	sendBytes  = 256 << 20 // bytes that may wait to be written before publish blocks
	leaveTime  = 5 * time.Second
	readBuffer = 16 << 10
	maxRead    = 64 << 10

	heldPerPacket = 200 // bytes that a packet takes beside what it holds
)

// item is something that a stream tells the loop.
type item struct {
	of      *stream
	packets []*packet.Packet
	bytes   int
	err     error // of the transport, or about what a server sent that is no packet; no packets come with it
	drained bool
	closed  bool // the last one
}

// stream is one attempt to connect and the connection that comes of it.
type stream struct {
	client     *client
	version    int
	webSocket  bool
	will       bool
	most       int // bytes of a packet that are taken
	background sync.WaitGroup
	release    func()
	cancel     context.CancelFunc

	// of the loop
	gone       bool            // destroyed: nothing is read or written any more
	over       bool            // its close event was given
	givenUp    bool            // no connection came of it, and none may any more
	silent     bool            // the script is not told of its close
	shown      *engine.Emitter // client.stream, once a script has asked for it
	afterDrain []func(goja.Value)
	limit      *engine.Timer // of the wait for the server to close, too

	mu     sync.Mutex
	change sync.Cond // of what mu guards
	conn   net.Conn  // mu
	out    []byte    // mu
	spare  []byte    // of the writer
	ending bool      // close for writing when out is written; mu
	dead   bool      // mu
	deaf   bool      // the script has ended: nothing waits for it any more; mu
}

// newStream begins to make a transport, for a connection that hello opens.
func (c *client) newStream(t target, hello opening) *stream {
	s := &stream{client: c, version: c.version, webSocket: t.options.WebSocket != nil, will: hello.p.HasWill, most: hello.most, release: c.vm.Loop().Ref()}
	s.change.L = &s.mu
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(c.vm.Context())
	c.add(s)
	stop := context.AfterFunc(c.vm.Context(), s.deafen)
	s.background.Go(func() { defer stop(); s.work(ctx, t) })
	return s
}

// work makes the connection and reads from it. It runs on a goroutine of its own.
func (s *stream) work(ctx context.Context, t target) {
	conn, err := t.dial(ctx)
	if err == nil && !s.adopt(conn) {
		_ = conn.Close()
		err = context.Canceled
	}
	if err == nil {
		var writer sync.WaitGroup
		writer.Go(s.write)
		err = s.read(conn)
		if s.isLeaving() {
			writer.Wait()
		}
		s.kill()
		writer.Wait()
	}
	s.cancel()
	if err != nil && !isEOF(err) {
		s.tell(item{err: err})
	}
	s.client.remove(s)
	s.tell(item{closed: true})
}

// isEOF reports whether a server has closed the connection properly. What wraps it, such as a failed
// handshake, is an error.
func isEOF(err error) bool { return err == io.EOF } //nolint:errorlint // see above

func (s *stream) adopt(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return false
	}
	s.conn = conn
	return true
}

// tell queues an item for the loop. What the server sent waits for room; it reports false when the stream is gone.
func (s *stream) tell(it item) bool {
	c := s.client
	it.of = s
	c.mu.Lock()
	if it.bytes > 0 {
		for c.queued >= maxInbox && s.isHeard() {
			c.room.Wait()
		}
		if !s.isHeard() {
			c.mu.Unlock()
			return false
		}
		c.queued += it.bytes
	}
	c.inbox = append(c.inbox, it)
	c.mu.Unlock()
	c.source.Wake()
	return true
}

// isHeard reports whether the script still takes what comes.
func (s *stream) isHeard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.dead && !s.deaf
}

// isLeaving reports whether what is queued is still to be written, though nobody reads.
func (s *stream) isLeaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deaf && !s.dead
}

// deafen has nothing wait for the script any more, which has been asked to stop. Safe from any goroutine.
func (s *stream) deafen() {
	s.mu.Lock()
	s.deaf = true
	s.change.Broadcast()
	s.mu.Unlock()
	c := s.client
	c.mu.Lock()
	c.room.Broadcast()
	c.mu.Unlock()
}

// write writes what the loop has put in out. It runs on a goroutine of its own.
func (s *stream) write() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.out) == 0 && !s.ending && !s.dead {
			s.change.Wait()
		}
		if s.dead {
			return
		}
		if len(s.out) == 0 {
			shutWrite(s.conn)
			return
		}
		b := s.out
		s.out, s.spare = s.spare[:0], nil
		s.mu.Unlock()
		_, err := s.conn.Write(b) // a failure shows when reading
		if len(b) >= highWater {
			s.tell(item{drained: true})
		}
		s.mu.Lock()
		if cap(b) <= 4*highWater {
			s.spare = b
		}
		s.change.Broadcast()
		if err != nil {
			return
		}
	}
}

// shutWrite tells the server that no more comes. What cannot is closed.
func shutWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	_ = conn.Close()
}

// put queues bytes to be written and reports whether there is room for more. f appends them.
func (s *stream) put(f func(dst []byte) []byte) (room bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.out) > sendBytes && !s.dead && !s.deaf && s.conn != nil {
		s.change.Wait()
	}
	if s.dead || s.ending {
		return true
	}
	s.out = f(s.out)
	s.change.Signal()
	return len(s.out) < highWater || s.conn == nil
}

// finish closes the connection once all is written and the server has closed its side.
func (s *stream) finish() {
	s.mu.Lock()
	s.ending = true
	s.change.Broadcast()
	s.mu.Unlock()
	if s.limit == nil && !s.over {
		s.limit = s.client.vm.Loop().NewTimer(leaveTime, false, s.destroy)
	}
}

// destroy ends the stream at once; its close event follows. It is for the loop.
func (s *stream) destroy() {
	s.gone = true
	s.cancel()
	s.kill()
}

// kill closes the connection. Safe from any goroutine.
func (s *stream) kill() {
	s.mu.Lock()
	s.dead = true
	conn := s.conn
	s.change.Broadcast()
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
	c := s.client
	c.mu.Lock()
	c.room.Broadcast()
	c.mu.Unlock()
}

// leave closes the connection because the script has ended. failed says that it did so by an exception: then
// the server publishes the will, as it does when a process dies.
func (s *stream) leave(failed bool) {
	c := s.client
	if s.gone || c.stream != s || !c.life.Connected() {
		s.destroy()
		return
	}
	if c.life.Phase() != life.Going { // else DISCONNECT is written
		s.put(func(dst []byte) []byte { return s.appendLast(dst, failed) })
	}
	s.mu.Lock()
	s.ending = true
	if s.conn != nil {
		_ = s.conn.SetDeadline(time.Now().Add(leaveTime))
	}
	s.change.Broadcast()
	s.mu.Unlock()
}

// appendLast appends the last packet of a script that ends. Before MQTT 5 no packet asks for the will, so
// that nothing is said when the script failed.
func (s *stream) appendLast(dst []byte, failed bool) []byte {
	bye := &packet.Packet{Type: packet.Disconnect}
	switch {
	case failed && s.version != packet.V5:
		return dst
	case failed && s.will:
		bye.Code = 0x04 // Disconnect with Will Message
	}
	return packet.Append(dst, bye, s.version)
}
