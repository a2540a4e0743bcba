package fs

import (
	"errors"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/module/buffer"
	"dunlin/jsre/nodeerr"
)

// handle is an open file.
type handle struct {
	file   *os.File
	path   string
	out    io.Writer // for standard output and standard error, which are the host's
	append bool      // it was opened for appending: no place can be named in writing
	remove bool      // it is removed with its closing
}

// maxOpen is how many files a script may have open.
const maxOpen = 10000

// add gives a handle a number.
func (f *files) add(h *handle) int {
	n := f.next
	f.next++
	f.open[n] = h
	return n
}

func (f *files) closeAll() {
	for n := range f.open {
		_ = f.open[n].close()
	}
}

func (h *handle) close() error {
	err := h.file.Close()
	if h.remove {
		err = errors.Join(err, os.Remove(h.path))
	}
	return err
}

// handle is the open file of a number.
func (f *files) handle(v goja.Value, call string) (*handle, *systemError) {
	n := int(nodeerr.Integer(f.vm, "fd", v, 0, math.MaxInt32))
	switch h, ok := f.open[n]; {
	case ok:
		return h, nil
	case n == 0:
		f.vm.CheckRead("/dev/stdin")
		return &handle{file: os.Stdin}, nil
	case n == 1:
		return &handle{out: f.vm.Options().Stdout}, nil
	case n == 2:
		return &handle{out: f.vm.Options().Stderr}, nil
	}
	return nil, failed(os.ErrClosed, call)
}

// file is the open file of a number that is not one of the standard streams.
func (f *files) file(v goja.Value, call string) (*os.File, *systemError) {
	h, err := f.handle(v, call)
	if err == nil && h.file == nil {
		err = failed(os.ErrInvalid, call)
	}
	if err != nil {
		return nil, err
	}
	return h.file, nil
}

// openDescriptor is open(path[, flags[, mode]]).
func (f *files) openDescriptor(a call) (any, *systemError) {
	p := a.path(0, "path")
	h, err := f.openHandle(p, f.openFlags(a.value(1), os.O_RDONLY), f.mode(a.value(2), "mode", 0o666))
	if err != nil {
		return nil, err
	}
	return f.add(h), nil
}

func (f *files) openHandle(p string, flags int, mode os.FileMode) (*handle, *systemError) {
	if len(f.open) >= maxOpen {
		nodeerr.Throw(f.vm, "Error", "EMFILE", "EMFILE: too many open files, open '"+p+"'")
	}
	file, err := f.openPath(p, flags, mode)
	if err != nil {
		return nil, failed(err, "open", p)
	}
	return &handle{file: file, path: file.Name(), append: flags&os.O_APPEND != 0}, nil
}

func (f *files) closeDescriptor(a call) (any, *systemError) {
	n := int(nodeerr.Integer(f.vm, "fd", a.value(0), 0, math.MaxInt32))
	h, ok := f.open[n]
	if !ok && n > 2 {
		return nil, failed(os.ErrClosed, "close")
	}
	delete(f.open, n)
	if !ok {
		return nil, nil // the standard streams are the host's
	}
	return nil, failed(h.close(), "close")
}

// at is where to read or write; below zero for wherever the file is.
func (f *files) at(v goja.Value) int64 {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return -1
	}
	if goja.IsBigInt(v) {
		return v.ToInteger()
	}
	return nodeerr.Integer(f.vm, "position", v, -1, nodeerr.MaxSafe)
}

