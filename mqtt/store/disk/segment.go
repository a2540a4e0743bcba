package disk

import (
	"hash/crc32"
	"io"
)

// segment is one file of the log.
type segment struct {
	name   string
	path   string // for errors
	header fileHeader
	seed   uint32
	file   File
	size   int64 // where the next record goes
	live   int   // records that have the value of their key
	bytes  int64 // what those take
	scar   int64 // offset of the damaged one of the two file headers, -1 for none
}

// place is where a value is.
type place struct {
	seg    *segment
	off    int64 // of its record
	length uint32
}

func (p place) size() int64 {
	r := record{length: p.length}
	return r.size()
}

const windowSize = 64 << 10

// window reads a file in large pieces; memory does not grow with what the file says about itself.
type window struct {
	file io.ReaderAt
	size int64 // of the file
	buf  []byte
	off  int64 // of buf in the file
}

// view returns the n bytes at off, n at most windowSize. They are valid until the next call.
func (w *window) view(off int64, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		if cap(w.buf) == 0 {
			w.buf = make([]byte, 0, min(windowSize, w.size))
		}
		w.buf = w.buf[:min(int64(cap(w.buf)), w.size-off)]
		w.off = off
		if m, err := w.file.ReadAt(w.buf, off); m < len(w.buf) {
			w.buf = w.buf[:0]
			return nil, unexpected(err)
		}
	}
	return w.buf[off-w.off:][:n], nil
}

func unexpected(err error) error {
	if err == io.EOF || err == nil { //nolint:errorlint // ReaderAt returns it as it is
		return io.ErrUnexpectedEOF
	}
	return err
}

// item is a record that a scan came upon.
type item struct {
	record
	off, end int64
	good     bool // the value is what was written
}

// scan calls visit with every record from off on whose header is right, up to the end of the file,
// until visit says false. Where there is none it looks for the next, at every place where one could
// be.
func (g *segment) scan(w *window, off int64, visit func(item) bool) error {
	for off+recordSize <= w.size {
		b, err := w.view(off, recordSize)
		if err != nil {
			return wrap("read", g.path, err)
		}
		r, ok := parseRecord(b, g.seed, off)
		if !ok || off+r.size() > w.size {
			off += 8
			continue
		}
		good, err := g.verify(w, off, &r)
		if err != nil {
			return wrap("read", g.path, err)
		}
		if !visit(item{r, off, off + r.size(), good}) {
			return nil
		}
		off += r.size()
	}
	return nil
}

// verify says whether the value of the record at off and the zeros behind it are what was written.
func (g *segment) verify(w *window, off int64, r *record) (bool, error) {
	sum := valueSum(g.seed, r.seq, nil)
	at, left := off+recordSize, int64(r.length)
	for left > 0 {
		b, err := w.view(at, int(min(left, windowSize, int64(cap(w.buf)))))
		if err != nil {
			return false, err
		}
		sum = crc32.Update(sum, castagnoli, b)
		at, left = at+int64(len(b)), left-int64(len(b))
	}
	pad, err := w.view(at, int(padding(r.length)))
	if err != nil {
		return false, err
	}
	for _, b := range pad {
		if b != 0 {
			return false, nil
		}
	}
	return sum == r.sum, nil
}

// value reads a value into buf, which is grown as needed. It says false when the bytes are not what
// was written.
func (p place) value(buf []byte, key uint64) (_ []byte, ok bool, err error) {
	n := int(p.size())
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if m, err := p.seg.file.ReadAt(buf, p.off); m < n {
		return buf, false, wrap("read", p.seg.path, unexpected(err))
	}
	r, ok := parseRecord(buf, p.seg.seed, p.off)
	value := buf[recordSize:][:p.length]
	ok = ok && r.kind == kindPut && r.key == key && r.length == p.length && valueSum(p.seg.seed, r.seq, value) == r.sum
	return value, ok, nil
}
