package link

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt/internal/wire"
)

// ErrClean is the end of a link when the peer closed it between two packets.
var ErrClean = errors.New("the server closed the connection")

// ErrTruncated is the end of a link when the peer closed it within a packet.
var ErrTruncated = errors.New("the server closed the connection in the middle of a packet")

// ReadError is any other end of the input, as the connection tells it.
type ReadError struct{ Err error }

// Error returns one line with the cause.
func (e *ReadError) Error() string { return "read: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// Owner is what a link serves: the client's state. The link calls it from its
// goroutines and never while it holds anything.
type Owner interface {
	// Reads tells that the goroutine that calls it reads from here on.
	Reads()
	// BeginBatch begins a batch of packets, at now; size bytes came since the last one. The
	// calls up to EndBatch come from the goroutine that reads.
	BeginBatch(now time.Time, size int)
	// Frame takes one whole packet. body is borrowed: it is valid until EndBatch
	// returns. After an error the rest of the input is read and thrown away.
	Frame(h wire.Header, body []byte) error
	// Room returns memory that begins with came, the first bytes of a payload of size bytes, and has
	// room for more; moves tells that came is of Room itself and not needed any more. nil: the
	// packet is to come as any other.
	Room(size int, came []byte, moves bool) []byte
	// Large takes a whole PUBLISH in two parts: payload is in memory of Room, and the owner's
	// again. head is borrowed. Otherwise it is as Frame.
	Large(h wire.Header, head, payload []byte) error
	// BeginStream takes a PUBLISH above MaxPacket, with a payload of size bytes
	// that Stream brings piece by piece. p is borrowed and has no payload.
	BeginStream(p *wire.Publish, size int) error
	// Stream takes a borrowed piece of that payload; last says that it is whole.
	Stream(piece []byte, last bool)
	// Refuse says that the input is malformed or too large at a fixed header.
	Refuse(err error)
	// Endures reports whether a packet with that fault of its fixed header, which can be
	// framed, is to be handed over all the same.
	Endures(err error) bool
	// Overlook is asked about a PUBLISH above MaxPacket that err keeps from being taken. b
	// has its topic and packet identifier. If it reports true the rest, of left bytes, goes
	// to Stream, else the input has been refused.
	Overlook(h wire.Header, b []byte, left int, err error) bool
	// EndBatch ends the batch; more of the same read may follow. The owner may take its time, and
	// have Resume called meanwhile: it reports false when another goroutine reads, or is to. What
	// Frame had in body stays as it is until EndBatch returns.
	EndBatch(more bool) (reads bool)
	// KeepReading is told when the link waits for the end of the input: somebody has to read.
	KeepReading()
	// AwaitRoom returns 0 when the owner wants more input, or ended is closed. Else that takes
	// long: the link is to read ahead, so many bytes at most, and to call it again. It reports false
	// when another goroutine reads.
	AwaitRoom(ended <-chan struct{}) (ahead int, reads bool)
	// Interrupted tells that Interrupt ended a read, and reports whether the caller leaves the
	// reading.
	Interrupted() (leaves bool)
	// HeardAhead tells that n bytes came at now, which wait in the link, and what becomes of
	// those that follow. It is called from a goroutine of its own, before Ended.
	HeardAhead(now time.Time, n int, state AheadState)
	// Take returns what is to be written now. The owner leaves the bytes alone
	// until the next call of Written or Take. With nothing to write, wait is how
	// long the write loop may sleep, and last says that nothing will follow.
	Take(now time.Time) (batch Batch, wait time.Duration, last bool)
	// Written tells that the batch of the last Take went to the network.
	Written()
	// Ended tells once, as the last call, that the connection is closed and why.
	Ended(err error)
}

// Batch is what is written at once: Bytes, and each of Parts within them.
type Batch struct {
	Bytes []byte
	Parts []Part
}

// Part is a piece that is written from where it is.
type Part struct {
	At    int // how many of the Bytes go before it
	Bytes []byte
}

// Config is how a link is run. The zero value of a field is not a default.
type Config struct {
	ReadBuffer  int                  // first size of the read buffer, in bytes; while nothing comes it is smaller
	MaxPacket   int                  // largest inbound packet, header included
	Trace       Trace                // sees every packet; nil: nobody does
	Straight    int                  // a PUBLISH of that size or more is read into memory of the owner's; 0: none is
	StreamLarge bool                 // a PUBLISH above MaxPacket is streamed
	Linger      time.Duration        // how long the peer may take to close after our last byte
	WriteStalls func() time.Duration // how long a write may make no progress; 0: for ever
}

// Link is one live connection.
type Link struct {
	conn  net.Conn
	owner Owner
	cfg   Config
	kick  chan struct{}
	ended chan struct{} // closed when either loop is about to end; the write loop is kicked then

	reading sync.WaitGroup // until the input has ended

	in *inbox // of who reads; what the owner holds guards it

	version      atomic.Uint32 // of the protocol, for the fixed header
	interrupted  atomic.Bool   // the read at hand is to end
	interrupting sync.Mutex    // held while interrupted and its deadline change
	now          nowWriter     // writes without waiting

	pace   sync.Mutex
	latest time.Time // from HurryUp; guarded by pace

	ahead *ahead // what was read ahead, and who does; nil: nothing and nobody. Of who reads
	input error  // how the input ended; written before reading is done

	head []byte // how the input that was refused begins; of who reads

	gathers bool // parts go out with what is around them
	endures bool // a read may end after a while, and the next goes on

	once  sync.Once
	cause error          // written before ended is closed
	cut   sync.WaitGroup // Abort's closing of the connection
}

// Start serves conn with two goroutines, one that reads and one that writes, until
// Owner.Ended was called.
func Start(conn net.Conn, owner Owner, cfg Config) *Link {
	l := &Link{
		conn: conn, owner: owner, cfg: cfg,
		kick:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	l.gathers, l.endures = socket(conn), endures(conn)
	l.now.init(conn)
	l.version.Store(uint32(wire.V311))
	l.in = &inbox{first: cfg.ReadBuffer}
	l.in.shrink()
	l.reading.Add(1)
	go l.readLoop(l.in)
	kick := l.kick
	// To wait for one channel alone takes the least memory. A stopped timer may stay for long, so it
	// must not lead to the link, and to what ended that.
	go l.writeLoop(time.AfterFunc(time.Hour, func() { wake(kick) }))
	return l
}

// SetVersion tells the protocol's version, which the strictness of the fixed
// header depends on. Until then it is read as of 3.1.1.
func (l *Link) SetVersion(v wire.Version) { l.version.Store(uint32(v)) }

// Gathers reports whether parts go out with what is around them, at no cost of their
// own: on connections that are a socket and nothing more.
func (l *Link) Gathers() bool { return l.gathers }

// headSize is how much of refused input is kept.
const headSize = 64

// Head returns how the input that was refused begins. It is for Owner.Refuse.
func (l *Link) Head() []byte { return l.head }

// Kick wakes the write loop. The owner calls it when it appended to an
// out-buffer that Take had found empty.
func (l *Link) Kick() { wake(l.kick) }

// wake puts a value into kick, unless there is one.
func wake(kick chan<- struct{}) {
	select {
	case kick <- struct{}{}:
	default:
	}
}

// Abort ends the link at once, with err as its cause, unless it is ending. It
// does not wait.
func (l *Link) Abort(err error) {
	l.once.Do(func() {
		l.cause = err
		l.cut.Go(l.cutOff) // may take its time, so not on the caller's
		l.beginEnd()
	})
}

// cutOff closes the connection without a word: TLS would first wait for the peer
// to take its goodbye.
func (l *Link) cutOff() {
	if secure, ok := l.conn.(interface{ NetConn() net.Conn }); ok {
		_ = secure.NetConn().Close()
	}
	_ = l.conn.Close()
}

// HurryUp gives what is being written, and will be, no longer than that in all.
// It is for last words to a peer that may not listen. It does not wait.
func (l *Link) HurryUp(within time.Duration) {
	l.pace.Lock()
	defer l.pace.Unlock()
	l.latest = time.Now().Add(within)
	_ = l.conn.SetWriteDeadline(l.latest) // the write tells
}

// fail records why the link ends; the first cause counts.
func (l *Link) fail(err error) {
	l.once.Do(func() {
		l.cause = err
		l.beginEnd()
	})
}

// beginEnd tells both loops that the link ends.
func (l *Link) beginEnd() {
	close(l.ended)
	l.Kick()
}

// isEnding reports whether the link ends.
func (l *Link) isEnding() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// endOfInput says in our words how the input ended.
func endOfInput(err error, partial bool) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && partial: // the former within a TLS record
		return ErrTruncated
	case errors.Is(err, io.EOF):
		return ErrClean
	default:
		return &ReadError{err}
	}
}
