package disk

import (
	"cmp"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

const damagedSuffix = ".damaged"

// recover reads the log and makes it ready for more.
func (s *Store) recover() error {
	found, err := s.find()
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return s.begin()
	}
	p, err := s.plan(found)
	if err != nil {
		return err
	}
	if err := s.replay(p); err != nil {
		return err
	}
	s.reportTorn(p)
	if err := s.settle(); err != nil {
		return err
	}
	if p.rewrite {
		// The end is not cut off before: it may be what tells that the bytes which are now damaged
		// were safe.
		err := s.rewriteLocked()
		if err == nil {
			return s.remove(p.drop)
		}
		s.broken = err // of a full disk, say: it is tried again before the first Commit
	}
	return s.trimEnd(p)
}

// settle puts on the disk what an earlier process may only have handed to the system: nothing that
// Load gives may be gone later. That can be in any file, when the process ended while it gave up
// files that had failed to sync.
func (s *Store) settle() error {
	for _, g := range s.segments {
		if err := g.file.Sync(); err != nil {
			return wrap("sync", g.path, err)
		}
	}
	if err := s.fs.SyncDir(); err != nil {
		return wrap("sync", s.dir, err)
	}
	s.synced = s.log.seq
	return nil
}

func (s *Store) reportTorn(p *plan) {
	if p.torn.File == "" {
		return
	}
	if p.torn.Records > 0 {
		head := p.keep[len(p.keep)-1]
		p.torn.Saved, _ = s.save(head, p.end, head.size-p.end) // a name or nothing is what Damage says
	}
	s.report(p.torn)
}

func (s *Store) remove(list []*segment) error {
	for _, g := range list {
		_ = g.file.Close()
		if err := s.fs.Remove(g.name); err != nil {
			return wrap("remove", g.path, err)
		}
	}
	return nil
}

// begin makes the first file of a store.
func (s *Store) begin() error {
	var b [8]byte
	_, _ = crand.Read(b[:]) // never fails
	s.salt = binary.LittleEndian.Uint64(b[:])
	s.next = max(s.next, 1)
	g, err := s.createLocked()
	if err != nil {
		return err
	}
	s.segments = []*segment{g}
	return nil
}

