package fs

import (
	"errors"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// The bits of a mode that tell what kind of file it is, and the numbers of kinds in a folder.
const (
	kindMask = 0o170000
	isFIFO   = 0o010000
	isChar   = 0o020000
	isDir    = 0o040000
	isBlock  = 0o060000
	isFile   = 0o100000
	isLink   = 0o120000
	isSocket = 0o140000
)

// kind is the kind of a file as a system's mode has it.
func kind(mode os.FileMode) uint32 {
	switch {
	case mode.IsRegular():
		return isFile
	case mode.IsDir():
		return isDir
	case mode&os.ModeSymlink != 0:
		return isLink
	case mode&os.ModeNamedPipe != 0:
		return isFIFO
	case mode&os.ModeSocket != 0:
		return isSocket
	case mode&os.ModeCharDevice != 0:
		return isChar
	case mode&os.ModeDevice != 0:
		return isBlock
	}
	return 0
}

// bits is a mode as the system writes it.
func bits(mode os.FileMode) uint32 {
	out := kind(mode) | uint32(mode.Perm())
	for special, bit := range map[os.FileMode]uint32{os.ModeSetuid: 0o4000, os.ModeSetgid: 0o2000, os.ModeSticky: 0o1000} {
		if mode&special != 0 {
			out |= bit
		}
	}
	return out
}

// tests are the methods that ask for a kind of file.
func tests() map[string]uint32 {
	return map[string]uint32{
		"isFile": isFile, "isDirectory": isDir, "isSymbolicLink": isLink, "isFIFO": isFIFO,
		"isSocket": isSocket, "isCharacterDevice": isChar, "isBlockDevice": isBlock,
	}
}

// classes are what stat and readdir give.
type classes struct {
	stats, dirent           *goja.Object
	statsProto, direntProto *goja.Object
	fileProto               *goja.Object
	kind                    *goja.Symbol // of a Dirent
}

func (f *files) newClasses() *classes {
	c := &classes{kind: goja.NewSymbol("type")}
	none := func(goja.ConstructorCall) *goja.Object { return nil }
	c.stats, c.statsProto = f.vm.NewClass("Stats", none)
	c.dirent, c.direntProto = f.vm.NewClass("Dirent", none)
	for name, want := range tests() {
		f.vm.Method(c.statsProto, name, func(call goja.FunctionCall) goja.Value {
			mode := call.This.ToObject(f.rt).Get("mode")
			return f.rt.ToValue(mode != nil && uint32(mode.ToInteger())&kindMask == want)
		})
		f.vm.Method(c.direntProto, name, func(call goja.FunctionCall) goja.Value {
			kind := call.This.ToObject(f.rt).GetSymbol(c.kind)
			return f.rt.ToValue(kind != nil && uint32(kind.ToInteger())<<12 == want)
		})
	}
	return c
}

// info is what the system knows of a file.
type info struct {
	dev, ino, nlink, uid, gid, rdev, blksize, blocks float64
	access, change, birth                            time.Time
}

// stats is the Stats of Node.js.
func (f *files) stats(st os.FileInfo) *goja.Object {
	i := details(st)
	o := f.rt.CreateObject(f.classes.statsProto)
	for _, m := range []struct {
		name  string
		value float64
	}{
		{"dev", i.dev},
		{"mode", float64(bits(st.Mode()))},
		{"nlink", i.nlink},
		{"uid", i.uid},
		{"gid", i.gid},
		{"rdev", i.rdev},
		{"blksize", i.blksize},
		{"ino", i.ino},
		{"size", float64(st.Size())},
		{"blocks", i.blocks},
		{"atimeMs", milliseconds(i.access)},
		{"mtimeMs", milliseconds(st.ModTime())},
		{"ctimeMs", milliseconds(i.change)},
		{"birthtimeMs", milliseconds(i.birth)},
	} {
		_ = o.Set(m.name, f.rt.ToValue(m.value))
	}
	for name, t := range map[string]time.Time{"atime": i.access, "mtime": st.ModTime(), "ctime": i.change, "birthtime": i.birth} {
		_ = o.Set(name, f.date(t))
	}
	return o
}

func milliseconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e6 }

