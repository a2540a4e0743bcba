// Package disk is a store.Store in a directory: a log that is only ever appended to, with
// checksums, which survives the end of the process at any moment and, as far as the Sync mode
// promises, the loss of power. See Open.
package disk

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dunlin/mqtt/store"
)

// Sync says when Commit's changes are on the disk, and so what a loss of power or a crash of the
// operating system may take. In every mode the end of the process alone (kill -9, panic) takes
// nothing that Commit returned for, and in every mode what is there after a power loss is what was
// there after some change: never a later change without all the earlier ones.
type Sync int

const (
	// Always means: Commit returns when its changes are on the disk. A power loss takes nothing
	// that Commit returned for. One sync for each Commit.
	Always Sync = iota
	// Interval means: a goroutine syncs every Options.Every. A power loss takes at most what was
	// committed since the last sync that ended. A sync that fails fails the next Commit.
	Interval
	// Never means: the operating system writes when it likes to, often after half a minute. A power
	// loss may take everything since the store last synced by itself: when it begins a new file,
	// before it removes an old one, in Open and in Close.
	Never
)

// Options of a store. The zero value is good.
type Options struct {
	// Sync says how durable a Commit is. Default Always.
	Sync Sync
	// Every is the time between syncs of Interval. Default 100 ms.
	Every time.Duration
	// SegmentSize is the size in bytes after which the log goes on in a new file. Default 16 MiB,
	// at least 256. A smaller one returns space sooner.
	SegmentSize int64
	// FS is the directory, nil for that of the operating system. The store closes it.
	FS FS
	// OnDamage is told what Open finds wrong, before Open returns, and of a value that is found
	// damaged later. It must not call the store.
	OnDamage func(Damage)
}

const (
	defaultEvery   = 100 * time.Millisecond
	defaultSegment = 16 << 20
	leastSegment   = 256
	lockName       = "lock"
)

// Store is a store.Store in a directory. Its methods may be called from any goroutine. It keeps the
// keys in memory, about 60 bytes each, and the values on the disk only. The log takes about three
// times the space of the live values, or 1 MiB more than them, and one or two files more until what
// takes their place is on the disk. Give it that room, by Limits.Queue: sending and forgetting are
// written down first, so a client whose store has filled the disk sends nothing of it before
// something else makes room.
type Store struct {
	// Immutable.
	dir      string
	opt      Options
	fs       FS
	lock     io.Closer
	salt     uint64
	stop     chan struct{}
	loopDone chan struct{}

	use sync.Mutex // held by Load, Commit and Close from their begin to their end

	mu   sync.Mutex
	idle *sync.Cond // syncing went false

	// Guarded by mu.
	segments []*segment // oldest first; the last takes what is written
	index    map[uint64]place
	scratch  []byte
	buf      []byte   // records not yet handed to the file
	fresh    []change // what the records since begin do to the index
	log      position
	next     uint64 // number of the next file
	synced   uint64 // sequence number up to which all is on the disk
	clean    cleaning
	closed   bool
	broken   error // the files cannot be trusted to take more: rewrite before the next Commit
	sealed   bool  // the last file takes no more
	late     error // of a sync in the background, for the next Commit
	syncing  bool  // a sync in the background is under way
}

// position is where the log ends, the part of the state that a failed Commit goes back to.
type position struct {
	seq   uint64 // of the last record
	key   uint64 // of the last record
	kind  kind
	marks trimMark
}

// change is what a record does to the index.
type change struct {
	kind kind
	key  uint64
	at   place
}

// Open opens the store in the directory dir and makes it if it is not there, private to the user:
// mode 0700, files 0600; anything looser is refused. It fails at once with ErrLocked if another
// store has it. It needs no help after a crash: what is unfinished at the end of the log is cut
// off, damaged records are copied to a file beside it and left out, and both are told to OnDamage.
// Close it after the client.
func Open(dir string, opt Options) (*Store, error) {
	if opt.Every <= 0 {
		opt.Every = defaultEvery
	}
	if opt.SegmentSize == 0 {
		opt.SegmentSize = defaultSegment
	}
	opt.SegmentSize = max(opt.SegmentSize, leastSegment)
	if opt.FS == nil {
		f, err := OpenFS(dir)
		if err != nil {
			return nil, err
		}
		opt.FS = f
	}
	s := &Store{dir: dir, opt: opt, fs: opt.FS, index: map[uint64]place{}, stop: make(chan struct{}), loopDone: make(chan struct{})}
	s.idle = sync.NewCond(&s.mu)
	lock, err := s.fs.Lock(lockName)
	if err != nil {
		_ = s.fs.Close()
		return nil, wrap("lock", dir, err)
	}
	s.lock = lock
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	if opt.Sync == Interval {
		go s.syncLoop()
	} else {
		close(s.loopDone)
	}
	return s, nil
}

