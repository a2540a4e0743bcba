package disk

import (
	"time"

	"dunlin/mqtt/store"
)

const (
	flushSize = 256 << 10 // what buf may hold before it is written
	largeSize = 64 << 10  // values from here on are written from where they are
)

// savepoint is what undoLocked goes back to.
type savepoint struct {
	log  position
	size int64
}

func (s *Store) beginLocked() savepoint {
	s.buf, s.fresh = s.buf[:0], s.fresh[:0]
	return savepoint{s.log, s.headLocked().size}
}

func (s *Store) appendLocked(changes []store.Change) error {
	if n := s.log.marks.wanted; n > 0 {
		s.putLocked(kindTrim, n, nil)
		s.log.marks = trimMark{number: n, seq: s.log.seq}
	}
	for _, c := range changes {
		k := kindPut
		if c.Value == nil {
			k = kindRemove
		}
		if err := s.writeLocked(k, c.Key, c.Value); err != nil {
			return err
		}
	}
	return s.flushLocked()
}

// writeLocked appends a record and writes when enough has come together.
func (s *Store) writeLocked(k kind, key uint64, value []byte) error {
	if len(value) < largeSize {
		s.putLocked(k, key, value)
		if len(s.buf) < flushSize {
			return nil
		}
		return s.flushLocked()
	}
	s.headerLocked(k, key, value)
	if err := s.flushLocked(); err != nil {
		return err
	}
	if err := s.writeBytesLocked(value); err != nil {
		return err
	}
	s.buf = append(s.buf, zeros[:padding(uint32(len(value)))]...)
	return nil
}

var zeros [8]byte

func (s *Store) putLocked(k kind, key uint64, value []byte) {
	s.headerLocked(k, key, value)
	s.buf = append(s.buf, value...)
	s.buf = append(s.buf, zeros[:padding(uint32(len(value)))]...)
}

func (s *Store) headerLocked(k kind, key uint64, value []byte) {
	g := s.headLocked()
	seq := s.log.seq + 1
	r := record{
		kind: k, before: s.log.kind, length: uint32(len(value)), lag: lag(seq, s.synced),
		key: key, seq: seq, beforeKey: s.log.key, sum: valueSum(g.seed, seq, value),
	}
	off := g.size + int64(len(s.buf))
	s.buf = r.appendTo(s.buf, g.seed, off)
	s.fresh = append(s.fresh, change{k, key, place{g, off, r.length}})
	s.log.seq, s.log.key, s.log.kind = seq, key, k
}

func (s *Store) flushLocked() error {
	err := s.writeBytesLocked(s.buf)
	if cap(s.buf) > 2*flushSize {
		s.buf = nil
	}
	s.buf = s.buf[:0]
	return err
}

func (s *Store) writeBytesLocked(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	g := s.headLocked()
	if _, err := g.file.WriteAt(b, g.size); err != nil {
		return wrap("write", g.path, err)
	}
	g.size += int64(len(b))
	return nil
}

// undoLocked takes back what was written since the savepoint and returns the cause. A file that
// does not even allow that is given up for a new one.
func (s *Store) undoLocked(to savepoint, cause error) error {
	g := s.headLocked()
	s.log, g.size = to.log, to.size
	s.buf, s.fresh = s.buf[:0], s.fresh[:0]
	e := wrap("commit", g.path, cause).(*Error) //nolint:errorlint // wrap returns nothing else
	err := g.file.Truncate(to.size)
	// What was cut off must not come back behind what is written next at the same place.
	if err == nil {
		err = g.file.Sync()
	}
	if err == nil {
		return e
	}
	s.broken = err
	if s.rewriteLocked() != nil {
		e.InDoubt = true
	}
	return e
}

// applyLocked lets the records since begin count.
func (s *Store) applyLocked() {
	for _, c := range s.fresh {
		switch c.kind {
		case kindPut:
			s.setLocked(c.key, c.at)
		case kindRemove:
			s.forgetLocked(c.key)
		}
	}
	s.fresh = s.fresh[:0]
	if cap(s.fresh) > flushSize/recordSize {
		s.fresh = nil
	}
}

// syncLocked puts everything on the disk. After an error the file is not trusted any more: the
// system may have dropped what it could not write, and say yes the next time.
func (s *Store) syncLocked() error {
	s.quietLocked()
	g := s.headLocked()
	if s.broken != nil {
		return wrap("sync", g.path, s.broken)
	}
	if err := g.file.Sync(); err != nil {
		s.broken = err
		return wrap("sync", g.path, err)
	}
	s.syncedLocked(s.log.seq)
	return nil
}

// quietLocked waits for the end of a sync in the background.
func (s *Store) quietLocked() {
	for s.syncing {
		s.idle.Wait()
	}
}

func (s *Store) syncedLocked(seq uint64) {
	s.synced = max(s.synced, seq)
	s.settleLocked()
}

// syncLoop syncs in the background, without keeping Commit waiting.
func (s *Store) syncLoop() {
	defer close(s.loopDone)
	tick := time.NewTicker(s.opt.Every)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.syncInBackground()
		}
	}
}

func (s *Store) syncInBackground() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.broken != nil || s.synced >= s.log.seq {
		return
	}
	g, seq := s.headLocked(), s.log.seq
	s.syncing = true
	s.mu.Unlock()
	err := g.file.Sync()
	s.mu.Lock()
	s.syncing = false
	s.idle.Broadcast()
	if err != nil {
		s.broken, s.late = err, wrap("sync", g.path, err)
		return
	}
	s.syncedLocked(seq)
}

// rollLocked goes on in a new file. The old one is synced first, so that only the last file can
// have an unfinished end.
func (s *Store) rollLocked() error {
	if err := s.syncLocked(); err != nil {
		return err
	}
	g, err := s.createLocked()
	if err != nil {
		return err
	}
	s.segments = append(s.segments, g)
	s.sealed = false
	return nil
}

// createLocked makes the next file of the log, durable and empty.
func (s *Store) createLocked() (*segment, error) {
	h := fileHeader{format: format, salt: s.salt, number: s.next, first: s.log.seq + 1, synced: s.synced}
	s.next++
	name := logName(h.number)
	g := &segment{name: name, path: s.path(name), header: h, seed: seed(h.salt, h.number), size: dataStart, scar: -1}
	file, err := s.fs.Create(g.name)
	if err != nil {
		return nil, wrap("create", g.path, err)
	}
	g.file = file
	if err := s.startLocked(g); err != nil {
		// Should the file be found later, it says that records with its number and later ones in
		// the file before do not count: there must be none.
		s.sealed = true
		s.discardLocked(g)
		return nil, wrap("create", g.path, err)
	}
	return g, nil
}

func (s *Store) startLocked(g *segment) error {
	b := g.header.appendTo(make([]byte, 0, dataStart))
	if _, err := g.file.WriteAt(g.header.appendTo(b), 0); err != nil {
		return err
	}
	if err := g.file.Sync(); err != nil {
		return err
	}
	return s.fs.SyncDir()
}

// discardLocked removes a file that nothing needs. If that fails, the next Open does it.
func (s *Store) discardLocked(g *segment) {
	_ = g.file.Close()
	_ = s.fs.Remove(g.name)
}