func (f *files) date(t time.Time) goja.Value {
	d, err := f.rt.New(f.vm.Original("Date"), f.rt.ToValue(math.Round(milliseconds(t))))
	if err != nil {
		panic(err)
	}
	return d
}

func (f *files) stat(a call) (any, *systemError)  { return f.look(a, "stat", os.Stat, true) }
func (f *files) lstat(a call) (any, *systemError) { return f.look(a, "lstat", os.Lstat, false) }

func (f *files) look(a call, name string, stat func(string) (os.FileInfo, error), follow bool) (any, *systemError) {
	p := a.path(0, "path")
	options := a.options(1)
	st, err := stat(f.reach(p, false, follow))
	if err == nil {
		return f.stats(st), nil
	}
	must := f.field(options, "throwIfNoEntry")
	if (errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) && !goja.IsUndefined(must) && !must.ToBoolean() {
		return nil, nil
	}
	return nil, failed(err, name, p)
}

func (f *files) fstat(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "fstat")
	if wrong != nil {
		return nil, wrong
	}
	st, err := file.Stat()
	if err != nil {
		return nil, failed(err, "fstat")
	}
	return f.stats(st), nil
}

// access is access(path[, mode]).
func (f *files) access(a call) (any, *systemError) {
	p := a.path(0, "path")
	mode := int64(0)
	if v := a.value(1); given(v) {
		if !goja.IsNumber(v) {
			nodeerr.Throw(f.vm, "TypeError", "ERR_INVALID_ARG_TYPE", "mode must be int32 or null/undefined")
		}
		if m := v.ToFloat(); m < 0 || m > 7 {
			nodeerr.Throw(f.vm, "RangeError", "ERR_OUT_OF_RANGE", "mode is out of range: >= 0 && <= 7")
		}
		mode = v.ToInteger()
	}
	return nil, failed(accessible(f.reach(p, false, true), uint32(mode)), "access", p)
}

// exists adds exists and existsSync, which know no errors.
func (f *files) exists(o *goja.Object) {
	there := func(a call) bool {
		v := a.value(0)
		_, bytes := f.vm.Bytes(v)
		obj, isObject := v.(*goja.Object)
		if !goja.IsString(v) && !bytes && !(isObject && f.isURL(obj)) {
			return false
		}
		var p string
		if ex := f.rt.Try(func() { p = a.path(0, "path") }); ex != nil {
			return false
		}
		_, err := os.Stat(f.reach(p, false, true))
		return err == nil
	}
	f.vm.Export(o, "existsSync", func(c goja.FunctionCall) goja.Value { return f.rt.ToValue(there(f.call(c))) })
	f.vm.Export(o, "exists", func(c goja.FunctionCall) goja.Value {
		a := f.call(c)
		result := f.rt.ToValue(there(a))
		callback, ok := f.vm.ToFunc(a.value(1))
		if !ok {
			return result
		}
		f.vm.Loop().Reserve()(func() { callback.Call(goja.Undefined(), result) })
		return goja.Undefined()
	})
}

func (f *files) chmod(a call) (any, *systemError) {
	p := a.path(0, "path")
	mode := f.neededMode(a.value(1))
	return nil, failed(os.Chmod(f.reach(p, true, true), mode), "chmod", p)
}

// neededMode is a mode that must be given.
func (f *files) neededMode(v goja.Value) os.FileMode {
	if !goja.IsString(v) && !goja.IsNumber(v) {
		nodeerr.ArgType(f.vm, "mode", "of type number", v)
	}
	return f.mode(v, "mode", 0)
}

func (f *files) fchmod(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "fchmod")
	if wrong != nil {
		return nil, wrong
	}
	return nil, failed(file.Chmod(f.neededMode(a.value(1))), "fchmod")
}

