package fs

import (
	"crypto/rand"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dop251/goja"

	"dunlin/jsre/nodeerr"
)

// mkdir is mkdir(path[, options]): recursive gives the first folder that was made.
func (f *files) mkdir(a call) (any, *systemError) {
	p := a.path(0, "path")
	mode, recursive := a.value(1), false
	if o, ok := a.value(1).(*goja.Object); ok {
		mode, recursive = f.field(o, "mode"), f.flag(o, "recursive")
	}
	perm := f.mode(mode, "mode", 0o777)
	abs := f.reach(p, true, true)
	if !recursive {
		return nil, failed(os.Mkdir(abs, perm), "mkdir", p)
	}
	if st, err := os.Stat(abs); err == nil && !st.IsDir() {
		return nil, failed(os.ErrExist, "mkdir", p)
	}
	first := ""
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		first = at
	}
	if err := os.MkdirAll(abs, perm); err != nil {
		return nil, failed(err, "mkdir", p)
	}
	if first == "" {
		return nil, nil
	}
	return f.asGiven(p, abs, first), nil
}

// asGiven is a path under abs, or above it, written as the script has written p.
func (f *files) asGiven(p, abs, path string) string {
	if filepath.IsAbs(p) {
		return path
	}
	if rel, err := filepath.Rel(f.vm.Options().Dir, path); err == nil && abs != p {
		return rel
	}
	return path
}

// random is six letters and digits.
func random() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	out := make([]byte, 6)
	for i := range out {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err)
		}
		out[i] = letters[n.Int64()]
	}
	return string(out)
}

// mkdtemp is mkdtemp(prefix): a new folder whose name begins so.
func (f *files) mkdtemp(a call) (any, *systemError) {
	prefix := a.path(0, "prefix")
	for range 100 {
		p := prefix + random()
		err := os.Mkdir(f.reach(p, true, true), 0o700)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, failed(err, "mkdtemp", prefix+"XXXXXX")
		}
	}
	return nil, failed(os.ErrExist, "mkdtemp", prefix+"XXXXXX")
}

// readdir is readdir(path[, options]).
func (f *files) readdir(a call) (any, *systemError) {
	p := a.path(0, "path")
	options := a.options(1)
	typed, recursive := f.field(options, "withFileTypes").ToBoolean(), f.field(options, "recursive").ToBoolean()
	asBuffer := f.field(options, "encoding")
	out := []any{}
	wrong := f.list(p, recursive, func(folder string, e os.DirEntry) {
		name := e.Name()
		var v any = name
		if goja.IsString(asBuffer) && asBuffer.String() == "buffer" {
			v = f.vm.NewBuffer([]byte(name))
		}
		switch {
		case typed:
			v = f.newDirent(v, folder, e)
		case folder != p:
			if rel, err := filepath.Rel(p, filepath.Join(folder, name)); err == nil {
				v = rel
			}
		}
		out = append(out, v)
	})
	if wrong != nil {
		return nil, wrong
	}
	return f.rt.NewArray(out...), nil
}

// list gives the entries of a folder, with recursive those of the folders in it, too: one level after
// the other.
func (f *files) list(p string, recursive bool, each func(folder string, e os.DirEntry)) *systemError {
	for folders := []string{p}; len(folders) > 0; folders = folders[1:] {
		entries, err := os.ReadDir(f.reach(folders[0], false, true))
		if err != nil {
			return failed(err, "scandir", p)
		}
		for _, e := range entries {
			each(folders[0], e)
			if recursive && e.IsDir() {
				folders = append(folders, filepath.Join(folders[0], e.Name()))
			}
		}
		f.vm.CheckStop()
	}
	return nil
}

