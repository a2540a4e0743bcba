package fs

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// ofJSRE are the functions that JSRE has under their plain names. Those that only do something tell by
// true or false whether it went well, and sys.errno why not; those that give something throw.
func (f *files) ofJSRE() map[string]func(call) any {
	return map[string]func(call) any{
		"access": f.plain(f.access), "unlink": f.plain(f.unlink), "rename": f.plain(f.rename), "chmod": f.plain(f.chmod), "chown": f.plain(f.chown),
		"truncate": f.plain(f.truncate), "utimes": f.plain(f.utimes), "symlink": f.plain(f.symlink),
		"writeFile":  func(a call) any { return f.putPlain(a, os.O_WRONLY|os.O_CREATE|os.O_TRUNC) },
		"appendFile": func(a call) any { return f.putPlain(a, os.O_WRONLY|os.O_CREATE|os.O_APPEND) },
		"readFile":   f.thrown(f.readFile), "realpath": f.thrown(f.realpath), "readlink": f.thrown(f.readlink), "mkdtemp": f.thrown(f.mkdtemp),
		"readString": f.readString, "load": f.loadJSON, "store": f.storeJSON, "stat": f.statPlain, "open": f.openPlain, "mkdir": f.mkdirPlain,
		"rmdir": f.rmdirPlain, "clrdir": f.clrdir, "readdir": f.readdirPlain, "dumpdir": f.dumpdir, "walk": f.walk, "size": f.size, "copy": f.copy,
		"compare": f.compare, "sync": f.syncAll, "tmpname": f.tmpname, "tmpfile": f.tmpfile,
		"S_ISDIR": isKind(isDir), "S_ISCHR": isKind(isChar), "S_ISBLK": isKind(isBlock), "S_ISREG": isKind(isFile), "S_ISLNK": isKind(isLink),
		"S_ISFIFO": isKind(isFIFO), "S_ISSOCK": isKind(isSocket),
	}
}

func (f *files) plain(op operation) func(call) any {
	return func(a call) any {
		_, err := op(a)
		return f.note(err)
	}
}

func (f *files) thrown(op operation) func(call) any {
	return func(a call) any { return f.now(op, a) }
}

func isKind(want uint32) func(call) any {
	return func(a call) any { return uint32(a.value(0).ToInteger())&kindMask == want }
}

// putPlain is writeFile(path, text[, mode]) or writeFile(path, buffer[, offset[, length[, mode]]]), or
// with the options of Node.js.
func (f *files) putPlain(a call, flags int) bool {
	if _, ok := a.value(2).(*goja.Object); ok || goja.IsString(a.value(2)) || goja.IsNumber(a.value(0)) {
		return f.note(f.put(a, flags))
	}
	data, mode := a.data(1, "data", nil), a.value(2)
	if !goja.IsString(a.value(1)) {
		data, mode = f.part(data, a.value(2), a.value(3)), a.value(4)
	}
	return f.note(f.store(a.path(0, "path"), data, flags, f.mode(mode, "mode", 0o666)))
}

func (f *files) readString(a call) any {
	b, err := a.content(0, os.O_RDONLY)
	if err != nil {
		panic(f.error(err))
	}
	return f.decode(b, f.rt.ToValue("utf8"))
}

// loadJSON is load(path[, def]): what JSON a file holds, or def.
func (f *files) loadJSON(a call) any {
	b, err := a.content(0, os.O_RDONLY)
	if !f.note(err) {
		return a.value(1)
	}
	parse := f.vm.OriginalFunc("JSON.parse")
	var v goja.Value
	if ex := f.rt.Try(func() { v = parse.Call(goja.Undefined(), f.decode(b, f.rt.ToValue("utf8"))) }); ex != nil {
		return a.value(1)
	}
	return v
}

// storeJSON is store(path, obj).
func (f *files) storeJSON(a call) any {
	text := f.vm.OriginalFunc("JSON.stringify").Call(goja.Undefined(), a.value(1))
	if !goja.IsString(text) {
		nodeerr.ArgType(f.vm, "obj", "of type object", a.value(1))
	}
	return f.note(f.store(a.path(0, "path"), []byte(text.String()), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666))
}

