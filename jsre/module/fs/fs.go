// Package fs is the module fs: reading and writing whole files. Paths are relative to the script
// runtime's directory.
package fs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// maxFile is the most bytes that are read from one file.
const maxFile = 1 << 30

// Module is require('fs'): readString, readFile, writeFile, appendFile, exists, stat, unlink,
// mkdir, readdir; the names of Node.js that end in Sync are the same functions.
func Module() engine.Module {
	return engine.Module{Name: "fs", Load: load}
}

type files struct{ vm *engine.VM }

func load(vm *engine.VM) goja.Value {
	f := files{vm}
	o := vm.NewObject()
	for _, m := range []struct {
		name string
		call func(engine.Args) goja.Value
	}{
		{"readString", f.readString},
		{"readFile", f.readFile},
		{"writeFile", f.writeFile},
		{"appendFile", f.appendFile},
		{"exists", f.exists},
		{"stat", f.stat},
		{"unlink", f.unlink},
		{"mkdir", f.mkdir},
		{"readdir", f.readdir},
	} {
		call := func(name string) func(goja.FunctionCall) goja.Value {
			return func(c goja.FunctionCall) goja.Value { return m.call(vm.Args(name, c.Arguments)) }
		}
		vm.Export(o, m.name, call(m.name))
		if m.name != "readString" {
			vm.Export(o, m.name+"Sync", call(m.name+"Sync"))
		}
	}
	return o
}

// path is the first argument as an absolute path.
func (f files) path(a engine.Args) string {
	p := a.String(0, "path")
	if !filepath.IsAbs(p) {
		p = filepath.Join(f.vm.Options().Dir, p)
	}
	return p
}

// fail throws an error of the file system: what failed, which file, why, with the system's code.
func (f files) fail(a engine.Args, what string, err error) {
	code := "EIO"
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name, ok := codes[errno]; ok {
			code = name
		}
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	path := a.Value(0).String()
	f.vm.Throw(code, "cannot "+what+" '"+path+"': "+err.Error(), "path", path)
}

var codes = map[syscall.Errno]string{
	syscall.ENOENT: "ENOENT", syscall.EACCES: "EACCES", syscall.EPERM: "EPERM", syscall.EEXIST: "EEXIST",
	syscall.EISDIR: "EISDIR", syscall.ENOTDIR: "ENOTDIR", syscall.ENOTEMPTY: "ENOTEMPTY", syscall.ENOSPC: "ENOSPC",
	syscall.EINVAL: "EINVAL", syscall.EMFILE: "EMFILE", syscall.EROFS: "EROFS",
}

func (f files) read(a engine.Args) []byte {
	file, err := os.Open(f.path(a))
	if err != nil {
		f.fail(a, "read", err)
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		f.fail(a, "read", err)
	}
	if len(b) > maxFile {
		f.vm.ThrowRange("file '%s' is longer than %d bytes", a.Value(0).String(), maxFile)
	}
	return b
}

// readString gives a file as text.
func (f files) readString(a engine.Args) goja.Value {
	return f.decode(f.read(a), f.vm.Runtime().ToValue("utf8"))
}

// readFile gives a Buffer, or text when an encoding is named: as a string or as options.encoding.
func (f files) readFile(a engine.Args) goja.Value {
	enc := a.Value(1)
	if obj, ok := enc.(*goja.Object); ok {
		enc = f.vm.Field(obj, "encoding")
	}
	b := f.read(a)
	if !engine.Given(enc) {
		return f.vm.NewBuffer(b)
	}
	return f.decode(b, enc)
}

func (f files) decode(b []byte, enc goja.Value) goja.Value {
	text, _ := f.vm.ToFunc(f.vm.BufferPrototype().Get("toString"))
	return text.Call(f.vm.NewBuffer(b), enc)
}

func (f files) writeFile(a engine.Args) goja.Value { return f.write(a, os.O_TRUNC) }

func (f files) appendFile(a engine.Args) goja.Value { return f.write(a, os.O_APPEND) }

func (f files) write(a engine.Args, mode int) goja.Value {
	path, data := f.path(a), a.Bytes(1, "data")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o666)
	if err != nil {
		f.fail(a, "write", err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		f.fail(a, "write", err)
	}
	return goja.Undefined()
}

func (f files) exists(a engine.Args) goja.Value {
	_, err := os.Stat(f.path(a))
	return f.vm.Runtime().ToValue(err == nil)
}

func (f files) stat(a engine.Args) goja.Value {
	st, err := os.Stat(f.path(a))
	if err != nil {
		f.fail(a, "stat", err)
	}
	rt := f.vm.Runtime()
	mtime, err := rt.New(rt.Get("Date"), rt.ToValue(st.ModTime().UnixMilli()))
	if err != nil {
		panic(err)
	}
	o := f.vm.NewObject("size", st.Size(), "mode", uint32(st.Mode().Perm()), "mtimeMs", st.ModTime().UnixMilli(), "mtime", mtime)
	f.vm.Method(o, "isFile", func(goja.FunctionCall) goja.Value { return rt.ToValue(st.Mode().IsRegular()) })
	f.vm.Method(o, "isDirectory", func(goja.FunctionCall) goja.Value { return rt.ToValue(st.IsDir()) })
	return o
}

func (f files) unlink(a engine.Args) goja.Value {
	if err := os.Remove(f.path(a)); err != nil {
		f.fail(a, "remove", err)
	}
	return goja.Undefined()
}

// mkdir makes a directory; options.recursive makes those above it, too.
func (f files) mkdir(a engine.Args) goja.Value {
	create := os.Mkdir
	if opts, ok := a.Value(1).(*goja.Object); ok && f.vm.Field(opts, "recursive").ToBoolean() {
		create = os.MkdirAll
	}
	if err := create(f.path(a), 0o777); err != nil {
		f.fail(a, "make directory", err)
	}
	return goja.Undefined()
}

func (f files) readdir(a engine.Args) goja.Value {
	list, err := os.ReadDir(f.path(a))
	if err != nil {
		f.fail(a, "list", err)
	}
	names := []any{}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return f.vm.Runtime().NewArray(names...)
}