// find opens the files of the log, oldest first.
func (s *Store) find() ([]*segment, error) {
	list, err := s.fs.List()
	if err != nil {
		return nil, wrap("list", s.dir, err)
	}
	slices.SortFunc(list, func(a, b fs.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
	var found []*segment
	for _, info := range list {
		name := info.Name()
		number, ok := parseLogName(name)
		if !ok {
			if name != lockName && !strings.HasSuffix(name, damagedSuffix) {
				s.report(Damage{Kind: Stray, File: name, Length: info.Size()})
			}
			continue
		}
		s.next = max(s.next, number+1)
		g, err := s.openSegment(name, number)
		if err != nil {
			closeAll(found)
			return nil, err
		}
		if g != nil {
			found = append(found, g)
		}
	}
	return s.ours(found), nil
}

// openSegment opens one file. It returns nil for a file that cannot be used; that has been put away
// then.
func (s *Store) openSegment(name string, number uint64) (*segment, error) {
	file, err := s.fs.Open(name)
	if err != nil {
		return nil, wrap("open", s.path(name), err)
	}
	g := &segment{name: name, path: s.path(name), file: file, scar: -1}
	b, err := g.start()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	h, ok := parseFileHeader(b)
	h2, ok2 := parseFileHeader(b[min(headerSize, len(b)):])
	switch {
	case ok && !ok2:
		g.scar = headerSize
	case ok2 && !ok:
		h, ok, g.scar = h2, true, 0
	}
	switch {
	case !ok, g.scar >= 0 && g.size <= dataStart:
		_ = file.Close()
		return nil, s.putAway(g)
	case h.format != format:
		_ = file.Close()
		return nil, wrap("open", g.path, ErrFormat)
	case h.number != number:
		_ = file.Close()
		s.report(Damage{Kind: Stray, File: name, Length: g.size})
		return nil, nil //nolint:nilnil // a file that is left alone
	}
	g.header, g.seed = h, seed(h.salt, number)
	return g, nil
}

// start reads the size and the file headers.
func (g *segment) start() ([]byte, error) {
	size, err := g.file.Size()
	if err != nil {
		return nil, wrap("open", g.path, err)
	}
	g.size = size
	b := make([]byte, min(dataStart, size))
	if n, err := g.file.ReadAt(b, 0); n < len(b) {
		return nil, wrap("read", g.path, unexpected(err))
	}
	return b, nil
}

// putAway deals with a file without a header. If there is nothing else in it, a crash came while it
// was made, before it was used.
func (s *Store) putAway(g *segment) error {
	if g.size <= dataStart {
		s.report(Damage{Kind: Torn, File: g.name, Length: max(g.size, 1)})
		if err := s.fs.Remove(g.name); err != nil {
			return wrap("remove", g.path, err)
		}
		return nil
	}
	saved := g.name + damagedSuffix
	if err := s.fs.Rename(g.name, saved); err != nil {
		return wrap("rename", g.path, err)
	}
	s.report(Damage{Kind: Rotten, File: g.name, Length: g.size, Saved: saved})
	return nil
}

// ours leaves out files of other stores: those that have not the salt that most have.
func (s *Store) ours(found []*segment) []*segment {
	count := map[uint64]int{}
	for _, g := range found {
		count[g.header.salt]++
	}
	for _, g := range found {
		if count[g.header.salt] > count[s.salt] {
			s.salt = g.header.salt
		}
	}
	return slices.DeleteFunc(found, func(g *segment) bool {
		if g.header.salt == s.salt {
			return false
		}
		_ = g.file.Close()
		s.report(Damage{Kind: Stray, File: g.name, Length: g.size})
		return true
	})
}

func closeAll(list []*segment) {
	for _, g := range list {
		_ = g.file.Close()
	}
}

// replay fills the index with what the plan keeps, and reports what is gone.
func (s *Store) replay(p *plan) error {
	s.segments = p.keep
	s.log.marks.number = p.trim
	s.log.seq = p.keep[0].header.first - 1
	for i, g := range p.keep {
		lost := loss{plan: p, store: s, seg: g, from: dataStart}
		err := g.scan(&window{file: g.file, size: g.size}, dataStart, func(it item) bool {
			return s.replayItem(p, i, &lost, it)
		})
		if err != nil {
			return err
		}
		lost.end(p.firstAfter(i))
	}
	return nil
}

// replayItem says false when the rest of the file does not count.
func (s *Store) replayItem(p *plan, i int, lost *loss, it item) bool {
	switch {
	case it.seq >= p.firstAfter(i) || it.seq > p.last:
		return false
	case it.seq <= s.log.seq:
		return true // older than what is there: no record that counts
	case !it.good:
		lost.keys = append(lost.keys, lostKey{it.seq, it.key, it.kind})
		return true
	}
	if it.seq > s.log.seq+1 {
		lost.until(it)
	}
	s.log.seq, s.log.key, s.log.kind = it.seq, it.key, it.kind
	lost.from = it.end
	switch it.kind {
	case kindPut:
		s.setLocked(it.key, place{lost.seg, it.off, it.length})
	case kindRemove:
		s.forgetLocked(it.key)
	}
	return true
}

// loss gathers what is gone between two good records of a file.
type loss struct {
	plan  *plan
	store *Store
	seg   *segment
	from  int64 // end of the last good record
	keys  []lostKey
}

type lostKey struct {
	seq, key uint64
	kind     kind
}

// until ends a loss at the next good record, which knows the key of the one before it.
func (l *loss) until(it item) {
	l.know(lostKey{it.seq - 1, it.beforeKey, it.before})
	l.tell(it.off, it.seq)
}

// end ends a loss at the end of the file; first is the number of the first record in the next.
func (l *loss) end(first uint64) {
	last := min(first-1, l.plan.last)
	if l.store.log.seq < last {
		if k := l.plan.before[last+1]; k.seq == last {
			l.know(k)
		}
		l.tell(l.seg.size, last+1)
		l.store.log.seq = last
	}
}

func (l *loss) know(k lostKey) {
	if n := len(l.keys); n == 0 || l.keys[n-1].seq != k.seq {
		l.keys = append(l.keys, k)
	}
}

func (l *loss) tell(off int64, next uint64) {
	s := l.store
	gone := int(next - s.log.seq - 1)
	d := Damage{Kind: Rotten, File: l.seg.name, Offset: l.from, Length: off - l.from, Records: gone, Unknown: gone - len(l.keys)}
	for _, k := range l.keys {
		if k.kind == kindPut || k.kind == kindRemove {
			d.Keys = append(d.Keys, k.key)
			s.forgetLocked(k.key)
		}
	}
	l.keys = nil
	saved, err := s.save(l.seg, d.Offset, d.Length)
	d.Saved = saved
	l.plan.rewrite = l.plan.rewrite || err == nil
	s.report(d)
}

// trimEnd cuts off what the plan does not keep, and has the disk know it before anything new is
// written.
func (s *Store) trimEnd(p *plan) error {
	if err := s.remove(p.drop); err != nil {
		return err
	}
	head := s.headLocked()
	if p.end == head.size && len(p.drop) == 0 {
		return nil
	}
	if err := head.file.Truncate(p.end); err != nil {
		return wrap("truncate", head.path, err)
	}
	head.size = p.end
	return s.settle()
}

// save copies damaged bytes to a file beside the log and returns its name.
func (s *Store) save(g *segment, off, length int64) (string, error) {
	if length <= 0 {
		return "", nil
	}
	name := fmt.Sprintf("%s-%x%s", strings.TrimSuffix(g.name, logSuffix), off, damagedSuffix)
	file, err := s.fs.Create(name)
	if errors.Is(err, fs.ErrExist) {
		return name, nil // from an Open that could not repair
	}
	if err != nil {
		return "", err
	}
	w := &window{file: g.file, size: g.size}
	for at := off; at < off+length && err == nil; {
		var b []byte
		if b, err = w.view(at, int(min(windowSize, off+length-at, w.size))); err == nil {
			_, err = file.WriteAt(b, at-off)
			at += int64(len(b))
		}
	}
	if err == nil {
		err = file.Sync()
	}
	_ = file.Close()
	if err != nil {
		_ = s.fs.Remove(name)
		return "", err
	}
	return name, nil
}