// statPlain is stat(path[, followLink]): its times are milliseconds since 1970.
func (f *files) statPlain(a call) any {
	p := a.path(0, "path")
	name, stat, follow := "stat", os.Stat, true
	if v := a.value(1); !goja.IsUndefined(v) && !v.ToBoolean() {
		name, stat, follow = "lstat", os.Lstat, false
	}
	st, err := stat(f.reach(p, false, follow))
	if err != nil {
		panic(f.error(failed(err, name, p)))
	}
	return f.plainStats(st)
}

func (f *files) plainStats(st os.FileInfo) *goja.Object {
	o := f.stats(st)
	for _, name := range []string{"atime", "mtime", "ctime"} {
		_ = o.Set(name, f.rt.ToValue(math.Floor(o.Get(name+"Ms").ToFloat())))
	}
	_ = o.Set("dev", o.Get("dev").String())
	return o
}

func (f *files) mkdirPlain(a call) any {
	mode, recursive := a.value(1), a.value(2).ToBoolean()
	if o, ok := mode.(*goja.Object); ok { // the options of Node.js
		mode, recursive = f.field(o, "mode"), f.flag(o, "recursive")
	}
	p := a.path(0, "path")
	abs := f.reach(p, true, true)
	if _, err := os.Stat(abs); err == nil {
		return f.note(failed(os.ErrExist, "mkdir", p))
	}
	create := os.Mkdir
	if recursive {
		create = os.MkdirAll
	}
	return f.note(failed(create(abs, f.mode(mode, "mode", 0o777)), "mkdir", p))
}

// rmdirPlain is rmdir(path[, recursion[, ignoreError]]).
func (f *files) rmdirPlain(a call) any {
	p := a.path(0, "path")
	recursive := a.value(1)
	if o, ok := recursive.(*goja.Object); ok {
		recursive = f.field(o, "recursive")
	}
	abs := f.reach(p, true, false)
	if recursive.ToBoolean() {
		if st, err := os.Lstat(abs); err != nil || st.IsDir() {
			if err == nil {
				err = os.RemoveAll(abs)
			}
			return f.note(failed(err, "rmdir", p))
		}
	}
	return f.note(failed(f.removeFolder(abs), "rmdir", p))
}

// clrdir is clrdir(path[, recursion[, ignoreError]]): it empties a folder, and throws at the first
// entry that cannot go unless ignoreError is set.
func (f *files) clrdir(a call) any {
	p := a.path(0, "path")
	abs := f.reach(p, true, true)
	entries, err := os.ReadDir(abs)
	if err != nil {
		return f.note(failed(err, "scandir", p))
	}
	all := true
	for _, e := range entries {
		remove := f.removeFile
		if e.IsDir() && a.value(1).ToBoolean() {
			remove = os.RemoveAll
		}
		wrong := failed(remove(filepath.Join(abs, e.Name())), "unlink", filepath.Join(p, e.Name()))
		if wrong != nil && !a.value(2).ToBoolean() {
			panic(f.error(wrong))
		}
		all = f.note(wrong) && all
	}
	return all
}

// entry is what JSRE tells of something in a folder.
func (f *files) entry(e os.DirEntry) *goja.Object {
	return f.vm.NewObject("name", e.Name(), "type", kind(e.Type())>>12)
}

// readdirPlain is readdir(path, func, ...args): it calls func for each entry. Without a function it
// gives the names, as readdirSync.
func (f *files) readdirPlain(a call) any {
	each, ok := f.vm.ToFunc(a.value(1))
	if !ok {
		return f.now(f.readdir, a)
	}
	return f.note(f.list(a.path(0, "path"), false, func(_ string, e os.DirEntry) {
		each.Call(goja.Undefined(), append([]goja.Value{f.entry(e)}, a.list[2:]...)...)
	}))
}

func (f *files) dumpdir(a call) any {
	out := []any{}
	if wrong := f.list(a.path(0, "path"), false, func(_ string, e os.DirEntry) { out = append(out, f.entry(e)) }); wrong != nil {
		panic(f.error(wrong))
	}
	return f.rt.NewArray(out...)
}