// Load calls f with every record, in ascending order of keys. value is borrowed until f returns; f
// must not call the store.
func (s *Store) Load(f func(key uint64, value []byte) error) error {
	s.use.Lock()
	defer s.use.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	var buf []byte
	for _, key := range slices.Sorted(maps.Keys(s.index)) {
		value, ok, err := s.index[key].value(buf, key)
		if err != nil {
			return err
		}
		buf = value[:0]
		if !ok {
			s.dropLocked(key)
			continue
		}
		if err := f(key, value); err != nil {
			return err
		}
	}
	return nil
}

// Commit makes the changes, in their order, and returns when they are as durable as the Sync mode
// says. After an *Error none of them counts and the store can be used on; see Error.InDoubt for the
// one exception.
func (s *Store) Commit(changes []store.Change) error {
	s.use.Lock()
	defer s.use.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readyLocked(); err != nil {
		return err
	}
	for _, c := range changes {
		if len(c.Value) > MaxValue {
			return wrap("commit", s.dir, ErrTooLong)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	before := s.beginLocked()
	err := s.appendLocked(changes)
	if err == nil && s.opt.Sync == Always {
		err = s.syncLocked()
	}
	if err != nil {
		return s.undoLocked(before, err)
	}
	s.applyLocked()
	s.maintainLocked()
	return nil
}

// readyLocked returns when the log can take records, or says why it cannot.
func (s *Store) readyLocked() error {
	if s.closed {
		return store.ErrClosed
	}
	if err := s.late; err != nil {
		s.late = nil
		return err
	}
	if s.broken != nil {
		return s.rewriteLocked()
	}
	if s.sealed || s.headLocked().size >= s.opt.SegmentSize {
		return s.rollLocked()
	}
	return nil
}

// Close syncs, marks the log as closed, and gives up the directory. The error says that what was
// committed may not be on the disk.
func (s *Store) Close() error {
	s.use.Lock()
	defer s.use.Unlock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.stop)
	err := s.finishLocked()
	s.mu.Unlock()
	<-s.loopDone
	return errors.Join(err, s.release())
}

func (s *Store) finishLocked() error {
	s.quietLocked()
	switch {
	case s.broken != nil:
		if err := s.rewriteLocked(); err != nil {
			return err
		}
	case s.log.kind == kindClose:
		return nil
	case s.sealed:
		if err := s.rollLocked(); err != nil {
			return err
		}
	case s.synced < s.log.seq:
		if err := s.syncLocked(); err != nil {
			return err
		}
	}
	before := s.beginLocked()
	s.putLocked(kindClose, 0, nil)
	err := s.flushLocked()
	if err == nil {
		err = s.syncLocked()
	}
	if err != nil {
		return s.undoLocked(before, err)
	}
	return nil
}

// release gives up files, lock and directory.
func (s *Store) release() error {
	var errs []error
	for _, g := range s.segments {
		errs = append(errs, g.file.Close())
	}
	errs = append(errs, s.lock.Close(), s.fs.Close())
	if err := errors.Join(errs...); err != nil {
		return wrap("close", s.dir, err)
	}
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Store) headLocked() *segment { return s.segments[len(s.segments)-1] }

// setLocked makes at the place of key.
func (s *Store) setLocked(key uint64, at place) {
	s.forgetLocked(key)
	s.index[key] = at
	at.seg.live++
	at.seg.bytes += at.size()
}

func (s *Store) forgetLocked(key uint64) {
	if old, ok := s.index[key]; ok {
		old.seg.live--
		old.seg.bytes -= old.size()
		delete(s.index, key)
	}
}

// dropLocked gives up a value that went bad after Open.
func (s *Store) dropLocked(key uint64) {
	at := s.index[key]
	d := Damage{Kind: Rotten, File: at.seg.name, Offset: at.off, Length: at.size(), Records: 1, Keys: []uint64{key}}
	d.Saved, _ = s.save(at.seg, d.Offset, d.Length) // a name or nothing is what Damage says
	s.forgetLocked(key)
	s.report(d)
}

func (s *Store) report(d Damage) {
	if s.opt.OnDamage != nil {
		s.opt.OnDamage(d)
	}
}

// inLogOrder is the order in which values were written.
func inLogOrder(a, b place) int {
	return cmp.Or(cmp.Compare(a.seg.header.number, b.seg.header.number), cmp.Compare(a.off, b.off))
}
