package disk

import (
	"slices"
)

// The log is cleaned from its old end: the live values of the oldest file are written again at the
// new end, a few at each Commit, and when they are on the disk a record says that the file is given
// up, and when that record is on the disk too, the file is removed. A crash at any moment leaves
// values twice or a file that is given up, which is no harm. A removal in the file needs no copy:
// all it removed was in this file or in older ones.

// trimMark is the state of giving up old files.
type trimMark struct {
	wanted uint64 // files below this number can be given up: the next Commit says so; 0 for none
	number uint64 // files below this number are given up ...
	seq    uint64 // ... by the record with this sequence number, which is not yet safe; 0 for none
}

// cleaning is the state of writing again the live values of the oldest file.
type cleaning struct {
	done   uint64 // number of the last file that was gone through
	of     uint64 // number of the file that is gone through, 0 for none
	cursor int64
	moves  []move // copies that are not yet safe
}

// move is a copy of a live value. It counts once it is on the disk.
type move struct {
	key, seq uint64
	from, to place
}

const (
	cleanStep = 256 << 10 // bytes gone through at each Commit
	leastDead = 1 << 20
)

// settleLocked does what waited for a sync.
func (s *Store) settleLocked() {
	m := s.clean.moves
	n := 0
	for ; n < len(m) && m[n].seq <= s.synced; n++ {
		if s.index[m[n].key] == m[n].from {
			s.setLocked(m[n].key, m[n].to)
		}
	}
	s.clean.moves = slices.Delete(m, 0, n)
	if t := s.log.marks; t.seq > 0 && t.seq <= s.synced {
		s.log.marks.seq = 0
		s.removeBelowLocked(t.number)
	}
}

// removeBelowLocked removes the oldest files.
func (s *Store) removeBelowLocked(number uint64) {
	for len(s.segments) > 1 && s.segments[0].header.number < number {
		s.discardLocked(s.segments[0])
		s.segments = slices.Delete(s.segments, 0, 1)
	}
}

// maintainLocked keeps the log small. Its errors are no concern of the Commit that succeeded: what
// fails here is tried again, or the next Commit fails by it.
func (s *Store) maintainLocked() {
	if s.wastefulLocked() {
		before := s.beginLocked()
		moves := len(s.clean.moves)
		state := s.clean
		if err := s.cleanLocked(); err != nil {
			s.clean = state
			s.clean.moves = s.clean.moves[:moves]
			_ = s.undoLocked(before, err)
			return
		}
	}
	if s.opt.Sync == Never && s.clean.of == 0 && (len(s.clean.moves) > 0 || s.log.marks.seq > 0) && s.syncLocked() != nil {
		return
	}
	s.wantTrimLocked()
}

// wantTrimLocked has the next Commit give up the oldest files when nothing in them lives.
func (s *Store) wantTrimLocked() {
	n := 0
	for n < len(s.segments)-1 && s.segments[n].live == 0 {
		n++
	}
	if first := s.segments[n].header.number; n > 0 && first > s.log.marks.number && s.log.marks.seq == 0 {
		s.log.marks.wanted = first
	}
}

// wastefulLocked says whether a step of cleaning is due, and chooses the file.
func (s *Store) wastefulLocked() bool {
	if s.clean.of > 0 {
		return true
	}
	var size, live int64
	for _, g := range s.segments {
		size += g.size
		live += g.bytes
	}
	if dead := size - live; dead <= max(min(leastDead, s.opt.SegmentSize/4), 2*live) {
		return false
	}
	oldest := s.segments[0]
	if oldest.header.number <= s.clean.done || oldest.live == 0 && len(s.segments) > 1 {
		return false
	}
	if len(s.segments) == 1 && s.rollLocked() != nil {
		return false
	}
	s.clean.of, s.clean.cursor = oldest.header.number, dataStart
	return true
}