// walk is walk(path, func, ...args): it calls func for each file below a folder. The entry also has the
// path of the folder that it is in.
func (f *files) walk(a call) any {
	p := a.path(0, "path")
	each := nodeerr.Func(f.vm, "func", a.value(1))
	wrong := f.list(p, true, func(folder string, e os.DirEntry) {
		if e.IsDir() {
			return
		}
		entry := f.entry(e)
		_ = entry.Set("path", folder)
		each.Call(goja.Undefined(), append([]goja.Value{entry}, a.list[2:]...)...)
	})
	if wrong != nil {
		panic(f.error(wrong))
	}
	return nil
}

// size is size(path): of a file, or of all files below a folder; 0 for what is not there.
func (f *files) size(a call) any {
	p := a.path(0, "path")
	st, err := os.Stat(f.reach(p, false, true))
	if err != nil {
		return 0
	}
	if !st.IsDir() {
		return st.Size()
	}
	total := int64(0)
	f.note(f.list(p, true, func(_ string, e os.DirEntry) {
		if i, err := e.Info(); err == nil && i.Mode().IsRegular() {
			total += i.Size()
		}
	}))
	return total
}

// copy is copy(destPath, srcPath[, cover]): a file or a folder. Without cover nothing that is there is
// written over.
func (f *files) copy(a call) any {
	dest, src := a.path(0, "destPath"), a.path(1, "srcPath")
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if !a.value(2).ToBoolean() {
		flags |= os.O_EXCL
	}
	from, to := f.reach(src, false, true), f.reach(dest, true, true)
	if st, err := os.Stat(from); err == nil && st.IsDir() && inside(from, to) {
		return f.note(failed(os.ErrInvalid, "cp", src, dest))
	}
	return f.note(f.copyTree(src, dest, flags, false))
}

// compare is compare(path1, path2): whether two files hold the same.
func (f *files) compare(a call) any {
	one, err := f.openPath(a.path(0, "path1"), os.O_RDONLY, 0)
	if err != nil {
		return f.note(failed(err, "open"))
	}
	defer func() { _ = one.Close() }()
	two, err := f.openPath(a.path(1, "path2"), os.O_RDONLY, 0)
	if err != nil {
		return f.note(failed(err, "open"))
	}
	defer func() { _ = two.Close() }()
	return f.same(one, two)
}

// same reports whether two readers give the same bytes.
func (f *files) same(one, two io.Reader) bool {
	var a, b [64 << 10]byte
	for {
		n, err1 := io.ReadFull(one, a[:])
		m, err2 := io.ReadFull(two, b[:])
		if n != m || !bytes.Equal(a[:n], b[:m]) {
			return false
		}
		if err1 != nil || err2 != nil {
			return (err1 == io.EOF || err1 == io.ErrUnexpectedEOF) && (err2 == io.EOF || err2 == io.ErrUnexpectedEOF)
		}
		f.vm.CheckStop()
	}
}

// syncAll has all that the script's open files hold written to the disk.
func (f *files) syncAll(call) any {
	for _, h := range f.open {
		_ = h.file.Sync()
	}
	return nil
}

// tmpname is tmpname([prefix[, ext]]): the path of a file that is not there yet.
func (f *files) tmpname(a call) any {
	text := func(i int, name string) string {
		if !engine.Given(a.value(i)) {
			return ""
		}
		return a.needText(i, name)
	}
	prefix, ext := text(0, "prefix"), text(1, "ext")
	for {
		p := filepath.Join(os.TempDir(), filepath.Base("/"+prefix+random()+strconv.Itoa(os.Getpid())+ext))
		if _, err := os.Lstat(p); err != nil {
			return p
		}
	}
}

// tmpfile is tmpfile([prefix[, ext]]): an open file that goes with its closing.
func (f *files) tmpfile(a call) any {
	p, _ := f.tmpname(a).(string)
	h, err := f.openHandle(p, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if !f.note(err) {
		return nil
	}
	h.remove = true
	return f.newFile(h)
}
