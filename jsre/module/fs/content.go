package fs

import (
	"errors"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/nodeerr"
)

// maxFile is the most bytes that are read from one file.
const maxFile = 1 << 30

// openPath opens a file. Opening one that is neither a file nor a folder, such as a pipe, may wait for
// its other end: stopping the script ends that.
func (f *files) openPath(p string, flags int, mode os.FileMode) (file *os.File, err error) {
	abs := f.reach(p, writes(flags), true)
	if writes(flags) && flags&os.O_RDWR != 0 {
		f.reach(p, false, true)
	}
	st, statErr := os.Stat(abs)
	if statErr != nil || st.Mode().IsRegular() || st.IsDir() {
		return os.OpenFile(abs, flags, mode)
	}
	f.vm.Aside(func() { file, err = os.OpenFile(abs, flags, mode) })
	return file, err
}

// readAll reads to the end of a file.
func (f *files) readAll(file *os.File) ([]byte, *systemError) {
	size := int64(0)
	st, err := file.Stat()
	if err == nil {
		size = st.Size()
	}
	if size > maxFile {
		f.tooLarge(size)
	}
	var b []byte
	read := func() { b, err = io.ReadAll(io.LimitReader(file, maxFile+1)) }
	if err == nil && st.Mode().IsRegular() {
		read()
	} else {
		f.vm.Aside(read)
	}
	if len(b) > maxFile {
		f.tooLarge(int64(len(b)))
	}
	return b, failed(err, "read")
}

func (f *files) tooLarge(size int64) {
	nodeerr.Throw(f.vm, "RangeError", "ERR_FS_FILE_TOO_LARGE", "File size ("+strconv.FormatInt(size, 10)+") is greater than 1 GiB")
}

// content is what the file of argument i, a path or a descriptor, holds.
func (a call) content(i, flags int) ([]byte, *systemError) {
	f := a.f
	if goja.IsNumber(a.value(i)) && a.value(i).ToFloat() == math.Trunc(a.value(i).ToFloat()) {
		h, err := f.handle(a.value(i), "read")
		if err != nil {
			return nil, err
		}
		return f.readAll(h.file)
	}
	p := a.path(i, "path")
	file, err := f.openPath(p, flags, 0o666)
	if err != nil {
		return nil, failed(err, "open", p)
	}
	defer func() { _ = file.Close() }()
	return f.readAll(file)
}

// readFile is readFile(path[, options]).
func (f *files) readFile(a call) (any, *systemError) {
	options := a.options(1)
	encoding := f.encoding(options)
	b, err := a.content(0, f.openFlags(f.field(options, "flag"), os.O_RDONLY))
	if err != nil {
		return nil, err
	}
	return f.decode(b, encoding), nil
}

// writeFile is writeFile(file, data[, options]).
func (f *files) writeFile(a call) (any, *systemError) {
	return nil, f.put(a, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
}

// appendFile is appendFile(path, data[, options]).
func (f *files) appendFile(a call) (any, *systemError) {
	return nil, f.put(a, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
}

func (f *files) put(a call, flags int) *systemError {
	options := a.options(2)
	flags = f.openFlags(f.field(options, "flag"), flags)
	mode := f.mode(f.field(options, "mode"), "mode", 0o666)
	data := a.data(1, "data", f.encoding(options))
	if goja.IsNumber(a.value(0)) {
		h, err := f.handle(a.value(0), "write")
		if err != nil {
			return err
		}
		return h.put(f, data)
	}
	return f.store(a.path(0, "path"), data, flags, mode)
}

// store writes data to the file at a path of the script.
func (f *files) store(p string, data []byte, flags int, mode os.FileMode) *systemError {
	file, err := f.openPath(p, flags, mode)
	if err != nil {
		return failed(err, "open", p)
	}
	h := &handle{file: file}
	wrong := h.put(f, data)
	if err := file.Close(); err != nil && wrong == nil {
		wrong = failed(err, "close")
	}
	return wrong
}

// truncate is truncate(path[, length]).
func (f *files) truncate(a call) (any, *systemError) {
	p := a.path(0, "path")
	n := f.length(a.value(1))
	abs := f.reach(p, true, true)
	return nil, failed(errors.Unwrap(os.Truncate(abs, n)), "open", p)
}

// length is how long a file is to be; negative is 0.
func (f *files) length(v goja.Value) int64 {
	if goja.IsUndefined(v) {
		return 0
	}
	return max(0, nodeerr.Integer(f.vm, "len", v, -nodeerr.MaxSafe, nodeerr.MaxSafe))
}

// copyFile is copyFile(src, dest[, mode]).
func (f *files) copyFile(a call) (any, *systemError) {
	src, dest := a.path(0, "src"), a.path(1, "dest")
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if v := a.value(2); !goja.IsUndefined(v) && nodeerr.Integer(f.vm, "mode", v, 0, 7)&1 != 0 {
		flags |= os.O_EXCL
	}
	return nil, f.duplicate(src, dest, flags)
}

// duplicate copies one file with its permissions.
func (f *files) duplicate(src, dest string, flags int) *systemError {
	from, err := f.openPath(src, os.O_RDONLY, 0)
	if err != nil {
		return failed(err, "copyfile", src, dest)
	}
	defer func() { _ = from.Close() }()
	st, err := from.Stat()
	if err != nil {
		return failed(err, "copyfile", src, dest)
	}
	there, statErr := os.Stat(f.reach(dest, true, true))
	if statErr == nil && os.SameFile(st, there) {
		return nil // opening it would empty it
	}
	to, err := f.openPath(dest, flags, st.Mode().Perm())
	if err != nil {
		return failed(err, "copyfile", src, dest)
	}
	f.vm.Aside(func() { _, err = io.Copy(to, from) })
	return failed(errors.Join(err, to.Close()), "copyfile", src, dest)
}
