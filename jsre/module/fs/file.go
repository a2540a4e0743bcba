package fs

import (
	"errors"
	"io"
	"os"

	"github.com/dop251/goja"

	"dunlin/jsre/nodeerr"
)

// opened is the Go side of a File: the number of its handle.
type opened struct{ number int }

// fileClass is the class File of JSRE: what fs.open gives.
func (f *files) fileClass() *goja.Object {
	class, proto := f.vm.NewClass("File", func(c goja.ConstructorCall) *goja.Object {
		h, err := f.openArgs(f.call(goja.FunctionCall{Arguments: c.Arguments}))
		if err != nil {
			panic(f.error(err))
		}
		f.vm.SetSlot(c.This, &opened{f.add(h)})
		return nil
	})
	f.classes.fileProto = proto
	method := func(name string, do func(h *handle, a call) any) {
		f.vm.Method(proto, name, func(c goja.FunctionCall) goja.Value { return f.value(do(f.this(c.This), f.call(c))) })
	}
	f.vm.Method(proto, "close", func(c goja.FunctionCall) goja.Value {
		if o, ok := f.vm.Slot(c.This).(*opened); ok && f.open[o.number] != nil {
			_ = f.open[o.number].close()
			delete(f.open, o.number)
		}
		return goja.Undefined()
	})
	method("read", f.fileRead)
	method("write", f.fileWrite)
	method("size", func(h *handle, _ call) any { return f.info(h).Size() })
	method("tell", func(h *handle, _ call) any { return f.seek(h, 0, io.SeekCurrent) })
	method("seek", func(h *handle, a call) any {
		whence := 0
		if v := a.value(1); given(v) {
			whence = int(nodeerr.Integer(f.vm, "whence", v, 0, 2))
		}
		return f.seek(h, nodeerr.Integer(f.vm, "offset", a.value(0), -nodeerr.MaxSafe, nodeerr.MaxSafe), whence)
	})
	method("stat", func(h *handle, _ call) any { return f.plainStats(f.info(h)) })
	method("sync", func(h *handle, _ call) any {
		f.note(failed(h.file.Sync(), "fsync"))
		return nil
	})
	method("chmod", func(h *handle, a call) any { return f.note(failed(h.file.Chmod(f.neededMode(a.value(0))), "fchmod")) })
	method("chown", func(h *handle, a call) any {
		uid, gid := f.owner(call{f, append([]goja.Value{goja.Undefined()}, a.list...)})
		return f.note(failed(h.file.Chown(uid, gid), "fchown"))
	})
	method("truncate", func(h *handle, a call) any { return f.note(failed(h.file.Truncate(f.length(a.value(0))), "ftruncate")) })
	method("utimes", func(h *handle, a call) any { return f.note(failed(os.Chtimes(h.path, a.time(0), a.time(1)), "futime")) })
	method("compare", f.fileCompare)
	method("toString", f.fileText)
	return class
}

// this is the open file behind a File.
func (f *files) this(v goja.Value) *handle {
	o, ok := f.vm.Slot(v).(*opened)
	if !ok {
		nodeerr.Throw(f.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type File`)
	}
	h, ok := f.open[o.number]
	if !ok {
		panic(f.error(failed(os.ErrClosed, "read")))
	}
	return h
}

// openArgs opens (path[, flags[, mode]]).
func (f *files) openArgs(a call) (*handle, *systemError) {
	return f.openHandle(a.path(0, "path"), f.openFlags(a.value(1), os.O_RDONLY), f.mode(a.value(2), "mode", 0o666))
}

// openPlain is open(path[, flags[, mode]]): a File, undefined when it cannot be opened.
func (f *files) openPlain(a call) any {
	h, err := f.openArgs(a)
	if !f.note(err) {
		return nil
	}
	return f.newFile(h)
}

func (f *files) newFile(h *handle) *goja.Object {
	obj := f.rt.CreateObject(f.classes.fileProto)
	f.vm.SetSlot(obj, &opened{f.add(h)})
	return obj
}

func (f *files) info(h *handle) os.FileInfo {
	st, err := h.file.Stat()
	if err != nil {
		panic(f.error(failed(err, "fstat")))
	}
	return st
}

func (f *files) seek(h *handle, offset int64, whence int) int64 {
	at, err := h.file.Seek(offset, whence)
	if err != nil {
		panic(f.error(failed(err, "lseek")))
	}
	return at
}

// fileRead is read(buffer[, offset[, length[, position]]]): how many bytes were read.
func (f *files) fileRead(h *handle, a call) any {
	b, ok := f.vm.Bytes(a.value(0))
	if !ok {
		nodeerr.ArgType(f.vm, "buffer", "an instance of Buffer, TypedArray, or DataView", a.value(0))
	}
	n, wrong := h.get(f, f.part(b, a.value(1), a.value(2)), f.at(a.value(3)))
	if wrong != nil {
		panic(f.error(wrong))
	}
	return n
}

// fileWrite is write(text[, position]) or write(buffer[, offset[, length[, position]]]): how many bytes
// were written.
func (f *files) fileWrite(h *handle, a call) any {
	b, position := a.data(0, "buffer", nil), a.value(1)
	if !goja.IsString(a.value(0)) {
		b, position = f.part(b, a.value(1), a.value(2)), a.value(3)
	}
	n, wrong := h.write(f, b, f.at(position))
	if wrong != nil {
		panic(f.error(wrong))
	}
	return n
}

// span is the part of a file from argument i to the next one.
func (f *files) span(h *handle, a call, i int) *io.SectionReader {
	size := f.info(h).Size()
	from, to := int64(0), size
	if v := a.value(i); given(v) {
		from = min(nodeerr.Integer(f.vm, "start", v, 0, nodeerr.MaxSafe), size)
	}
	if v := a.value(i + 1); given(v) {
		to = min(nodeerr.Integer(f.vm, "end", v, 0, nodeerr.MaxSafe), size)
	}
	return io.NewSectionReader(h.file, from, max(0, to-from))
}

// fileCompare is compare(target[, targetStart[, targetEnd[, sourceStart[, sourceEnd]]]]): a File or a path.
func (f *files) fileCompare(h *handle, a call) any {
	var target *handle
	if _, ok := f.vm.Slot(a.value(0)).(*opened); ok {
		target = f.this(a.value(0))
	} else {
		file, err := f.openPath(a.path(0, "target"), os.O_RDONLY, 0)
		if err != nil {
			return f.note(failed(err, "open"))
		}
		defer func() { _ = file.Close() }()
		target = &handle{file: file}
	}
	return f.same(f.span(target, a, 1), f.span(h, a, 3))
}

// fileText is toString([start[, end]]): the text of the file, wherever it is read.
func (f *files) fileText(h *handle, a call) any {
	part := f.span(h, a, 0)
	if part.Size() > maxFile {
		f.tooLarge(part.Size())
	}
	b := make([]byte, part.Size())
	if _, err := io.ReadFull(part, b); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		panic(f.error(failed(err, "read")))
	}
	return f.decode(b, f.rt.ToValue("utf8"))
}