// get reads into b.
func (h *handle) get(f *files, b []byte, at int64) (n int, wrong *systemError) {
	if h.file == nil {
		return 0, failed(os.ErrInvalid, "read")
	}
	var err error
	f.vm.Aside(func() {
		if at >= 0 {
			n, err = h.file.ReadAt(b, at)
		} else {
			n, err = h.file.Read(b)
		}
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, failed(err, "read")
}

// put writes all of b where the file is.
func (h *handle) put(f *files, b []byte) *systemError {
	_, err := h.write(f, b, -1)
	return err
}

func (h *handle) write(f *files, b []byte, at int64) (n int, wrong *systemError) {
	var err error
	switch {
	case h.out != nil:
		n, err = h.out.Write(b)
	case at >= 0 && !h.append:
		n, err = h.file.WriteAt(b, at)
	default:
		f.vm.Aside(func() { n, err = h.file.Write(b) })
	}
	return n, failed(err, "write")
}

// part is the bytes offset..offset+length of a buffer; both may be left out.
func (f *files) part(b []byte, offset, length goja.Value) []byte {
	if given(offset) {
		b = b[f.below("offset", offset, len(b)):]
	}
	if given(length) {
		b = b[:f.below("length", length, len(b))]
	}
	return b
}

// below is a whole number from 0 to most.
func (f *files) below(name string, v goja.Value, most int) int {
	n := nodeerr.Integer(f.vm, name, v, 0, nodeerr.MaxSafe)
	if n > int64(most) {
		nodeerr.OutOfRange(f.vm, name, "<= "+strconv.Itoa(most), v)
	}
	return int(n)
}

// read is read(fd, buffer[, offset[, length[, position]]]) or read(fd, buffer, options).
func (f *files) read(a call) (any, *systemError) {
	h, wrong := f.handle(a.value(0), "read")
	if wrong != nil {
		return nil, wrong
	}
	b, ok := f.vm.Bytes(a.value(1))
	if !ok || f.vm.IsArrayBuffer(a.value(1)) {
		nodeerr.ArgType(f.vm, "buffer", "an instance of Buffer, TypedArray, or DataView", a.value(1))
	}
	offset, length, position := f.places(a, 2)
	b = f.part(b, offset, length)
	if len(b) == 0 {
		return 0, nil
	}
	n, wrong := h.get(f, b, f.at(position))
	return n, wrong
}

// places are offset, length and position, from argument i on or as members of it.
func (f *files) places(a call, i int) (offset, length, position goja.Value) {
	if o, ok := a.value(i).(*goja.Object); ok {
		return f.field(o, "offset"), f.field(o, "length"), f.field(o, "position")
	}
	return a.value(i), a.value(i + 1), a.value(i + 2)
}

// write is write(fd, buffer[, offset[, length[, position]]]) or write(fd, string[, position[, encoding]]).
func (f *files) write(a call) (any, *systemError) {
	h, wrong := f.handle(a.value(0), "write")
	if wrong != nil {
		return nil, wrong
	}
	if s, ok := a.value(1).(goja.String); ok {
		n, wrong := h.write(f, buffer.Encode(f.vm, s, a.value(3)), f.at(a.value(2)))
		return n, wrong
	}
	b := a.data(1, "buffer", nil)
	offset, length, position := f.places(a, 2)
	n, wrong := h.write(f, f.part(b, offset, length), f.at(position))
	return n, wrong
}

// buffers are the buffers of argument 1 of readv and writev.
func (f *files) buffers(a call) (out [][]byte) {
	list, ok := a.value(1).(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		nodeerr.ArgType(f.vm, "buffers", "an instance of ArrayBufferView[]", a.value(1))
	}
	for i := range int(list.Get("length").ToInteger()) {
		b, ok := f.vm.Bytes(list.Get(strconv.Itoa(i)))
		if !ok {
			nodeerr.ArgType(f.vm, "buffers", "an instance of ArrayBufferView[]", a.value(1))
		}
		out = append(out, b)
	}
	return out
}

func (f *files) readv(a call) (any, *systemError) {
	return f.each(a, "read", func(h *handle, b []byte, at int64) (int, *systemError) { return h.get(f, b, at) })
}

func (f *files) writev(a call) (any, *systemError) {
	return f.each(a, "write", func(h *handle, b []byte, at int64) (int, *systemError) { return h.write(f, b, at) })
}

// each does something with one buffer after the other, as long as they are filled or emptied whole.
func (f *files) each(a call, call string, do func(*handle, []byte, int64) (int, *systemError)) (any, *systemError) {
	h, wrong := f.handle(a.value(0), call)
	if wrong != nil {
		return nil, wrong
	}
	at, total := f.at(a.value(2)), 0
	for _, b := range f.buffers(a) {
		n, wrong := do(h, b, at)
		if wrong != nil {
			return nil, wrong
		}
		total += n
		if at >= 0 {
			at += int64(n)
		}
		if n < len(b) {
			break
		}
	}
	return total, nil
}

func (f *files) fsync(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "fsync")
	if wrong != nil {
		return nil, wrong
	}
	return nil, failed(file.Sync(), "fsync")
}

func (f *files) ftruncate(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "ftruncate")
	if wrong != nil {
		return nil, wrong
	}
	return nil, failed(file.Truncate(f.length(a.value(1))), "ftruncate")
}