// cleanLocked goes through a piece of the oldest file.
func (s *Store) cleanLocked() error {
	g := s.segments[0]
	if g.header.number != s.clean.of {
		s.clean.of = 0
		return nil
	}
	w := &window{file: g.file, size: g.size}
	start := s.clean.cursor
	var failed error
	err := g.scan(w, start, func(it item) bool {
		failed = s.copyLocked(g, it)
		s.clean.cursor = it.end
		return failed == nil && it.end-start < cleanStep
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = s.flushLocked()
	}
	if err == nil && s.clean.cursor-start < cleanStep {
		s.clean.done, s.clean.of = s.clean.of, 0
	}
	s.fresh = s.fresh[:0]
	return err
}

// copyLocked writes the record again if it has the value of its key.
func (s *Store) copyLocked(g *segment, it item) error {
	at := place{g, it.off, it.length}
	if it.kind != kindPut || s.index[it.key] != at {
		return nil
	}
	value, ok, err := at.value(s.scratch, it.key)
	if err != nil {
		return err
	}
	s.scratch = value[:0]
	if !ok {
		s.dropLocked(it.key)
		return nil
	}
	if err := s.writeLocked(kindPut, it.key, value); err != nil {
		return err
	}
	s.clean.moves = append(s.clean.moves, move{it.key, s.log.seq, at, s.fresh[len(s.fresh)-1].at})
	return nil
}

// rewriteLocked writes all live values into new files and gives up the old ones, whatever is in
// them. On an error all is as before, and the store stays broken.
func (s *Store) rewriteLocked() error {
	s.quietLocked()
	keys, places := s.placesLocked()
	old, log := s.segments, s.log
	moved, err := s.copyAllLocked(keys, places)
	if err != nil {
		for _, g := range s.segments[len(old):] {
			s.discardLocked(g)
		}
		s.segments, s.log = old, log
		return err
	}
	for _, g := range old {
		s.discardLocked(g)
	}
	s.segments = slices.Clone(s.segments[len(old):])
	s.broken, s.clean = nil, cleaning{}
	s.log.marks = trimMark{number: s.segments[0].header.number}
	for key, at := range moved {
		s.setLocked(key, at)
	}
	s.synced = s.log.seq
	return nil
}

// placesLocked returns the live values in the order in which they were written.
func (s *Store) placesLocked() ([]uint64, []place) {
	keys := make([]uint64, 0, len(s.index))
	for key := range s.index {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b uint64) int { return inLogOrder(s.index[a], s.index[b]) })
	places := make([]place, len(keys))
	for i, key := range keys {
		places[i] = s.index[key]
	}
	return keys, places
}

func (s *Store) copyAllLocked(keys []uint64, places []place) (map[uint64]place, error) {
	if err := s.extendLocked(); err != nil {
		return nil, err
	}
	first := s.headLocked().header.number
	moved := make(map[uint64]place, len(keys))
	s.buf = s.buf[:0]
	var buf []byte
	for i, key := range keys {
		if s.headLocked().size+int64(len(s.buf)) >= s.opt.SegmentSize {
			if err := s.finishFileLocked(); err != nil {
				return nil, err
			}
		}
		value, ok, err := places[i].value(buf, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			s.dropLocked(key)
			continue
		}
		buf = value[:0]
		s.fresh = s.fresh[:0]
		if err := s.writeLocked(kindPut, key, value); err != nil {
			return nil, err
		}
		moved[key] = s.fresh[0].at
	}
	s.putLocked(kindTrim, first, nil)
	s.fresh = s.fresh[:0]
	return moved, s.flushAndSyncLocked()
}

func (s *Store) finishFileLocked() error {
	if err := s.flushAndSyncLocked(); err != nil {
		return err
	}
	return s.extendLocked()
}

func (s *Store) flushAndSyncLocked() error {
	if err := s.flushLocked(); err != nil {
		return err
	}
	g := s.headLocked()
	if err := g.file.Sync(); err != nil {
		return wrap("sync", g.path, err)
	}
	return nil
}

func (s *Store) extendLocked() error {
	g, err := s.createLocked()
	if err != nil {
		return err
	}
	s.segments = append(s.segments[:len(s.segments):len(s.segments)], g)
	return nil
}