// owner is arguments 1 and 2: the numbers of a user and a group.
func (f *files) owner(a call) (uid, gid int) {
	id := func(i int, name string) int {
		n := nodeerr.Integer(f.vm, name, a.value(i), -1, math.MaxUint32)
		if n == math.MaxUint32 {
			n = -1
		}
		return int(n)
	}
	return id(1, "uid"), id(2, "gid")
}

func (f *files) chown(a call) (any, *systemError) {
	p := a.path(0, "path")
	uid, gid := f.owner(a)
	return nil, failed(os.Chown(f.reach(p, true, true), uid, gid), "chown", p)
}

func (f *files) lchown(a call) (any, *systemError) {
	p := a.path(0, "path")
	uid, gid := f.owner(a)
	return nil, failed(os.Lchown(f.reach(p, true, false), uid, gid), "lchown", p)
}

func (f *files) fchown(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "fchown")
	if wrong != nil {
		return nil, wrong
	}
	uid, gid := f.owner(a)
	return nil, failed(file.Chown(uid, gid), "fchown")
}

func (f *files) utimes(a call) (any, *systemError) {
	p := a.path(0, "path")
	access, change := a.time(1), a.time(2)
	return nil, failed(os.Chtimes(f.reach(p, true, true), access, change), "utime", p)
}

func (f *files) futimes(a call) (any, *systemError) {
	file, wrong := f.file(a.value(0), "futime")
	if wrong != nil {
		return nil, wrong
	}
	return nil, failed(os.Chtimes(file.Name(), a.time(1), a.time(2)), "futime")
}

// constants adds the numbers that scripts name.
func (f *files) constants(o *goja.Object) *goja.Object {
	c := f.vm.NewObject("F_OK", 0, "R_OK", 4, "W_OK", 2, "X_OK", 1, "COPYFILE_EXCL", 1, "COPYFILE_FICLONE", 2, "COPYFILE_FICLONE_FORCE", 4,
		"UV_FS_COPYFILE_EXCL", 1, "O_RDONLY", os.O_RDONLY, "O_WRONLY", os.O_WRONLY, "O_RDWR", os.O_RDWR, "O_CREAT", os.O_CREATE, "O_EXCL", os.O_EXCL,
		"O_TRUNC", os.O_TRUNC, "O_APPEND", os.O_APPEND, "O_SYNC", os.O_SYNC, "S_IFMT", kindMask, "S_IFREG", isFile, "S_IFDIR", isDir, "S_IFCHR", isChar,
		"S_IFBLK", isBlock, "S_IFIFO", isFIFO, "S_IFLNK", isLink, "S_IFSOCK", isSocket, "S_IRWXU", 0o700, "S_IRUSR", 0o400, "S_IWUSR", 0o200, "S_IXUSR", 0o100,
		"S_IRWXG", 0o70, "S_IRGRP", 0o40, "S_IWGRP", 0o20, "S_IXGRP", 0o10, "S_IRWXO", 7, "S_IROTH", 4, "S_IWOTH", 2, "S_IXOTH", 1,
		"UV_DIRENT_UNKNOWN", 0, "UV_DIRENT_FILE", 1, "UV_DIRENT_DIR", 2, "UV_DIRENT_LINK", 3, "UV_DIRENT_FIFO", 4, "UV_DIRENT_SOCKET", 5, "UV_DIRENT_CHAR", 6, "UV_DIRENT_BLOCK", 7)
	_ = o.Set("constants", c)
	for _, name := range []string{"F_OK", "R_OK", "W_OK", "X_OK"} {
		_ = o.Set(name, c.Get(name))
	}
	for name, n := range map[string]uint32{"DT_UNKNOWN": 0, "DT_FIFO": isFIFO, "DT_CHR": isChar, "DT_DIR": isDir, "DT_BLK": isBlock, "DT_REG": isFile, "DT_LNK": isLink, "DT_SOCK": isSocket} {
		_ = o.Set(name, n>>12)
	}
	for name, n := range map[string]int{"SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2} {
		_ = o.Set(name, n)
	}
	return c
}

// given reports whether a value was given.
func given(v goja.Value) bool { return engine.Given(v) }