func (f *files) newDirent(name any, folder string, e os.DirEntry) *goja.Object {
	o := f.rt.CreateObject(f.classes.direntProto)
	_ = o.Set("name", name)
	_ = o.Set("parentPath", folder)
	_ = o.Set("path", folder)
	_ = o.DefineDataPropertySymbol(f.classes.kind, f.rt.ToValue(kind(e.Type())>>12), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	return o
}

// rmdir is rmdir(path[, options]).
func (f *files) rmdir(a call) (any, *systemError) {
	p := a.path(0, "path")
	if o, ok := a.value(1).(*goja.Object); ok && f.flag(o, "recursive") {
		return nil, failed(os.RemoveAll(f.reach(p, true, false)), "rmdir", p)
	}
	return nil, failed(f.removeFolder(f.reach(p, true, false)), "rmdir", p)
}

// removeFolder removes an empty folder, and nothing else.
func (f *files) removeFolder(abs string) error {
	st, err := os.Lstat(abs)
	switch {
	case err != nil:
		return err
	case !st.IsDir():
		return syscall.ENOTDIR
	}
	return os.Remove(abs)
}

func (f *files) unlink(a call) (any, *systemError) {
	p := a.path(0, "path")
	return nil, failed(f.removeFile(f.reach(p, true, false)), "unlink", p)
}

// removeFile removes a file, and no folder.
func (f *files) removeFile(abs string) error {
	st, err := os.Lstat(abs)
	switch {
	case err != nil:
		return err
	case st.IsDir():
		return syscall.EISDIR
	}
	return os.Remove(abs)
}

// rm is rm(path[, options]).
func (f *files) rm(a call) (any, *systemError) {
	p := a.path(0, "path")
	o := a.options(1)
	force, recursive := f.flag(o, "force"), f.flag(o, "recursive")
	abs := f.reach(p, true, false)
	st, err := os.Lstat(abs)
	switch {
	case errors.Is(err, os.ErrNotExist) && force:
		return nil, nil
	case err != nil:
		return nil, failed(err, "lstat", p)
	case st.IsDir() && !recursive:
		panic(f.vm.NewError("Error", "ERR_FS_EISDIR", "Path is a directory: rm returned EISDIR (is a directory) "+p, "name", "SystemError", "errno", 21, "syscall", "rm", "path", p))
	}
	return nil, failed(os.RemoveAll(abs), "rm", p)
}

func (f *files) rename(a call) (any, *systemError) {
	from, to := a.path(0, "oldPath"), a.path(1, "newPath")
	return nil, failed(os.Rename(f.reach(from, true, false), f.reach(to, true, false)), "rename", from, to)
}

// cp is cp(src, dest[, options]).
func (f *files) cp(a call) (any, *systemError) {
	src, dest := a.path(0, "src"), a.path(1, "dest")
	o := a.options(2)
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if v := f.field(o, "force"); !goja.IsUndefined(v) && !v.ToBoolean() {
		flags |= os.O_EXCL
	}
	st, err := os.Stat(f.reach(src, false, true))
	switch {
	case err != nil:
		return nil, failed(err, "lstat", src)
	case st.IsDir() && !f.flag(o, "recursive"):
		panic(f.vm.NewError("Error", "ERR_FS_EISDIR", "Path is a directory: cp returned EISDIR ("+src+" is a directory (not copied)) "+src, "name", "SystemError", "errno", 21, "syscall", "cp", "path", src))
	case st.IsDir() && inside(f.reach(src, false, true), f.reach(dest, true, true)):
		panic(f.vm.NewError("Error", "ERR_FS_CP_EINVAL", "Invalid src or dest: cp returned EINVAL (cannot copy "+src+" to a subdirectory of self "+dest+") "+dest, "name", "SystemError", "errno", 22, "syscall", "cp", "path", dest))
	}
	skip := flags&os.O_EXCL != 0 && !f.flag(o, "errorOnExist")
	return nil, f.copyTree(src, dest, flags, skip)
}

// inside reports whether a path is a folder or something in it.
func inside(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// copyTree copies a file or a folder with all that is in it. With skip it leaves alone what is there
// already.
func (f *files) copyTree(src, dest string, flags int, skip bool) *systemError {
	f.vm.CheckStop()
	st, err := os.Stat(f.reach(src, false, true))
	if err != nil {
		return failed(err, "cp", src, dest)
	}
	if !st.IsDir() {
		if _, err := os.Lstat(f.reach(dest, true, true)); err == nil && skip {
			return nil
		}
		return f.duplicate(src, dest, flags)
	}
	if err := os.MkdirAll(f.reach(dest, true, true), st.Mode().Perm()); err != nil {
		return failed(err, "cp", src, dest)
	}
	entries, err := os.ReadDir(f.reach(src, false, true))
	if err != nil {
		return failed(err, "cp", src, dest)
	}
	for _, e := range entries {
		if wrong := f.copyTree(filepath.Join(src, e.Name()), filepath.Join(dest, e.Name()), flags, skip); wrong != nil {
			return wrong
		}
	}
	return nil
}

func (f *files) link(a call) (any, *systemError) {
	from, to := a.path(0, "existingPath"), a.path(1, "newPath")
	f.reach(from, true, true) // who may write a link may write the file
	return nil, failed(os.Link(f.reach(from, false, false), f.reach(to, true, false)), "link", from, to)
}

func (f *files) symlink(a call) (any, *systemError) {
	target, p := a.path(0, "target"), a.path(1, "path")
	return nil, failed(os.Symlink(target, f.reach(p, true, false)), "symlink", target, p)
}

func (f *files) readlink(a call) (any, *systemError) {
	p := a.path(0, "path")
	encoding := f.encoding(a.options(1))
	target, err := os.Readlink(f.reach(p, false, false))
	if err != nil {
		return nil, failed(err, "readlink", p)
	}
	if encoding != nil {
		return f.decode([]byte(target), encoding), nil
	}
	return target, nil
}

func (f *files) realpath(a call) (any, *systemError) {
	p := a.path(0, "path")
	abs := f.reach(p, false, true)
	target, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, failed(err, "lstat", abs)
	}
	return target, nil
}

// needText is argument i, which must be a string.
func (a call) needText(i int, name string) string { return nodeerr.String(a.f.vm, name, a.value(i)) }
